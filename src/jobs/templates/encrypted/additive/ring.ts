import { DEGREE } from './parameters.ts';

// Products in ℤ[X]/(X^N + 1) by complex transforms of half the size: with z_k = (x_k + i·x_{k+N/2})·ω^k, ω = exp(iπ/N), multiplying is pointwise.
//
// How exact: words below 2³¹ in size times a secret of −1, 0, 1 sum to below 2⁴²·√(2/3). Double precision has 53 bits, and the error of a transform of
// 1,024 points is below 20 roundings of the vectors' lengths: 20·2⁻⁵³·(2³¹√N)·√N < 0.01. So rounding gives the exact whole number.

const HALF = DEGREE / 2;

/** exp(iπk/N), and exp(−2πik/(N/2)) for the transform. */
const twist = { re: new Float64Array(HALF), im: new Float64Array(HALF) };
const roots = { re: new Float64Array(HALF / 2), im: new Float64Array(HALF / 2) };
for (let k = 0; k < HALF; k++) {
  twist.re[k] = Math.cos((Math.PI * k) / DEGREE);
  twist.im[k] = Math.sin((Math.PI * k) / DEGREE);
}
for (let k = 0; k < HALF / 2; k++) {
  roots.re[k] = Math.cos((2 * Math.PI * k) / HALF);
  roots.im[k] = -Math.sin((2 * Math.PI * k) / HALF);
}

/** A polynomial after the transform: real parts, then imaginary ones. */
export type Transformed = Float64Array;

/** From natural to reversed order, in place. */
function forward(z: Float64Array): void {
  for (let size = HALF; size >= 2; size >>= 1) {
    const half = size >> 1;
    const step = HALF / size;
    for (let start = 0; start < HALF; start += size)
      for (let k = 0; k < half; k++) {
        const a = start + k;
        const b = a + half;
        const wr = roots.re[k * step]!;
        const wi = roots.im[k * step]!;
        const dr = z[a]! - z[b]!;
        const di = z[HALF + a]! - z[HALF + b]!;
        z[a] = z[a]! + z[b]!;
        z[HALF + a] = z[HALF + a]! + z[HALF + b]!;
        z[b] = dr * wr - di * wi;
        z[HALF + b] = dr * wi + di * wr;
      }
  }
}

/** From reversed to natural order, in place, without the division by the size. */
function backward(z: Float64Array): void {
  for (let size = 2; size <= HALF; size <<= 1) {
    const half = size >> 1;
    const step = HALF / size;
    for (let start = 0; start < HALF; start += size)
      for (let k = 0; k < half; k++) {
        const a = start + k;
        const b = a + half;
        const wr = roots.re[k * step]!;
        const wi = -roots.im[k * step]!;
        const br = z[b]! * wr - z[HALF + b]! * wi;
        const bi = z[b]! * wi + z[HALF + b]! * wr;
        z[b] = z[a]! - br;
        z[HALF + b] = z[HALF + a]! - bi;
        z[a] = z[a]! + br;
        z[HALF + a] = z[HALF + a]! + bi;
      }
  }
}

/** @param words N coefficients, taken as signed */
export function transform(words: Int32Array | Int8Array): Transformed {
  const z = new Float64Array(DEGREE);
  for (let k = 0; k < HALF; k++) {
    const re = words[k]!;
    const im = words[k + HALF]!;
    z[k] = re * twist.re[k]! - im * twist.im[k]!;
    z[HALF + k] = re * twist.im[k]! + im * twist.re[k]!;
  }
  forward(z);
  return z;
}

const scratch = new Float64Array(DEGREE);

/** The product of two transformed polynomials, one of them a secret, modulo 2³². */
export function multiply(a: Transformed, b: Transformed, out: Int32Array = new Int32Array(DEGREE)): Int32Array {
  for (let k = 0; k < HALF; k++) {
    const ar = a[k]!;
    const ai = a[HALF + k]!;
    const br = b[k]!;
    const bi = b[HALF + k]!;
    scratch[k] = ar * br - ai * bi;
    scratch[HALF + k] = ar * bi + ai * br;
  }
  backward(scratch);
  for (let k = 0; k < HALF; k++) {
    const re = scratch[k]! / HALF;
    const im = scratch[HALF + k]! / HALF;
    // Below 2⁵³, where conversion to 32 bits is reduction modulo 2³².
    out[k] = Math.round(re * twist.re[k]! + im * twist.im[k]!);
    out[k + HALF] = Math.round(im * twist.re[k]! - re * twist.im[k]!);
  }
  return out;
}
