import type { Command } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type { FetchedBenchmark } from '../../../jobs/bench/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples, collect } from '../options.ts';
import { printJson, work } from '../work.ts';

interface FetchVerbOptions {
  readonly output: string;
  readonly only?: readonly string[];
  readonly mostGb: string;
  readonly json?: boolean;
}

const count = (n: number, what: string): string => `${n.toLocaleString('en-US')} ${what}`;

function describe({ folder, repository, commit, digest, format, ...found }: FetchedBenchmark): string {
  const { questions, leftOut, unreadable, missingImages, files, bytes } = found;
  const lines = [
    `${repository} at commit ${commit}: ${count(files, 'files')}, ${Number((bytes / 1e6).toPrecision(3))} MB in ${folder}`,
    `Digest: ${digest}`,
    `${count(questions, 'questions')}, read as ${format}`,
    ...Object.entries(leftOut).map(([kind, n]) => `left out: ${count(n, kind)}`),
    ...(unreadable.first === null
      ? []
      : [`cannot be read: ${count(unreadable.questions, 'questions')}, the first: ${unreadable.first}`]),
    ...(missingImages === 0 ? [] : [`not there: ${count(missingImages, 'images')} that questions name`]),
  ];
  return lines.map(line => `${printable(line)}\n`).join('');
}

async function fetchVerb(from: string, { output, only, mostGb, json }: FetchVerbOptions, io: CliIo): Promise<void> {
  const most = Number(mostGb) * 1e9;
  if (!(most > 0 && most <= 1e13))
    throw new BiolensError('usage', `--most-gb expected a number above 0, got "${mostGb}"`);
  const { fetchBenchmark } = await import('../../../jobs/bench/index.ts');
  const result = await work(io, async ({ signal, progress }) => {
    for await (const event of fetchBenchmark({ from, to: output, only, mostBytes: most, signal })) {
      if (event.type === 'result') return event.result;
      if (event.type === 'note') progress.note(printable(event.text));
      else progress.update({ stage: 'downloading, in bytes', done: event.done, total: event.total });
    }
    return null;
  });
  if (result === null) return;
  if (json) printJson(io, result);
  else io.out(describe(result));
}

/** `biolens bench fetch` */
export function registerBenchFetch(program: Command, io: CliIo): void {
  const append = (value: string, before: readonly string[] = []): readonly string[] => collect(value, before);
  addExamples(
    groupOf(program, 'bench')
      .command('fetch')
      .description('download a benchmark from the Hugging Face hub, and check that it can be read')
      .argument('<name>', 'hf:OWNER/NAME, or hf:OWNER/NAME@REVISION')
      .requiredOption('-o, --output <dir>', 'a new folder, or that of a download that was broken off')
      .option('--only <path>', 'take this folder or file of the data set alone; may be repeated', append)
      .option('--most-gb <n>', 'refuse a data set with more than so many gigabytes', '20')
      .option('--json', 'print the result as JSON on standard output'),
    'biolens bench fetch hf:OWNER/NAME -o bench',
    'biolens bench fetch hf:OWNER/NAME@v1.0 --only test --most-gb 5 -o bench',
  ).action((name: string, options: FetchVerbOptions) => fetchVerb(name, options, io));
}
