import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import { sizeOf } from '../../../kit/tensor/index.ts';

/**
 * Standard normal noise of images `first` … `first + n − 1`. An image's noise depends on the key and its index alone, so that batches of any
 * size get the same.
 *
 * @param shape of one image, `[c, h, w]`
 * @returns `[n, c, h, w]`
 */
export function drawNoise(key: RandomKey, first: number, n: number, shape: readonly number[]): Float32Array {
  const size = sizeOf(shape);
  const noise = new Float32Array(n * size);
  for (let i = 0; i < n; i++) openStream(foldIn(key, first + i)).fillNormal(noise.subarray(i * size, (i + 1) * size));
  return noise;
}
