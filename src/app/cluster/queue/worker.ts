import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../../ground/contracts/index.ts';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { fillShard, type Job, openShards, type ShardMaker } from '../../../kit/job/index.ts';
import { shardFolder, toJson } from '../../../kit/runs/index.ts';
import { type Artifact, HEARTBEAT_S, type QueueStore, ShardLost, type Taken } from './store.ts';

const NEWLINE = 10;
/** How long an empty queue is left alone. */
const POLL_MS = 1000;

/** What a worker says of its shards. */
export type WorkerEvent =
  | { readonly type: 'work'; readonly job: Job; readonly event: { readonly type: string } }
  | { readonly type: 'made'; readonly run: string; readonly shard: number; readonly items: number }
  | { readonly type: 'failed'; readonly run: string; readonly shard: number; readonly reason: string };

export interface WorkerOptions {
  /** The job of a run. @throws {BiolensError} for a run that this worker does not do */
  readonly jobOf: (record: RunRecord) => Job;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** Ends after so long without work; by default it waits for ever. */
  readonly idleMs?: number | undefined;
}

/** Reads the lines that are appended to a file, each once. */
class LineReader {
  readonly #path: string;
  #at = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async next(): Promise<string[]> {
    const handle = await open(this.#path).catch(() => null);
    if (handle === null) return [];
    try {
      const length = (await handle.stat()).size - this.#at;
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(Math.max(0, length)),
        0,
        Math.max(0, length),
        this.#at,
      );
      const end = buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
      this.#at += end;
      // Without the checksum in blanks, which the log of the run will write anew.
      return end === 0
        ? []
        : buffer
            .toString('utf8', 0, end - 1)
            .split('\n')
            .map(line => line.trimEnd());
    } finally {
      await handle.close();
    }
  }
}

async function artifactsOf(folder: string): Promise<Artifact[]> {
  const root = join(folder, 'artifacts');
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  return await Promise.all(
    files.map(async file => ({ name: relative(root, file).split(sep).join('/'), content: await readFile(file) })),
  );
}

/** The run whose shards come one after another: its models are opened once. */
interface OpenedRun {
  readonly run: string;
  readonly maker: ShardMaker<{ readonly type: string }>;
  /** Aborted when a shard is lost, and the run with it. */
  readonly lost: AbortController;
}

/** What a worker has at hand. */
interface AtHand {
  readonly scratch: string;
  opened: OpenedRun | null;
}

async function closeRun(atHand: AtHand): Promise<void> {
  const { opened } = atHand;
  atHand.opened = null;
  await opened?.maker[Symbol.asyncDispose]();
}

/**
 * Makes one shard in a folder of its own, which is filled with what workers before have made of it. Items go to the queue as they are made,
 * so that a worker that dies loses no more than the item at hand.
 */
async function* makeTaken(
  store: QueueStore,
  taken: Taken,
  { record, plan }: NonNullable<Awaited<ReturnType<QueueStore['runOf']>>>,
  { jobOf, environment, signal, atHand }: WorkerOptions & { readonly atHand: AtHand },
): AsyncGenerator<WorkerEvent, number> {
  const { task } = taken;
  const job = jobOf(record);
  const path = join(atHand.scratch, task.run);
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { mode: 0o700 });
  await writeFile(join(path, 'run.json'), toJson({ ...record, status: 'interrupted' }), { mode: 0o600 });
  await writeFile(join(path, 'plan.json'), toJson(plan), { mode: 0o600 });
  const folder = shardFolder(path, task.shard);
  let kept = await fillShard(path, task.shard, { items: store.items(task), isDone: false });
  const lines = new LineReader(join(folder, 'items.jsonl'));
  await lines.next();

  if (atHand.opened?.run !== task.run) await closeRun(atHand);
  const lost = atHand.opened?.lost ?? new AbortController();
  let problem: unknown;
  const stop = (error: unknown): void => {
    problem ??= error;
    lost.abort();
  };
  let keeping: Promise<void> = Promise.resolve();
  const keep = (): void => {
    keeping = keeping.then(async () => {
      if (problem !== undefined) return;
      const made = await lines.next();
      if (made.length === 0) return;
      await store.keep({ task, lines: made, from: kept });
      kept += made.length;
    });
    keeping = keeping.catch(stop);
  };
  const pulse = setInterval(() => void store.touch(taken).catch(stop), (HEARTBEAT_S / 4) * 1000);
  try {
    if (atHand.opened === null) {
      const opening = openShards(job, path, { signal: AbortSignal.any([signal, lost.signal]), environment });
      let step = await opening.next();
      for (; !step.done; step = await opening.next()) yield { type: 'work', job, event: step.value };
      atHand.opened = { run: task.run, maker: step.value, lost };
    }
    for await (const event of atHand.opened.maker.make(task.shard)) {
      if (event.type !== 'run') yield { type: 'work', job, event };
      keep();
    }
  } catch (error) {
    // What was made until then is kept, whatever went wrong.
    keep();
    await keeping;
    throw problem ?? error;
  } finally {
    clearInterval(pulse);
  }
  await keeping;
  if (problem !== undefined) throw problem;
  const last = await lines.next();
  await store.complete(taken, { task, lines: last, from: kept }, await artifactsOf(folder));
  await rm(path, { recursive: true, force: true });
  return kept + last.length;
}

/**
 * Makes shards from a queue, one after the other, until it is stopped or has had nothing to do for long.
 *
 * Adversary: whoever may write into the database says which files are read and which models are loaded here, within what this process may;
 * commands run only where {@link WorkerOptions.jobOf} lets them.
 */
export async function* workQueue(store: QueueStore, options: WorkerOptions): AsyncGenerator<WorkerEvent> {
  const { signal, idleMs } = options;
  const atHand: AtHand = { scratch: await mkdtemp(join(tmpdir(), 'biolens-worker-')), opened: null };
  try {
    let since = Date.now();
    for (;;) {
      throwIfAborted(signal);
      const taken = await store.take();
      if (taken === null) {
        // Nobody knows when the next one comes: its memory is given back.
        await closeRun(atHand);
        if (idleMs !== undefined && Date.now() - since >= idleMs) return;
        await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
        continue;
      }
      const found = await store.runOf(taken.task);
      const name = found?.record.id ?? taken.task.run;
      const about = { run: name, shard: taken.task.shard };
      try {
        if (found === null) throw new BiolensError('input', 'the run is no longer in the queue');
        const items = yield* makeTaken(store, taken, found, { ...options, atHand });
        yield { type: 'made', ...about, items };
      } catch (error) {
        await closeRun(atHand);
        if (error instanceof ShardLost) yield { type: 'failed', ...about, reason: 'another worker has taken it over' };
        else {
          await store.giveBack(taken, messageOf(error));
          if (signal.aborted) throw error;
          yield { type: 'failed', ...about, reason: messageOf(error) };
        }
      }
      since = Date.now();
    }
  } finally {
    await closeRun(atHand);
    await rm(atHand.scratch, { recursive: true, force: true });
  }
}
