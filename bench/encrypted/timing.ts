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
