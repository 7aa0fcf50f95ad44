import { type Command, Option } from 'commander';
import { BUILD_DEFAULTS, type TaskCode } from '../../../ground/contracts/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { describeBuild, describeLayouts } from '../describe-build.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, collect, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface BuildVerbOptions {
  readonly from: readonly string[];
  readonly output: string;
  readonly tasks?: readonly TaskCode[];
  readonly perTask: number;
  readonly seed: number;
  readonly layout?: string;
  readonly masks?: string;
  readonly format: 'jsonl' | 'official';
  readonly copy: boolean;
  readonly json?: boolean;
}

async function build(options: BuildVerbOptions, io: CliIo): Promise<void> {
  const { buildBenchmark } = await import('../../../jobs/bench/index.ts');
  const { from, output: to, tasks, perTask, seed, layout, masks, format, copy } = options;
  const result = await work(io, async ({ signal, progress }) => {
    const events = buildBenchmark({ from, to, tasks, perTask, seed, layout, masks, format, copy, signal });
    for await (const event of events) {
      if (event.type === 'result') return event.result;
      if (event.type === 'progress') progress.update({ stage: 'making questions', ...event });
      else progress.note(`${printable(event.directory)}: ${event.images} images, read as ${event.adapter}`);
    }
    return null;
  });
  if (result === null) return;
  if (options.json) printJson(io, result);
  else io.out(describeBuild(result));
}

async function layouts({ json }: { readonly json?: boolean }, io: CliIo): Promise<void> {
  const { ADAPTERS } = await import('../../../jobs/bench/index.ts');
  const known = ADAPTERS.map(({ name, dataset, layout }) => ({ name, dataset, layout }));
  if (json) printJson(io, { schema: 'biolens/bench-layouts@1', layouts: known });
  else io.out(describeLayouts(known));
}

/** As `collect`, for an option without a default. */
const append = (value: string, before: readonly string[] = []): readonly string[] => collect(value, before);

const splitList = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...text.split(',').map(part => part.trim()),
];

/** `biolens bench build` and `biolens bench layouts` */
export function registerBenchBuild(program: Command, io: CliIo): void {
  const bench = groupOf(program, 'bench');
  addExamples(
    bench
      .command('build')
      .description('make a benchmark of your own labelled images: any of the 14 tasks that their labels allow')
      .requiredOption('--from <dir>', 'a folder of labelled images; may be repeated', append)
      .requiredOption('-o, --output <dir>', 'new folder for the benchmark')
      .option('--tasks <codes>', 'of these tasks only, such as gender,hr_fr; may be repeated (default: all)', splitList)
      .option('--per-task <n>', 'questions of each task', wholeNumber(1), BUILD_DEFAULTS.perTask)
      .option('--seed <n>', 'start of every random choice', wholeNumber(0), BUILD_DEFAULTS.seed)
      .option('--layout <name>', 'how the folders are laid out: "biolens bench layouts" lists them (default: detected)')
      .option('--masks <dir>', 'folder of region masks for drawn and own images (default: DIR-masks where it is there)')
      .addOption(
        new Option('--format <format>', 'jsonl with the origin of every image, or the layout of the FaceXBench release')
          .choices(['jsonl', 'official'])
          .default(BUILD_DEFAULTS.format),
      )
      .option('--no-copy', 'link to images that are shown as they are')
      .option('--json', 'print what was built as JSON on standard output'),
    'biolens faces render -n 300 --identities 75 --size 128 -o drawn --masks drawn-masks',
    'biolens bench build --from drawn -o quiz',
    'biolens bench run --from quiz',
  ).action((options: BuildVerbOptions) => build(options, io));

  addExamples(
    bench
      .command('layouts')
      .description('list the layouts of labelled images that bench build reads')
      .option('--json', 'print them as JSON on standard output'),
    'biolens bench layouts',
  ).action((options: { readonly json?: boolean }) => layouts(options, io));
}
