import type { Image } from '../images/index.ts';

/** Most that samples of one channel may differ in an image that shows nothing: noise of a compressed black frame. */
const FLAT_RANGE = 8;

/** Whether an image shows nothing but one colour. */
export function isFlat({ data }: Image): boolean {
  const low = [255, 255, 255];
  const high = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const channel = i % 3;
    const value = data[i]!;
    if (value < low[channel]!) low[channel] = value;
    if (value > high[channel]!) high[channel] = value;
    if (high[channel]! - low[channel]! > FLAT_RANGE) return false;
  }
  return true;
}
