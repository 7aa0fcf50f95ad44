import type { Image } from '../../../kit/images/index.ts';
import { FLOW_SIDE } from './flow.ts';

/** A part of a frame in pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Taps {
  readonly first: number;
  readonly weights: Float32Array;
}

/** Frames of a clip are all cut alike. */
const KNOWN = new Map<string, readonly Taps[]>();
const MOST_KNOWN = 64;

function knownTaps(from: number, length: number): readonly Taps[] {
  const key = `${from} ${length}`;
  const known = KNOWN.get(key);
  if (known !== undefined) return known;
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  const taps = tapsOf(from, length);
  KNOWN.set(key, taps);
  return taps;
}

/** The samples along a side that each of the square's pixels is the mean of: areas where there are more of them, lines between two where there are fewer. */
function tapsOf(from: number, length: number): Taps[] {
  const step = length / FLOW_SIDE;
  return Array.from({ length: FLOW_SIDE }, (_, i) => {
    if (step <= 1) {
      const at = Math.max(0, Math.min(length - 1, (i + 0.5) * step - 0.5));
      const first = Math.min(Math.floor(at), Math.max(0, length - 2));
      const share = at - first;
      return { first: from + first, weights: Float32Array.from(length === 1 ? [1] : [1 - share, share]) };
    }
    const [low, high] = [i * step, (i + 1) * step];
    const first = Math.floor(low);
    const last = Math.min(length, Math.ceil(high - 1e-6));
    const weights = Float32Array.from(
      { length: last - first },
      (_, k) => (Math.min(high, first + k + 1) - Math.max(low, first + k)) / step,
    );
    return { first: from + first, weights };
  });
}

/** A part of a frame as a grey square of 128 × 128, 0 to 255. */
export function greySquare({ width, data }: Image, region: Region): Float32Array {
  const across = knownTaps(region.x, region.width);
  const down = knownTaps(region.y, region.height);
  const square = new Float32Array(FLOW_SIDE * FLOW_SIDE);
  const line = new Float32Array(FLOW_SIDE);
  const row = new Float32Array(region.width);
  for (let y = 0; y < FLOW_SIDE; y++) {
    const { first, weights } = down[y]!;
    row.fill(0);
    for (let k = 0; k < weights.length; k++) {
      let at = ((first + k) * width + region.x) * 3;
      const weight = weights[k]!;
      for (let x = 0; x < region.width; x++, at += 3)
        row[x]! += weight * (0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!);
    }
    for (let x = 0; x < FLOW_SIDE; x++) {
      const { first: start, weights: shares } = across[x]!;
      let sum = 0;
      for (let k = 0; k < shares.length; k++) sum += shares[k]! * row[start - region.x + k]!;
      line[x] = sum;
    }
    square.set(line, y * FLOW_SIDE);
  }
  return square;
}
