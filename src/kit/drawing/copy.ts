import { type RandomKey, RandomStream } from '../../ground/math/random.ts';
import type { RenderedFace } from './face.ts';

/** Farthest that a copy is shifted, as a share of its side. */
const MOST_SHIFT = 1 / 64;

/**
 * What happens to an image that finds its way into a data set twice: a shift by at most 1/64 of its side, brightness changed by at most
 * 4 %, noise with a standard deviation of at most 1.5 levels. The pixels are the same on every machine.
 */
export function wearCopy(face: RenderedFace, key: RandomKey): RenderedFace {
  const stream = new RandomStream(key);
  const { width: size, data } = face.image;
  const reach = Math.max(1, Math.floor(size * MOST_SHIFT));
  const shiftX = stream.integer(2 * reach + 1) - reach;
  const shiftY = stream.integer(2 * reach + 1) - reach;
  const gain = 1 + 0.04 * (2 * stream.uniform() - 1);
  const noise = 0.75 + 0.75 * stream.uniform();
  const within = (i: number): number => Math.min(size - 1, Math.max(0, i));
  const samples = new Uint8Array(data.length);
  const mask = new Uint8Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const from = within(y - shiftY) * size + within(x - shiftX);
      const to = y * size + x;
      mask[to] = face.mask[from]!;
      for (let k = 0; k < 3; k++) {
        const value = data[from * 3 + k]! * gain + noise * stream.normal();
        samples[to * 3 + k] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return { image: { width: size, height: size, data: samples }, mask };
}
