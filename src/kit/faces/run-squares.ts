import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import type { Session, TensorData } from '../tensor/index.ts';
import { type PixelRect, resampleSquare, type SquareOptions } from './resample.ts';

/** A rectangle of an image that a network looks at. */
export interface Crop {
  readonly image: Image;
  readonly rect: PixelRect;
}

/** What a network gave for one crop: the numbers of an output by its name. */
export type OutputRow = (output: string) => Float32Array;

export interface RunSquaresOptions<T> extends Omit<SquareOptions, 'into'> {
  readonly session: Session;
  /** Most crops that go through the network at a time. */
  readonly batch: number;
  /** Batches that are under way at the same time: two a lane keep it busy. */
  readonly concurrency: number;
  /** Turns what the network gave for crop `index` into a result. */
  readonly read: (row: OutputRow, index: number) => T;
  readonly signal?: AbortSignal | undefined;
}

/** The crop that is the whole image. */
export function wholeImage(image: Image): Crop {
  return { image, rect: { x: 0, y: 0, width: image.width, height: image.height } };
}

function rowOf(output: TensorData | undefined, row: number): Float32Array {
  if (!(output?.data instanceof Float32Array)) throw new BiolensError('external', 'a network gave no float32 output');
  const width = output.data.length / output.shape[0]!;
  return output.data.slice(row * width, (row + 1) * width);
}

/**
 * Runs a network of one input, float32 `[n, 3, side, side]` in RGB from 0 to 255, over crops, each resampled to a square.
 * While batches are in the runtime's workers, the
 * next is prepared here.
 *
 * @throws BiolensError `interrupted` once `signal` is aborted.
 */
export async function runSquares<T>(crops: readonly Crop[], options: RunSquaresOptions<T>): Promise<T[]> {
  const { session, side, batch, concurrency, read, signal } = options;
  const input = session.inputs[0]!.name;
  const plane = 3 * side * side;
  const results: T[] = [];
  const runBatch = async (data: Float32Array, start: number): Promise<void> => {
    const n = data.length / plane;
    const feeds = { [input]: { dtype: 'float32', shape: [n, 3, side, side], data } } as const;
    const found = await session.run(feeds, { transfer: true, signal });
    for (let row = 0; row < n; row++) results[start + row] = read(output => rowOf(found[output], row), start + row);
  };
  const running: Promise<void>[] = [];
  try {
    for (let start = 0; start < crops.length; start += batch) {
      throwIfAborted(signal);
      const members = crops.slice(start, start + batch);
      const data = new Float32Array(members.length * plane);
      members.forEach(({ image, rect }, i) => {
        resampleSquare(image, rect, { ...options, into: data.subarray(i * plane, (i + 1) * plane) });
      });
      running.push(runBatch(data, start));
      if (running.length >= concurrency) await running.shift();
    }
    await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
  return results;
}
