import { foldIn, openStream, type RandomKey, type RandomStream } from '../../ground/math/index.ts';
import type { Image } from '../images/index.ts';

/** Farthest shift, as a share of the side. */
const MOST_SHIFT = 1 / 16;
/** Changes of all samples by at most this factor, and by at most this many levels. */
const MOST_GAIN = 0.2;
const MOST_LIFT = 16;
const BLURRED_SHARE = 0.4;
/** Largest standard deviation of noise, in levels: samples of a generator are not clean. */
const MOST_NOISE = 12;
const NOISE_TABLE = 1 << 16;

/** Smooths a plane of an image with 1-2-1 along one axis, by an amount from 0 to 1. */
function smooth(plane: Float32Array, { side, step, amount }: { side: number; step: number; amount: number }): void {
  const across = step === 1 ? side : 1;
  const line = new Float32Array(side);
  for (let i = 0; i < side; i++) {
    const start = i * across;
    for (let j = 0; j < side; j++) line[j] = plane[start + j * step]!;
    for (let j = 0; j < side; j++) {
      const mean = (line[Math.max(0, j - 1)]! + 2 * line[j]! + line[Math.min(side - 1, j + 1)]!) / 4;
      plane[start + j * step] = line[j]! + amount * (mean - line[j]!);
    }
  }
}

/** Writes altered images as a network is fed: mirrored, shifted, brighter or darker, a little blurred and noisy. */
export class Augmenter {
  readonly #noise: Float32Array;
  readonly #side: number;

  constructor(side: number, key: RandomKey) {
    this.#side = side;
    this.#noise = openStream(foldIn(key, 'noise')).fillNormal(new Float32Array(NOISE_TABLE));
  }

  /** @param into `[3, side, side]`, receives (sample − 127.5) / 127.5 */
  write({ data }: Image, stream: RandomStream, into: Float32Array): void {
    const side = this.#side;
    const reach = Math.max(1, Math.round(side * MOST_SHIFT));
    const mirror = stream.bool();
    const shiftX = stream.integer(2 * reach + 1) - reach;
    const shiftY = stream.integer(2 * reach + 1) - reach;
    const gain = 1 + MOST_GAIN * (2 * stream.uniform() - 1);
    const lift = MOST_LIFT * (2 * stream.uniform() - 1);
    const amount = stream.bool(BLURRED_SHARE) ? stream.uniform() : 0;
    const deviation = MOST_NOISE * stream.uniform() ** 2;
    const noiseStart = stream.integer(NOISE_TABLE);
    const within = (at: number) => Math.min(side - 1, Math.max(0, at));
    const plane = side * side;
    for (let k = 0; k < 3; k++) {
      const target = into.subarray(k * plane, (k + 1) * plane);
      for (let y = 0; y < side; y++) {
        const row = within(y + shiftY) * side;
        for (let x = 0; x < side; x++) {
          const from = within((mirror ? side - 1 - x : x) + shiftX);
          target[y * side + x] = data[(row + from) * 3 + k]!;
        }
      }
      if (amount > 0) for (const step of [1, side]) smooth(target, { side, step, amount });
      for (let i = 0; i < plane; i++) {
        const noise = deviation * this.#noise[(noiseStart + k * plane + i) & (NOISE_TABLE - 1)]!;
        target[i] = (Math.min(255, Math.max(0, target[i]! * gain + lift + noise)) - 127.5) / 127.5;
      }
    }
  }
}
