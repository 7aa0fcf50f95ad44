import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { RunRecord } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import {
  carryOut,
  DEFAULT_RUNS_DIR,
  dealShards,
  digestConfiguration,
  digestKeys,
  isShardDone,
  missingShards,
  NO_ITEM,
  openShardRun,
  type RunStarted,
  readRunRecord,
  readShardPlan,
  refuseDone,
  type ShardPlan,
  ShareOver,
  shardFolder,
  shareOf,
  writeShardPlan,
} from '../runs/index.ts';
import { checkWritable } from './check-writable.ts';
import type { Job } from './declaration.ts';
import {
  type ContextOptions,
  contextOf,
  createJobRun,
  type EventOf,
  openJob,
  recordedConfiguration,
} from './open-job.ts';
import { parseConfiguration } from './parse-configuration.ts';

/** A run that several processes can make the items of. */
export interface PlannedRun {
  readonly id: string;
  readonly path: string;
  readonly plan: ShardPlan;
}

/** Items that are written with one wait for the disk. */
const AT_ONCE = 256;

export interface RecordedPlan {
  readonly record: RunRecord;
  readonly plan: ShardPlan;
}

/** What a process has made of a run. */
export const shardReportSchema = z.object({
  schema: z.literal('biolens/shard@1'),
  run: z.string(),
  /** From 0. */
  shard: z.number().int().nonnegative(),
  items: z.number().int().nonnegative(),
});
export type ShardReport = z.infer<typeof shardReportSchema>;

export type ShardEvent<E> = RunStarted | E;

/** Lets a job work until it has made its share. */
async function* untilShareOver<E>(work: AsyncGenerator<E, unknown>): AsyncGenerator<E, readonly string[]> {
  try {
    yield* work;
  } catch (error) {
    if (error instanceof ShareOver) return error.keys;
    throw error;
  }
  throw new BiolensError('usage', 'with these settings there are no items to share out: run it as it is');
}

/**
 * Makes the run of a job and the plan of its shards, and none of its items. Its workers do the items, each by {@link workShard}; whoever
 * resumes the run afterwards finds them made, and makes the report.
 *
 * @param shards how many; fewer where there are fewer items
 * @throws {BiolensError} what starting the job would throw before its first item; `usage` for a job without items to share out
 */
export async function* planShards<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  input: z.input<C>,
  {
    shards,
    ...options
  }: ContextOptions & { readonly shards: number; readonly runsDir?: string; readonly name?: string | undefined },
): AsyncGenerator<ShardEvent<E>, PlannedRun> {
  const configuration = parseConfiguration(job, input);
  await checkWritable(options.runsDir ?? DEFAULT_RUNS_DIR);
  await using opened = yield* openJob(job, configuration, contextOf(options, null));
  const run = await createJobRun(job, opened.configuration, { ...options, share: NO_ITEM });
  try {
    const keys = yield* untilShareOver(opened.work(run));
    if (keys.length === 0) throw new BiolensError('input', 'there are no items to share out');
    const plan: ShardPlan = {
      schema: 'biolens/shard-plan@1',
      run: run.id,
      configuration: digestConfiguration(run.record),
      items: keys.length,
      digest: digestKeys(keys),
      shards: dealShards(keys.length, shards),
    };
    await writeShardPlan(run, plan);
    await run.interrupt();
    return { id: run.id, path: run.path, plan };
  } catch (error) {
    // A run that was to be planned and could not be leaves no folder behind.
    await run.interrupt().catch(() => undefined);
    await rm(run.path, { recursive: true, force: true });
    throw error;
  }
}

/** The record of a run and the plan of its shards. @throws {BiolensError} `usage` for a run without a plan */
export async function openShardPlan(path: string): Promise<RecordedPlan> {
  const record = await readRunRecord(path);
  const plan = await readShardPlan(path, record);
  if (plan === null) throw new BiolensError('usage', `${path}: this run has no plan of shards; --plan N makes one`);
  return { record, plan };
}

/**
 * The shards of a run that are yet to be made, from 0; none when the run is done.
 *
 * @throws {BiolensError} `usage` for a run without a plan
 */
export async function findMissingShards(path: string): Promise<number[]> {
  const { record, plan } = await openShardPlan(path);
  return record.status === 'done' ? [] : await missingShards(path, plan);
}

/** A shard of a planned run: the report of it, and whether it is made. */
async function findShard(job: Pick<Job, 'kind'>, path: string, index: number) {
  const { record, plan } = await openShardPlan(path);
  if (record.kind !== job.kind)
    throw new BiolensError('usage', `${path}: expected a run of ${job.kind}, got a run of ${record.kind}`);
  if (index >= plan.shards.length)
    throw new BiolensError('usage', `"shard" expected 0 to ${plan.shards.length - 1}, got ${index}`);
  const items = (plan.shards[index + 1] ?? plan.items) - plan.shards[index]!;
  const report: ShardReport = { schema: 'biolens/shard@1', run: record.id, shard: index, items };
  return { record, plan, report, isDone: record.status === 'done' || (await isShardDone(path, index, plan)) };
}

/** A job that was opened to make shards of one run, one after another. After an error it is closed and not used again. */
export interface ShardMaker<E> extends AsyncDisposable {
  /** Makes the items of a shard; see {@link workShard}. */
  make(index: number): AsyncGenerator<ShardEvent<E>, ShardReport>;
}

/**
 * Opens the job of a planned run, its models too, to make shards of it.
 *
 * @param path the run's folder
 * @throws {BiolensError} `usage` for a run without a plan or of another job; otherwise as opening the job
 */
export async function* openShards<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  path: string,
  options: ContextOptions,
): AsyncGenerator<ShardEvent<E>, ShardMaker<E>> {
  const { record } = await findShard(job, path, 0);
  const opened = yield* openJob(job, recordedConfiguration(job, record, {}), contextOf(options, record));
  return {
    async *make(index) {
      const { plan, report, isDone } = await findShard(job, path, index);
      if (isDone) return report;
      const run = await openShardRun(shardFolder(path, index), { of: record, share: shareOf(plan, index) });
      return yield* carryOut(run, async function* () {
        yield* untilShareOver(opened.work(run));
        return report;
      });
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/**
 * Makes the items of one shard of a planned run, from where a worker before may have left it. Doing a shard again changes nothing.
 *
 * @param path the run's folder
 * @param index of the shard, from 0
 * @throws {BiolensError} `usage` for a shard that the plan has not, or that another process works on; `input` where the inputs are not those
 *   that were planned; otherwise as the job's work
 */
export async function* workShard<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  path: string,
  { shard, ...options }: ContextOptions & { readonly shard: number },
): AsyncGenerator<ShardEvent<E>, ShardReport> {
  const { report, isDone } = await findShard(job, path, shard);
  if (isDone) return report;
  await using maker = yield* openShards(job, path, options);
  return yield* maker.make(shard);
}

/** What was made of a shard elsewhere. */
export interface MadeElsewhere {
  readonly items: AsyncIterable<unknown>;
  /** Files beside the items; names that lead out of the shard are refused. */
  readonly artifacts?: AsyncIterable<{ readonly name: string; readonly content: Uint8Array }>;
  /** Whether it is all of the shard; otherwise a worker goes on from there. */
  readonly isDone: boolean;
}

/**
 * Puts into the folder of a shard what was made of it elsewhere.
 *
 * @returns how many items
 * @throws {BiolensError} `usage` for a shard that is done or that a process works on
 */
export async function fillShard(
  path: string,
  index: number,
  { items, artifacts, isDone }: MadeElsewhere,
): Promise<number> {
  const { record, plan } = await openShardPlan(path);
  const run = await openShardRun(shardFolder(path, index), { of: record, share: shareOf(plan, index) });
  let count = 0;
  try {
    let batch: unknown[] = [];
    for await (const item of items) {
      count++;
      if (batch.push(item) < AT_ONCE) continue;
      await run.appendAll(batch);
      batch = [];
    }
    await run.appendAll(batch);
    for await (const { name, content } of artifacts ?? []) await run.writeArtifact(name, content);
  } catch (error) {
    await run.interrupt();
    throw error;
  }
  const report: ShardReport = { schema: 'biolens/shard@1', run: record.id, shard: index, items: count };
  await (isDone ? run.complete(report) : run.interrupt());
  return count;
}

/**
 * Says that every shard of a run is made.
 *
 * @throws {BiolensError} `usage` naming those that are not; `usage` for a run that is done or has no plan
 */
export async function checkShards(path: string): Promise<void> {
  const { record, plan } = await openShardPlan(path);
  refuseDone(record, path);
  const missing = await missingShards(path, plan);
  if (missing.length === 0) return;
  throw new BiolensError(
    'usage',
    `${path}: ${missing.length} of ${plan.shards.length} shards are missing: ${rangesOf(missing)}`,
    { details: { missing } },
  );
}

/** Rising numbers as schedulers write them: `0,3-5`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const number of numbers) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
