import { BiolensError } from '../../../ground/errors.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import { openStream } from '../../../ground/math/index.ts';

/** The power of two that a vector of n entries is filled up to. */
export const paddedLength = (n: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, n)));

/** The Walsh-Hadamard transform in place, scaled so that lengths stay and it is its own inverse. */
function hadamard(vector: Float64Array): void {
  const n = vector.length;
  for (let half = 1; half < n; half *= 2)
    for (let start = 0; start < n; start += 2 * half)
      for (let i = start; i < start + half; i++) {
        const [a, b] = [vector[i]!, vector[i + half]!];
        vector[i] = a + b;
        vector[i + half] = a - b;
      }
  const scale = 1 / Math.sqrt(n);
  for (let i = 0; i < n; i++) vector[i]! *= scale;
}

function flipSigns(vector: Float64Array, key: RandomKey): void {
  const stream = openStream(key);
  let word = 0;
  for (let i = 0; i < vector.length; i++) {
    if (i % 32 === 0) word = stream.uint32();
    if (((word >>> (i % 32)) & 1) === 1) vector[i] = -vector[i]!;
  }
}

/**
 * Rotates a vector by random signs and a Walsh-Hadamard transform, in place: its length stays and no entry is much larger than the others,
 * whatever it was (Suresh et al. 2017, section 3). The key is public.
 *
 * @param vector a power of two of entries
 * @throws {BiolensError} `usage` for another number of them
 */
export function rotate(vector: Float64Array, key: RandomKey): void {
  if (vector.length !== paddedLength(vector.length))
    throw new BiolensError('usage', `rotation: expected a power of two of entries, got ${vector.length}`);
  flipSigns(vector, key);
  hadamard(vector);
}

/** Undoes {@link rotate} of the same key, in place. */
export function rotateBack(vector: Float64Array, key: RandomKey): void {
  hadamard(vector);
  flipSigns(vector, key);
}
