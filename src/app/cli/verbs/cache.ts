import { type Command, InvalidArgumentError } from 'commander';
import { DEFAULT_RUNS_DIR } from '../../../kit/runs/index.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples } from '../options.ts';
import { printJson } from '../work.ts';

interface CacheOptions {
  readonly json?: boolean;
  readonly runsDir: string;
}

interface PruneOptions extends CacheOptions {
  readonly olderThan: number;
}

const DAY_MS = 86_400_000;

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** `30d` or `12h` in milliseconds. */
function parseAge(text: string): number {
  const amount = Number(text.slice(0, -1));
  const unit = { d: DAY_MS, h: DAY_MS / 24 }[text.at(-1) ?? ''];
  if (unit === undefined || text.length < 2 || !(amount >= 0))
    throw new InvalidArgumentError(`expected an age such as 30d or 12h, got "${text}"`);
  return amount * unit;
}

function addCacheOptions(command: Command): Command {
  return command
    .option('--runs-dir <dir>', 'where the runs are, and the readings with them', DEFAULT_RUNS_DIR)
    .option('--json', 'print the result as JSON on standard output');
}

async function list({ runsDir, json }: CacheOptions, io: CliIo): Promise<void> {
  const { listCache } = await import('../../../kit/cache/index.ts');
  const entries = await listCache(runsDir);
  if (json) return printJson(io, { schema: 'biolens/cache@1', entries });
  if (entries.length === 0) return io.out('no readings are kept\n');
  const rows = entries.map(({ name, reader, bytes, usedAt }) => [
    name.slice(0, 8),
    `${reader.embedder ?? ''}, ${reader.classifier ?? ''}`,
    megabytes(bytes),
    new Date(usedAt).toISOString().slice(0, 16).replace('T', ' '),
  ]);
  const columns = [
    { title: 'readings' },
    { title: 'networks', maxWidth: 34 },
    { title: 'size' },
    { title: 'used (UTC)' },
  ];
  io.out(formatTable(columns, rows));
}

async function prune(options: CacheOptions & { readonly olderThanMs: number }, io: CliIo): Promise<void> {
  const { pruneCache } = await import('../../../kit/cache/index.ts');
  const removed = await pruneCache(options.runsDir, { olderThanMs: options.olderThanMs });
  if (options.json) return printJson(io, { schema: 'biolens/cache@1', removed });
  const bytes = removed.reduce((sum, entry) => sum + entry.bytes, 0);
  io.out(`${removed.length} removed, ${megabytes(bytes)}\n`);
}

/** `biolens cache …` */
export function registerCache(program: Command, io: CliIo): void {
  const cache = groupOf(program, 'cache');
  addExamples(
    addCacheOptions(
      cache.command('list').description('readings of images that are kept, by the networks that made them'),
    ),
    'biolens cache list',
  ).action((options: CacheOptions) => list(options, io));
  addExamples(
    addCacheOptions(cache.command('prune').description('remove readings that nothing was added to for so long')).option(
      '--older-than <age>',
      'such as 30d or 12h',
      parseAge,
      30 * DAY_MS,
    ),
    'biolens cache prune --older-than 7d',
  ).action(({ olderThan, ...options }: PruneOptions) => prune({ ...options, olderThanMs: olderThan }, io));
  addExamples(addCacheOptions(cache.command('clear').description('remove all readings')), 'biolens cache clear').action(
    (options: CacheOptions) => prune({ ...options, olderThanMs: 0 }, io),
  );
}
