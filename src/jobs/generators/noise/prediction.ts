import type { Prediction } from './schedule.ts';

/** α = √ᾱ and σ = √(1 − ᾱ): x_t = α·x₀ + σ·ε. */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

/** The level of a cumulative ᾱ. */
export function noiseLevel(alphaCumulative: number): NoiseLevel {
  return { alpha: Math.sqrt(alphaCumulative), sigma: Math.sqrt(1 - alphaCumulative) };
}

/** x₀ and ε that belong to one another at x_t. */
export interface Estimate {
  readonly x0: Float32Array;
  readonly epsilon: Float32Array;
}

/** Image and noise that the network's output implies, at one noise level for all images. */
export function estimateFrom(
  x: Float32Array,
  output: Float32Array,
  { alpha, sigma }: NoiseLevel,
  prediction: Prediction,
): Estimate {
  if (prediction === 'epsilon') return { x0: combine(x, 1 / alpha, output, -sigma / alpha), epsilon: output };
  if (prediction === 'x0') return { x0: output, epsilon: combine(x, 1 / sigma, output, -alpha / sigma) };
  return { x0: combine(x, alpha, output, -sigma), epsilon: combine(output, alpha, x, sigma) };
}

/** a·x + b·y. */
export function combine(x: Float32Array, a: number, y: Float32Array, b: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = a * x[i]! + b * y[i]!;
  return out;
}

/** Holds numbers within ± range, in place. */
export function clampTo(x: Float32Array, range: number): Float32Array {
  for (let i = 0; i < x.length; i++) x[i] = Math.max(-range, Math.min(range, x[i]!));
  return x;
}

/** The quantile of sorted values, between neighbours in proportion (torch's `quantile`). */
function quantileOf(sorted: Float32Array, share: number): number {
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  return a + (place - low) * (b - a);
}

/** Dynamic thresholding (Saharia et al. 2022, §2.3) of each image of `size` numbers, in place. */
export function thresholdTo(
  x: Float32Array,
  { ratio, most, size }: { readonly ratio: number; readonly most: number; readonly size: number },
): Float32Array {
  for (let start = 0; start < x.length; start += size) {
    const image = x.subarray(start, start + size);
    const range = Math.min(most, Math.max(1, quantileOf(image.map(Math.abs).sort(), ratio)));
    clampTo(image, range);
    for (let i = 0; i < image.length; i++) image[i]! /= range;
  }
  return x;
}
