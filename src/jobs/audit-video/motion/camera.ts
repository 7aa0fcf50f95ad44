import { FLOW_SIDE, type Flow } from './flow.ts';

/** Every so many pixels one stands for its neighbours. */
const EVERY = 4;
const ROUNDS = 6;
/** Pixels from a fit within which an estimate of motion is as good as right. */
const EXACT = 0.15;
const MIDDLE = (FLOW_SIDE - 1) / 2;

/** Motion of the camera as a function of place: shift, then change across and down, in pixels and per pixel from the middle. */
export interface Affine {
  readonly across: readonly [number, number, number];
  readonly down: readonly [number, number, number];
}

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  return sorted[sorted.length >> 1]!;
}

type Three = [number, number, number];

/** Solves a symmetric system of three by elimination; null where it has no one solution. */
function solve(m: readonly number[], b: Three): Three | null {
  const [a, d, e, f, g, h] = m as [number, number, number, number, number, number];
  const determinant = a * (f * h - g * g) - d * (d * h - g * e) + e * (d * g - f * e);
  if (Math.abs(determinant) < 1e-9) return null;
  const [x, y, z] = b;
  return [
    (x * (f * h - g * g) - d * (y * h - g * z) + e * (y * g - f * z)) / determinant,
    (a * (y * h - g * z) - x * (d * h - g * e) + e * (d * z - y * e)) / determinant,
    (a * (f * z - g * y) - d * (d * z - y * e) + x * (d * g - f * e)) / determinant,
  ];
}

/**
 * The affine motion that most of the image follows: begins at the median shift, and is fitted again with weights that fall off with the distance from the fit
 * (Holland and Welsch, "Robust regression using iteratively reweighted least squares", 1977; Cauchy's weights).
 */
export function fitCamera({ across, down }: Flow): Affine {
  const side = Math.floor((FLOW_SIDE - 1) / EVERY) + 1;
  const n = side * side;
  const plane = (): Float64Array => new Float64Array(n);
  const [u, v, xs, ys] = [plane(), plane(), plane(), plane()];
  for (let i = 0; i < n; i++) {
    const [x, y] = [(i % side) * EVERY, Math.floor(i / side) * EVERY];
    u[i] = across[y * FLOW_SIDE + x]!;
    v[i] = down[y * FLOW_SIDE + x]!;
    // Places are in units in which the sums below are of one size.
    xs[i] = (x - MIDDLE) / MIDDLE;
    ys[i] = (y - MIDDLE) / MIDDLE;
  }
  let p: Three = [median(u), 0, 0];
  let q: Three = [median(v), 0, 0];
  const off = new Float64Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < n; i++)
      off[i] = Math.hypot(u[i]! - p[0] - p[1] * xs[i]! - p[2] * ys[i]!, v[i]! - q[0] - q[1] * xs[i]! - q[2] * ys[i]!);
    const scale = Math.max(EXACT, median(off));
    const m = [0, 0, 0, 0, 0, 0];
    const bu: Three = [0, 0, 0];
    const bv: Three = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const weight = 1 / (1 + (off[i]! / scale) ** 2) ** 2;
      const [x, y] = [xs[i]!, ys[i]!];
      m[0]! += weight;
      m[1]! += weight * x;
      m[2]! += weight * y;
      m[3]! += weight * x * x;
      m[4]! += weight * x * y;
      m[5]! += weight * y * y;
      bu[0] += weight * u[i]!;
      bu[1] += weight * u[i]! * x;
      bu[2] += weight * u[i]! * y;
      bv[0] += weight * v[i]!;
      bv[1] += weight * v[i]! * x;
      bv[2] += weight * v[i]! * y;
    }
    const [nextP, nextQ] = [solve(m, bu), solve(m, bv)];
    if (nextP === null || nextQ === null) break;
    p = nextP;
    q = nextQ;
  }
  const perPixel = ([shift, x, y]: Three): Three => [shift, x / MIDDLE, y / MIDDLE];
  return { across: perPixel(p), down: perPixel(q) };
}
