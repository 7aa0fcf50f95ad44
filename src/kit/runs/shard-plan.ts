import { existsSync } from 'node:fs';
import { cp, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunRecord } from '../../ground/contracts/run.ts';
import { fileError, readJsonFile } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { readItems } from './item-log.ts';
import { describeIssue } from './json.ts';
import { digestConfiguration, type Run, readRunRecord } from './run.ts';
import { digestKeys, type Share } from './share.ts';

/** A scheduler's array holds no more. */
export const MOST_SHARDS = 100_000;
const MOST_PLAN_BYTES = 2 ** 22;
const PLAN_FILE = 'plan.json';
const SHARDS_FOLDER = 'shards';
/** Items that are brought over between two waits for the disk. */
const AT_ONCE = 256;

/** `plan.json` of a run whose items are made by several processes. */
export const shardPlanSchema = z
  .object({
    schema: z.literal('biolens/shard-plan@1'),
    run: z.string(),
    /** SHA-256 of the job's kind and configuration. */
    configuration: z.string(),
    items: z.number().int().positive(),
    /** SHA-256 of the items' keys in their order. */
    digest: z.string(),
    /** The first item of each shard; it ends where the next one begins. */
    shards: z.array(z.number().int().nonnegative()).min(1).max(MOST_SHARDS),
  })
  .refine(
    ({ shards, items }) =>
      shards.every((first, i) => first < items && (i === 0 ? first === 0 : first > shards[i - 1]!)),
    {
      path: ['shards'],
      message: 'expected rising beginnings from 0',
    },
  );
export type ShardPlan = z.infer<typeof shardPlanSchema>;

/** Beginnings of shards of as equal a size as can be; no shard is empty. */
export function dealShards(items: number, shards: number): number[] {
  const count = Math.min(items, shards);
  return Array.from({ length: count }, (_, i) => Math.floor((i * items) / count));
}

/** Writes the plan of a run. */
export async function writeShardPlan(run: Run, plan: ShardPlan): Promise<void> {
  await run.write(PLAN_FILE, `${JSON.stringify(shardPlanSchema.parse(plan))}\n`);
}

/**
 * The plan of a run; null where its items were never dealt out.
 *
 * @throws BiolensError `input` naming the file that is no plan, or one of another configuration
 */
export async function readShardPlan(path: string, record: RunRecord): Promise<ShardPlan | null> {
  const file = join(path, PLAN_FILE);
  if (!existsSync(file)) return null;
  const parsed = shardPlanSchema.safeParse(await readJsonFile(file, { mostBytes: MOST_PLAN_BYTES }));
  if (!parsed.success) throw new BiolensError('input', `${file}: ${describeIssue(parsed.error)}`);
  if (parsed.data.configuration !== digestConfiguration(record))
    throw new BiolensError('input', `${file}: planned for another configuration than that of run.json`);
  return parsed.data;
}

/** @throws BiolensError `input` where the items are not those that were planned */
function checkKeys(keys: readonly string[], { items, digest }: ShardPlan): void {
  if (keys.length === items && digestKeys(keys) === digest) return;
  throw new BiolensError(
    'input',
    `the inputs are not those that were planned: ${keys.length} items now, ${items} then${keys.length === items ? ', of other names' : ''}`,
  );
}

/** The share of a shard of a plan. */
export function shareOf(plan: ShardPlan, index: number): Share {
  const [first, end] = [plan.shards[index] ?? 0, plan.shards[index + 1] ?? plan.items];
  return {
    take: keys => {
      checkKeys(keys, plan);
      return keys.slice(first, end);
    },
  };
}

/** Folder of a shard, counted from 0. */
export function shardFolder(path: string, index: number): string {
  return join(path, SHARDS_FOLDER, String(index).padStart(4, '0'));
}

/** Folder of all shards of a run. */
export const shardsFolder = (path: string): string => join(path, SHARDS_FOLDER);

/**
 * Whether a shard is done.
 *
 * @throws BiolensError `input` where what is there belongs to another configuration
 */
export async function isShardDone(path: string, index: number, plan: ShardPlan): Promise<boolean> {
  const folder = shardFolder(path, index);
  if (!existsSync(join(folder, 'run.json'))) return false;
  const record = await readRunRecord(folder);
  if (digestConfiguration(record) !== plan.configuration)
    throw new BiolensError('input', `${folder}: a shard of another configuration than that of run ${plan.run}`);
  return record.status === 'done';
}

/** Shards that are not done, counted from 0. */
export async function missingShards(path: string, plan: ShardPlan): Promise<number[]> {
  const missing: number[] = [];
  for (const index of plan.shards.keys()) if (!(await isShardDone(path, index, plan))) missing.push(index);
  return missing;
}

export interface AbsorbOptions<T> {
  readonly run: Pick<Run, 'path' | 'record' | 'appendAll'>;
  readonly schema: z.ZodType<T>;
  /** Keys of all items that are dealt out, in their order. */
  readonly keys: readonly string[];
  /** Takes an item, once for each that is not in the run yet; false for one that it has. */
  readonly wants: (item: T) => boolean;
}

/**
 * Brings what the shards of a run have made into the run: their items in the order of the shards, each once, and their artifacts. Shards
 * that are not done stay as they are.
 *
 * @throws BiolensError `input` where the inputs are no longer those that were planned, or a shard is damaged
 */
export async function absorbShards<T>({ run, schema, keys, wants }: AbsorbOptions<T>): Promise<void> {
  const plan = await readShardPlan(run.path, run.record);
  if (plan === null) return;
  checkKeys(keys, plan);
  for (const index of plan.shards.keys()) {
    if (!(await isShardDone(run.path, index, plan))) continue;
    const folder = shardFolder(run.path, index);
    await adoptArtifacts(folder, run.path);
    let batch: T[] = [];
    for await (const item of readItems(join(folder, 'items.jsonl'), schema)) {
      if (!wants(item)) continue;
      batch.push(item);
      if (batch.length < AT_ONCE) continue;
      await run.appendAll(batch);
      batch = [];
    }
    await run.appendAll(batch);
  }
}

/** Copies the artifacts of a shard to those of its run; links are no artifacts. */
async function adoptArtifacts(folder: string, path: string): Promise<void> {
  const from = join(folder, 'artifacts');
  if (!existsSync(from) || (await readdir(from)).length === 0) return;
  await cp(from, join(path, 'artifacts'), {
    recursive: true,
    force: true,
    verbatimSymlinks: true,
    filter: async source => !(await lstat(source)).isSymbolicLink(),
  }).catch(error => {
    throw fileError(join(path, 'artifacts'), error, 'write');
  });
}
