import { type Command, InvalidArgumentError, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type {
  AskSettings,
  BenchConfigurationInput,
  ParserName,
  ResumeChanges,
  Shard,
} from '../../../jobs/bench/index.ts';
import { DEFAULT_RUNS_DIR, findRun } from '../../../kit/runs/index.ts';
import { followBench, resumeBenchWork } from '../bench-work.ts';
import { parseGate } from '../gate.ts';
import type { CliIo } from '../io.ts';
import { addExamples, gateOption, numberIn, wholeNumber } from '../options.ts';

/** How to ask, without what decides the answers: may be other than it was when a run is gone on with. */
interface PaceOptions {
  readonly concurrency?: AskSettings['concurrency'];
  readonly budgetTokens?: number;
  readonly budgetDollars?: number;
  readonly price?: NonNullable<AskSettings['price']>;
  readonly timeout?: number;
  readonly attempts?: number;
}

interface OutputOptions {
  readonly json?: boolean;
  readonly runsDir: string;
  readonly parser?: ParserName;
  readonly failOn: readonly string[];
}

interface RunOptions extends PaceOptions, OutputOptions {
  readonly from: string;
  readonly model?: string;
  readonly setting?: AskSettings['setting'];
  readonly rotations?: AskSettings['rotations'];
  readonly repeats?: number;
  readonly shard?: Shard;
  readonly temperature?: number | null;
  readonly maxOutputTokens?: number;
  readonly seed?: number;
  readonly system?: string;
  readonly logProbabilities?: number;
  readonly imageLayout?: AskSettings['imageLayout'];
  readonly maxSide?: number;
  readonly lint: boolean;
  readonly control: boolean;
  readonly name?: string;
}

interface ResumeOptions extends PaceOptions, OutputOptions {
  readonly retryErrors?: boolean;
}

function parseShardOption(text: string): Shard {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { index: Number(index), of: Number(of) };
  if (!(shard.index >= 1 && shard.index <= shard.of))
    throw new InvalidArgumentError('expected i/n with i from 1 to n.');
  return shard;
}

function parsePrice(text: string): NonNullable<AskSettings['price']> {
  const [input, output, extra] = text.split(',').map(part => (part.trim() === '' ? Number.NaN : Number(part)));
  const isPrice = (value: number | undefined): value is number => value !== undefined && value >= 0;
  if (!isPrice(input) || !isPrice(output) || extra !== undefined)
    throw new InvalidArgumentError('expected IN,OUT in dollars for a million tokens, such as 2.5,10.');
  return { inputPerMillion: input, outputPerMillion: output };
}

function paceOf(options: PaceOptions): ResumeChanges {
  const { concurrency, budgetTokens, budgetDollars, price, timeout, attempts } = options;
  return {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(budgetTokens === undefined ? {} : { maxTokens: budgetTokens }),
    ...(budgetDollars === undefined ? {} : { maxDollars: budgetDollars }),
    ...(price === undefined ? {} : { price }),
    ...(timeout === undefined ? {} : { timeoutMs: Math.round(timeout * 1000) }),
    ...(attempts === undefined ? {} : { attempts }),
  };
}

function configurationOf(options: RunOptions): BenchConfigurationInput {
  const { from, model, setting, rotations, repeats, shard, temperature, maxOutputTokens, seed, system, lint } = options;
  const { logProbabilities, imageLayout, maxSide, control } = options;
  if (options.budgetDollars !== undefined && options.price === undefined)
    throw new BiolensError(
      'usage',
      '--budget-dollars wants --price beside it: providers do not tell what a reply cost',
    );
  return {
    from,
    lint,
    control,
    ...paceOf(options),
    ...(model === undefined ? {} : { model }),
    ...(setting === undefined ? {} : { setting }),
    ...(rotations === undefined ? {} : { rotations }),
    ...(repeats === undefined ? {} : { repeats }),
    ...(shard === undefined ? {} : { shard }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(system === undefined ? {} : { system }),
    ...(logProbabilities === undefined ? {} : { alternatives: logProbabilities }),
    ...(imageLayout === undefined ? {} : { imageLayout }),
    ...(maxSide === undefined ? {} : { imageRule: { maxSide } }),
  };
}

function workOptionsOf({ json = false, parser = 'strict', failOn }: OutputOptions) {
  return { json, parser, gates: failOn.map(parseGate) };
}

async function run(options: RunOptions, io: CliIo): Promise<void> {
  const output = workOptionsOf(options);
  const configuration = configurationOf(options);
  const { runsDir, name } = options;
  const { benchRun } = await import('../../../jobs/bench/index.ts');
  await followBench(signal => benchRun(configuration, { runsDir, name, signal, environment: io.env }), io, output);
}

async function resume(id: string, options: ResumeOptions, io: CliIo): Promise<void> {
  const output = workOptionsOf(options);
  const { path } = await findRun(id, options.runsDir);
  const changes = { ...paceOf(options), ...(options.retryErrors ? { retryErrors: true } : {}) };
  await resumeBenchWork(path, io, { ...output, changes });
}

function addPaceOptions(command: Command, { kept }: { readonly kept: boolean }): Command {
  const or = (text: string): string => (kept ? 'as before' : text);
  const number = wholeNumber(1, 1024);
  return command
    .option(
      '--concurrency <n>',
      `requests at a time, or auto: as many as the endpoint takes well (default: ${or('auto')})`,
      text => (text === 'auto' ? 'auto' : number(text)),
    )
    .option('--budget-tokens <n>', 'end, resumably, before so many tokens are used, in and out', wholeNumber(1))
    .option('--budget-dollars <n>', 'end, resumably, before so many US dollars are spent', numberIn(1e-6, 1e9))
    .option('--price <in,out>', 'US dollars for a million tokens in and out, such as 2.5,10', parsePrice)
    .option('--timeout <s>', `longest wait for a reply, in seconds (default: ${or('180')})`, numberIn(0.001, 86_400))
    .option(
      '--attempts <n>',
      `requests after which a question is an error (default: ${or('6')})`,
      wholeNumber(1, 1000),
    );
}

function addOutputOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--parser <name>', 'whose score --json prints and --fail-on is about')
        .choices(['strict', 'official'])
        .default('strict'),
    )
    .addOption(gateOption('overall<0.5'))
    .option('--runs-dir <dir>', 'where the runs are', DEFAULT_RUNS_DIR)
    .option('--json', 'print the score as JSON on standard output');
}

function addAskOptions(command: Command): Command {
  return command
    .requiredOption('--from <dir>', 'the benchmark: a FaceXBench folder, Parquet files, or JSONL')
    .option(
      '--model <model>',
      'specialist, random, frequent, openai-compatible:URL#MODEL, ollama:MODEL, openai:MODEL, google:MODEL or anthropic:MODEL (default: specialist)',
    )
    .addOption(
      new Option('--setting <setting>', 'what the model gets besides the question (default: zero-shot)').choices([
        'zero-shot',
        'in-context',
        'chain-of-thought',
        'tools',
      ]),
    )
    .addOption(
      new Option('--rotations [which]', 'ask every question in each rotation of its options (circular evaluation)')
        .choices(['all', 'none'])
        .preset('all'),
    )
    .option('--repeats <n>', 'how often the same is asked (default: 1)', wholeNumber(1, 1000))
    .option('--shard <i/n>', 'ask the i-th of n parts only; biolens bench merge joins them', parseShardOption)
    .option('--temperature <t>', '0 to 2, or "server" to leave it to the server (default: 0)', text =>
      text === 'server' ? null : numberIn(0, 2)(text),
    )
    .option('--max-output-tokens <n>', 'longest reply (default: 1024)', wholeNumber(1))
    .option('--seed <n>', 'the r-th repeat is asked with seed + r (default: 0)', wholeNumber(0))
    .option('--system <text>', 'system prompt (default: none, as in the official procedure)')
    .option(
      '--log-probabilities <n>',
      'alternatives a token to ask log-probabilities of, where the server gives them (default: 0)',
      wholeNumber(0, 20),
    )
    .addOption(
      new Option(
        '--image-layout <layout>',
        'first: pictures, then the text; labelled: "Image 1:" before each (default: first)',
      ).choices(['first', 'labelled']),
    )
    .option('--max-side <pixels>', 'larger pictures are made smaller (default: 1568)', wholeNumber(16))
    .option('--no-control', 'with --setting tools: do not ask every question without tools as well')
    .option('--no-lint', 'do not look for defects in the questions: no score without the flagged ones')
    .option('--name <name>', "end of the run's name (default: model and setting)");
}

/** `biolens bench run` and `biolens bench resume` */
export function registerBenchRun(bench: Command, io: CliIo): void {
  const runCommand = bench.command('run').description('put a benchmark to a model and score the replies');
  addExamples(
    addOutputOptions(addPaceOptions(addAskOptions(runCommand), { kept: false })),
    'biolens bench run --from facexbench',
    'biolens bench run --from facexbench --model ollama:llava --setting in-context',
    "biolens bench run --from facexbench --model openai:gpt-4o --price 2.5,10 --budget-dollars 5 --json --fail-on 'overall<0.5'",
  ).action((options: RunOptions) => run(options, io));

  const resumeCommand = bench
    .command('resume <run>')
    .description('go on with a bench run that was interrupted or used up its budget, at another pace or budget')
    .option('--retry-errors', 'ask again what was recorded as an error');
  addExamples(
    addOutputOptions(addPaceOptions(resumeCommand, { kept: true })),
    'biolens bench resume latest --concurrency 8',
  ).action((id: string, options: ResumeOptions) => resume(id, options, io));
}
