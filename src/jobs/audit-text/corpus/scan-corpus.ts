import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import type { SkippedFile, TextFile } from '../documents/list-files.ts';
import { canBeParted, type Layout } from '../documents/read-documents.ts';
import { Findings, type Place } from '../search/findings.ts';
import type { ScanAnswer, ScanOrder, ScanSetting } from './scan-messages.ts';
import { type ScanCounts, type ScanTask, scanTask, type View } from './scan-task.ts';

/** A smaller corpus is read sooner than a thread starts. */
const SMALL_BYTES = 64 * 2 ** 20;
const MOST_THREADS = 4;
/** Part of a plain file that a thread reads on its own. */
const PART_BYTES = 32 * 2 ** 20;

export interface ScanOptions {
  readonly layout: Layout;
  readonly views: readonly View[];
  /** Threads; by default as many as are worth it. */
  readonly workers?: number | undefined;
  /** Bytes of a part of a plain file; 32 MiB by default. */
  readonly partBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one pass over a corpus found. */
export interface Scanned {
  /** Of each view. */
  readonly findings: readonly Findings[];
  readonly documents: number;
  readonly bytes: number;
  readonly skipped: readonly SkippedFile[];
  readonly alsoSkipped: number;
}

export interface ScanProgress {
  readonly done: number;
  readonly total: number;
}

/** The parts of a corpus that are read on their own; all but plain files are one part each. */
async function partsOf(
  files: readonly TextFile[],
  { layout, views, partBytes = PART_BYTES }: ScanOptions,
): Promise<ScanTask[]> {
  // What is looked past may begin in another part: a blank before a blank.
  const whole = views.some(({ rules }) => rules.length > 0);
  const least = Math.max(partBytes, 1);
  const tasks: ScanTask[] = [];
  for (const [number, file] of files.entries()) {
    const parts =
      whole || file.bytes <= least || !(await canBeParted(file, layout)) ? 1 : Math.ceil(file.bytes / least);
    for (let part = 0; part < parts; part++)
      tasks.push({
        number,
        part,
        from: part * least,
        to: part + 1 === parts ? Number.POSITIVE_INFINITY : (part + 1) * least,
      });
  }
  return tasks;
}

/** Adds what stands before a part to the places in it. */
function placeWithin(counts: ReadonlyMap<number, readonly ScanCounts[]>): (place: Place) => Place {
  return place => {
    const before = place.part === 0 ? [] : (counts.get(place.file) ?? []).slice(0, place.part);
    if (before.length === 0) return place;
    return {
      ...place,
      part: 0,
      codePoints: before.reduce((sum, { codePoints }) => sum + codePoints, place.codePoints),
      lines: before.reduce((sum, { lines }) => sum + lines, place.lines),
    };
  };
}

/** A thread that scans one part after another. */
class ScanThread {
  readonly #worker: Worker;
  #waiting: { resolve(answer: ScanAnswer): void; reject(error: Error): void } | null = null;
  #ended: Error | null = null;

  constructor(setting: ScanSetting) {
    const file = import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js';
    this.#worker = new Worker(new URL(file, import.meta.url), { execArgv: [], workerData: setting });
    this.#worker.on('message', (answer: ScanAnswer) => {
      this.#waiting?.resolve(answer);
      this.#waiting = null;
    });
    const end = (error: Error): void => {
      this.#ended ??= error;
      this.#waiting?.reject(error);
      this.#waiting = null;
    };
    this.#worker.on('error', end);
    this.#worker.on('exit', () => end(new Error('a thread that scans ended')));
  }

  ask(order: ScanOrder): Promise<ScanAnswer> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#worker.postMessage(order);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

/**
 * Reads a corpus once past the texts of each view. Memory: the index, what was found, and a few megabytes a thread. The result does not
 * depend on the number of threads, nor on the parts that the corpus is read in.
 *
 * @throws {BiolensError} `interrupted`
 */
export async function* scanCorpus(
  files: readonly TextFile[],
  options: ScanOptions,
): AsyncGenerator<ScanProgress, Scanned> {
  const { layout, views, signal } = options;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const tasks = await partsOf(files, options);
  const wanted = options.workers ?? (total < SMALL_BYTES ? 1 : Math.min(MOST_THREADS, availableParallelism()));
  const threads = Math.max(1, Math.min(wanted, tasks.length));
  const counts = new Map<number, ScanCounts[]>();
  const note = (task: ScanTask, found: ScanCounts): void => {
    const known = counts.get(task.number) ?? [];
    known[task.part] = found;
    counts.set(task.number, known);
  };
  const findings = views.map(() => new Findings());
  const done = (): number =>
    [...counts.values()].reduce((sum, parts) => sum + parts.reduce((all, part) => all + (part?.bytes ?? 0), 0), 0);
  let told = 0;
  if (threads === 1)
    for (const task of tasks) {
      throwIfAborted(signal);
      note(task, await scanTask(task, { file: files[task.number]!, layout, views, findings, signal }));
      const now = performance.now();
      if (now - told < 200 && task !== tasks.at(-1)) continue;
      told = now;
      yield { done: Math.min(done(), total), total };
    }
  else yield* scanInThreads(tasks, { setting: { files, layout, views }, threads, findings, note, done, total, signal });
  const within = placeWithin(counts);
  for (const found of findings)
    for (const finding of found.values()) {
      finding.at = within(finding.at);
      finding.longestAt = within(finding.longestAt);
    }
  const all = files.flatMap((_, number) => counts.get(number) ?? []);
  return {
    findings,
    documents: all.reduce((sum, one) => sum + one.documents, 0),
    bytes: all.reduce((sum, one) => sum + one.bytes, 0),
    skipped: all.flatMap(({ skipped }) => skipped),
    alsoSkipped: all.reduce((sum, one) => sum + one.alsoSkipped, 0),
  };
}

async function* scanInThreads(
  tasks: readonly ScanTask[],
  options: {
    readonly setting: ScanSetting;
    readonly threads: number;
    readonly findings: readonly Findings[];
    readonly note: (task: ScanTask, counts: ScanCounts) => void;
    readonly done: () => number;
    readonly total: number;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<ScanProgress> {
  const { setting, findings, note, done, total, signal } = options;
  const threads = Array.from({ length: options.threads }, () => new ScanThread(setting));
  const left = tasks.values();
  let news = Promise.withResolvers<void>();
  const refuse = (answer: ScanAnswer): never => {
    throw new BiolensError(
      'external',
      `a thread that scans failed: ${answer.kind === 'failed' ? answer.message : answer.kind}`,
    );
  };
  const work = async (thread: ScanThread): Promise<void> => {
    for (const task of left) {
      throwIfAborted(signal);
      const answer = await thread.ask({ kind: 'scan', task });
      if (answer.kind !== 'scanned') return refuse(answer);
      note(answer.task, answer.counts);
      news.resolve();
    }
    const answer = await thread.ask({ kind: 'finish' });
    if (answer.kind !== 'findings') return refuse(answer);
    for (const [view, found] of findings.entries()) found.merge(answer.findings[view] ?? []);
  };
  try {
    const all = Promise.all(threads.map(work)).then(() => true);
    // A failure is thrown where it is waited for below.
    all.catch(() => undefined);
    for (;;) {
      const over = await Promise.race([all, news.promise.then(() => false)]);
      if (over) break;
      news = Promise.withResolvers<void>();
      yield { done: Math.min(done(), total), total };
    }
  } finally {
    await Promise.all(threads.map(thread => thread.close()));
  }
}
