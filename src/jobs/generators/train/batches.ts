import { foldIn, openStream, type RandomKey, type RandomStream } from '../../../ground/math/index.ts';
import type { GeneratorBatch } from '../generator/kind.ts';
import type { TrainingImages } from './training-images.ts';

/** How images are changed each time they are seen. */
export interface Augmentation {
  readonly mirror: boolean;
  /** Pixels. */
  readonly shift: number;
  /** Share. */
  readonly colour: number;
}

/** The order of an epoch: each image once. */
function orderOf(key: RandomKey, epoch: number, n: number): Int32Array {
  return openStream(foldIn(foldIn(key, 'order'), epoch)).shuffle(Int32Array.from({ length: n }, (_, i) => i));
}

interface Change {
  readonly flip: boolean;
  readonly down: number;
  readonly right: number;
  readonly gain: number;
  readonly offset: number;
}

/** Draws the same random numbers whatever is switched on, so that one setting does not change the effect of another. */
function drawChange(stream: RandomStream, { mirror, shift, colour }: Augmentation): Change {
  const flip = stream.bool();
  const spread = (range: number) => Math.floor(stream.uniform() * (2 * range + 1)) - range;
  const [down, right] = [spread(shift), spread(shift)];
  const [contrast, brightness] = [2 * stream.uniform() - 1, 2 * stream.uniform() - 1];
  return { flip: mirror && flip, down, right, gain: 1 + colour * contrast, offset: colour * brightness };
}

/** One image `[3, size, size]` of 0 … 255, changed, as numbers in [−1, 1]. */
function place(from: Uint8Array, into: Float32Array, { size, change }: { size: number; change: Change }): void {
  const { flip, down, right, gain, offset } = change;
  const plane = size * size;
  const within = (at: number) => Math.max(0, Math.min(size - 1, at));
  for (let y = 0; y < size; y++) {
    const row = within(y - down) * size;
    for (let x = 0; x < size; x++) {
      const column = within((flip ? size - 1 - x : x) - right);
      for (let c = 0; c < 3; c++) {
        const value = (from[c * plane + row + column]! / 127.5 - 1) * gain + offset;
        into[c * plane + y * size + x] = Math.max(-1, Math.min(1, value));
      }
    }
  }
}

/**
 * The batches of training by number: epochs one after the other, each in a random order of its own, split into batches. Batch k is a function of the
 * key and k alone, so that resumed training sees the same batches.
 */
export function openBatches(
  images: TrainingImages,
  { batchSize, key, ...augmentation }: { readonly batchSize: number; readonly key: RandomKey } & Augmentation,
): (index: number) => GeneratorBatch {
  const { n, size, pixels, labels } = images;
  const each = 3 * size * size;
  let known: { readonly epoch: number; readonly order: Int32Array } = { epoch: -1, order: new Int32Array() };
  const imageAt = (position: number): number => {
    const epoch = Math.floor(position / n);
    if (known.epoch !== epoch) known = { epoch, order: orderOf(key, epoch, n) };
    return known.order[position % n]!;
  };
  return index => {
    const chosen = Array.from({ length: batchSize }, (_, i) => imageAt(index * batchSize + i));
    const stream = openStream(foldIn(foldIn(key, 'augment'), index));
    const batch = new Float32Array(batchSize * each);
    for (const [i, image] of chosen.entries())
      place(pixels.subarray(image * each, (image + 1) * each), batch.subarray(i * each, (i + 1) * each), {
        size,
        change: drawChange(stream, augmentation),
      });
    return { images: batch, labels: labels === null ? null : chosen.map(image => labels[image]!) };
  };
}
