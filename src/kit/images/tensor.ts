import { BiolensError } from '../../ground/errors.ts';
import type { Image } from './image.ts';

export interface TensorOptions {
  readonly width: number;
  readonly height: number;
  /** Default `nchw`. */
  readonly layout?: 'nchw' | 'nhwc';
  /** Order of the channels in the tensor; default `rgb`. */
  readonly channels?: 'rgb' | 'bgr';
  /** Subtracted from the 0…255 samples, in the order of `channels`; zeros by default. */
  readonly mean?: readonly [number, number, number];
  /** Divides after the mean, in the order of `channels`; ones by default. */
  readonly deviation?: readonly [number, number, number];
  /** Where to write, at least `n × 3 × height × width` long; a new array by default. */
  readonly into?: Float32Array;
}

/**
 * Packs images into one float batch, `[n, 3, height, width]` or `[n, height, width, 3]`: `(sample − mean) / deviation`. One pass from
 * the bytes to the batch, through a table of 256 values a channel.
 *
 * @throws BiolensError `usage` naming the image whose size is not `width` × `height`; resize or crop first.
 */
export function toTensor(images: readonly Image[], options: TensorOptions): Float32Array {
  const { width, height, layout = 'nchw', channels = 'rgb', mean = [0, 0, 0], deviation = [1, 1, 1] } = options;
  const plane = width * height;
  const needed = images.length * plane * 3;
  const batch = options.into ?? new Float32Array(needed);
  if (batch.length < needed) {
    throw new BiolensError('usage', `"into" expected room for ${needed} numbers, got ${batch.length}`);
  }
  const tables = [0, 1, 2].map(c =>
    Float32Array.from({ length: 256 }, (_, sample) => (sample - mean[c]!) / deviation[c]!),
  );
  images.forEach((image, n) => {
    if (image.width !== width || image.height !== height) {
      throw new BiolensError('usage', `image ${n} is ${image.width} × ${image.height}, expected ${width} × ${height}`);
    }
    for (let c = 0; c < 3; c++) {
      const table = tables[c]!;
      const step = layout === 'nchw' ? 1 : 3;
      let to = n * plane * 3 + (layout === 'nchw' ? c * plane : c);
      const { data } = image;
      for (let from = channels === 'rgb' ? c : 2 - c; from < plane * 3; from += 3, to += step) {
        batch[to] = table[data[from]!]!;
      }
    }
  });
  return batch;
}
