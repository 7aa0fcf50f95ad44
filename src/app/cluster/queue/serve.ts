import { setTimeout as sleep } from 'node:timers/promises';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { fillShard, findMissingShards, openShardPlan, type RecordedPlan } from '../../../kit/job/index.ts';
import { openRun } from '../../../kit/runs/index.ts';
import { QueueStore } from './store.ts';

const POLL_MS = 1000;

/** How far the workers of a queue are with a run. */
export interface QueueProgress {
  readonly items: number;
  readonly total: number;
  readonly shards: number;
  readonly made: number;
}

/**
 * Puts the shards of a planned run that are yet to be made into a queue, and brings what workers make of them into the run's folder, until
 * no shard is missing. Stopped at any time, it goes on where it was.
 *
 * @param path the run's folder
 * @throws {BiolensError} `usage` for a run without a plan; `external` naming the shards that were given up, and why
 */
export async function* serveRun(
  store: QueueStore,
  path: string,
  { signal }: { readonly signal: AbortSignal },
): AsyncGenerator<QueueProgress> {
  const { record, plan } = await openShardPlan(path);
  const missing = await findMissingShards(path);
  if (missing.length === 0) return;
  // Nobody else serves or resumes it meanwhile, and whoever looks at it sees that it is worked on.
  const opened = await openRun(path);
  try {
    yield* bringShards(store, { path, record, plan, missing, signal });
  } finally {
    await opened.interrupt();
  }
}

async function* bringShards(
  store: QueueStore,
  {
    path,
    record,
    plan,
    signal,
    ...from
  }: RecordedPlan & { readonly path: string; readonly missing: readonly number[]; readonly signal: AbortSignal },
): AsyncGenerator<QueueProgress> {
  const run = QueueStore.keyOf(record, plan);
  const shards = plan.shards.length;
  let { missing } = from;
  const before = await store.state(run);
  await store.publish(
    record,
    plan,
    missing.filter(shard => !before.done.includes(shard)),
  );
  for (;;) {
    throwIfAborted(signal);
    const { items, done, failed } = await store.state(run);
    for (const shard of missing.filter(one => done.includes(one))) {
      const task = { run, shard };
      await fillShard(path, shard, { items: store.items(task), artifacts: store.artifacts(task), isDone: true });
    }
    missing = missing.filter(shard => !done.includes(shard));
    yield { items, total: plan.items, shards, made: shards - missing.length };
    if (missing.length === 0) return;
    const [first] = failed;
    if (first !== undefined && failed.length === missing.length)
      throw new BiolensError(
        'external',
        `${record.id}: ${failed.length} of ${shards} shards were given up, shard ${first.shard} because ${first.reason}`,
      );
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Takes a run and what was made of it out of a queue. */
export async function forgetRun(store: QueueStore, path: string): Promise<void> {
  const { record, plan } = await openShardPlan(path);
  await store.forget(QueueStore.keyOf(record, plan));
}
