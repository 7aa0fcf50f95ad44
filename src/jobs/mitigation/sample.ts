import { throwIfAborted } from '../../ground/errors.ts';
import { type Image, toTensor } from '../../kit/images/index.ts';
import type { FaceReader } from '../audit/index.ts';

/** What the networks say of an image: its embedding, and the class of each attribute. Null where they find no face. */
export type Reading = {
  readonly embedding: Float32Array;
  readonly attributes: Readonly<Record<string, string>>;
} | null;

/** An image of a generator, and what the networks say of it. */
export interface Sample {
  readonly image: Image;
  readonly reading: Reading;
  /** Class that a model of classes was asked for; null for one without. */
  readonly condition: number | null;
}

const HALF = 127.5;
const MIDDLE = [HALF, HALF, HALF] as const;

/** Images of one size as a diffusion model takes them: `[n, 3, height, width]` in [−1, 1]. */
export function toModel(images: readonly Image[]): Float32Array {
  const [first] = images;
  if (first === undefined) return new Float32Array();
  const { width, height } = first;
  return toTensor(images, { width, height, mean: MIDDLE, deviation: MIDDLE });
}

/** The images of what a diffusion model gave, `[n, 3, side, side]` in [−1, 1], to the nearest of 256 values. */
export function fromModel(values: Float32Array, side: number): Image[] {
  const plane = side * side;
  return Array.from({ length: values.length / (3 * plane) }, (_, n): Image => {
    const data = new Uint8Array(3 * plane);
    for (let c = 0; c < 3; c++) {
      const from = (3 * n + c) * plane;
      for (let i = 0; i < plane; i++) {
        const value = Math.round((values[from + i]! + 1) * HALF);
        data[3 * i + c] = Math.min(255, Math.max(0, value));
      }
    }
    return { width: side, height: side, data };
  });
}

/** Reads images as many at a time as keep the networks busy. */
export async function readPictures(
  images: readonly Image[],
  options: { readonly reader: FaceReader; readonly signal?: AbortSignal | undefined },
): Promise<Reading[]> {
  const { reader, signal } = options;
  const readings: Reading[] = [];
  for (let start = 0; start < images.length; start += reader.concurrency) {
    throwIfAborted(signal);
    const some = images.slice(start, start + reader.concurrency);
    readings.push(...(await Promise.all(some.map(image => reader.read(image, { signal })))));
  }
  return readings;
}
