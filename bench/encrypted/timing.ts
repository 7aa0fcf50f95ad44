import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { openStream, randomKey } from '../../src/ground/math/index.ts';

export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export const wallSeconds = (): number => performance.now() / 1000;

/** Least time of each of several works, which take turns, so that other load on the machine meets them alike. */
export async function leastOf<K extends string>(
  turns: number,
  works: Readonly<Record<K, () => unknown>>,
  clock: () => number = processorSeconds,
): Promise<Record<K, number>> {
  const names = Object.keys(works) as K[];
  const best = Object.fromEntries(names.map(name => [name, Number.POSITIVE_INFINITY])) as Record<K, number>;
  for (let turn = 0; turn < turns; turn++)
    for (const name of names) {
      const before = clock();
      await works[name]();
      best[name] = Math.min(best[name], clock() - before);
    }
  return best;
}

/** Normal vectors. */
export function rows(count: number, cols: number, seed: number) {
  return { rows: count, cols, data: openStream(randomKey(seed)).fillNormal(new Float32Array(count * cols)) };
}

/** How many times as much plain arithmetic two threads do as one: 2 on two free cores, and the most that two workers can gain here. */
export async function machineSpeedUp(): Promise<number> {
  const workers = [0, 1].map(() => new Worker(new URL('./arithmetic.ts', import.meta.url), { execArgv: [] }));
  const ask = async (worker: Worker): Promise<void> => {
    worker.postMessage(1e8);
    await once(worker, 'message');
  };
  const [first] = workers as [Worker];
  await Promise.all(workers.map(ask));
  const best = await leastOf(5, { one: () => ask(first), two: () => Promise.all(workers.map(ask)) }, wallSeconds);
  await Promise.all(workers.map(worker => worker.terminate()));
  return (2 * best.one) / best.two;
}
