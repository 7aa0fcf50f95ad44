import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Skew } from '../../kit/drawing/index.ts';
import type { DrawAnswer, DrawTask } from './draw-worker.ts';

/** What the demo draws: a training set with a skew and with an image that occurs many times, and sets to measure by. */
export const DEMO_SETS = {
  size: 64,
  training: { n: 500, skew: { gender: { male: 0.8 } }, duplicates: 0.5, duplicated: 1 },
  /** Copies are told from look-alikes, and the classifier's errors are measured, by these: few would leave both in doubt. */
  heldout: { n: 1600, skew: { gender: { male: 0.8 } } },
  /** Labelled faces that teach the classifier. */
  labelled: { n: 1500 },
  quiz: { n: 72, size: 96 },
} as const;

export type DrawnSets = Readonly<Record<'training' | 'heldout' | 'labelled' | 'quiz', string>>;

export type DrawEvent = {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
};

interface DrawnSet {
  readonly n: number;
  readonly size?: number;
  readonly skew?: Skew;
  readonly duplicates?: number;
  readonly duplicated?: number;
}

/** Faces that are drawn before another progress event. */
const TOLD = 25;

/** Draws sets one after the other in a thread of its own. */
async function drawInThread(
  tasks: readonly DrawTask[],
  { onFace, signal }: { readonly onFace: () => void; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const file = import.meta.url.endsWith('.ts') ? './draw-worker.ts' : './draw-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { execArgv: [], workerData: tasks });
  const stop = (): void => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (answer: DrawAnswer) => {
        if (answer.type === 'face') onFace();
        else reject(answer.code === null ? new Error(answer.message) : new BiolensError(answer.code, answer.message));
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
    throwIfAborted(signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

/**
 * Draws the sets of the demo into a folder, in two threads. The same seed gives the same sets on every machine.
 *
 * @throws {BiolensError} `input` when the folder cannot be written; `interrupted`.
 */
export async function* drawSets(
  folder: string,
  { seed, signal }: { readonly seed: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<DrawEvent, DrawnSets> {
  const names = ['training', 'heldout', 'labelled', 'quiz'] as const;
  const taskOf = (name: keyof DrawnSets): DrawTask => {
    const set: DrawnSet = DEMO_SETS[name];
    const masks = name === 'quiz' ? { masks: join(folder, 'quiz-masks') } : {};
    const options = { size: DEMO_SETS.size, ...set, ...masks, seed: seed + 1 + names.indexOf(name) };
    return { folder: join(folder, name), options };
  };
  const total = names.reduce((sum, name) => sum + DEMO_SETS[name].n, 0);
  let done = 0;
  let wake = (): void => {};
  const onFace = (): void => {
    done++;
    if (done % TOLD === 0) wake();
  };
  const shares = [
    ['heldout', 'quiz'],
    ['labelled', 'training'],
  ] as const;
  let drawing = true;
  const all = Promise.all(shares.map(share => drawInThread(share.map(taskOf), { onFace, signal }))).finally(() => {
    drawing = false;
    wake();
  });
  // Told where it is awaited, below.
  all.catch(() => undefined);
  while (drawing) {
    yield { type: 'progress', stage: 'drawing faces', done, total };
    await new Promise<void>(resolve => {
      wake = resolve;
      if (!drawing) resolve();
    });
  }
  await all;
  const [training, heldout, labelled, quiz] = names.map(name => join(folder, name)) as [string, string, string, string];
  return { training, heldout, labelled, quiz };
}
