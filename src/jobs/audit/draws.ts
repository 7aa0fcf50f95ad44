import type { RandomStream } from '../../ground/math/index.ts';

/** One draw from the gamma law of this shape (above 0) and scale 1: Marsaglia and Tsang, ACM TOMS 26 (2000), 363-372. */
export function drawGamma(stream: RandomStream, shape: number): number {
  if (shape < 1) return drawGamma(stream, shape + 1) * (1 - stream.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - stream.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}

/**
 * One draw of the shares behind these counts: Dirichlet with the counts plus a prior that weighs one observation in all (1/K a
 * class; with two classes that is Jeffreys').
 */
export function drawShares(stream: RandomStream, counts: readonly number[]): number[] {
  const draws = counts.map(count => drawGamma(stream, count + 1 / counts.length));
  const sum = draws.reduce((total, value) => total + value, 0);
  return draws.map(value => value / sum);
}
