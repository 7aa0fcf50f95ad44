import type { Image } from '../images/index.ts';

/** A rectangle of whole pixels inside an image. */
export interface PixelRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface SquareOptions {
  /** Pixels along each side of the result. */
  readonly side: number;
  /** Where the rectangle lies in the square: in its `centre`, or at its `corner` on the top left. */
  readonly place: 'centre' | 'corner';
  /** Side of the square in lengths of the rectangle's longer side, a whole number. Default 1. */
  readonly spread?: number;
  /** Where to write `3 × side × side` numbers, planar RGB, 0…255. */
  readonly into: Float32Array;
}

/** For each column (or row) of the result, the two source columns it mixes and the share of the second. */
interface Taps {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly share: Float32Array;
}

/**
 * The taps of TensorFlow's bilinear resize without `halfPixelCenters` and `alignCorners`: the sample of output `i` lies at
 * `i · from / to`, nothing is averaged when reducing.
 */
function bilinearTaps(from: number, to: number): Taps {
  const [low, high, share] = [new Int32Array(to), new Int32Array(to), new Float32Array(to)];
  for (let i = 0; i < to; i++) {
    const position = (i * from) / to;
    low[i] = Math.floor(position);
    high[i] = Math.min(Math.ceil(position), from - 1);
    share[i] = position - low[i]!;
  }
  return { low, high, share };
}

/** Mixes the columns of one source row of interleaved bytes into planar RGB, `[3, side]`. */
function mixColumns(source: Uint8Array, { low, high, share }: Taps, mixed: Float32Array): void {
  const side = low.length;
  for (let i = 0; i < side; i++) {
    const a = low[i]! * 3;
    const b = high[i]! * 3;
    const weight = share[i]!;
    const [r, g, blue] = [source[a]!, source[a + 1]!, source[a + 2]!];
    mixed[i] = r + (source[b]! - r) * weight;
    mixed[side + i] = g + (source[b + 1]! - g) * weight;
    mixed[2 * side + i] = blue + (source[b + 2]! - blue) * weight;
  }
}

/**
 * Pads a rectangle of an image with black to a square and resizes that to `side × side`, exactly as the networks' authors
 * do it (bilinear, corner-aligned, without averaging when reducing).
 */
export function resampleSquare(image: Image, rect: PixelRect, options: SquareOptions): void {
  const { side, place, spread = 1, into } = options;
  const square = Math.max(rect.width, rect.height) * spread;
  // The odd pixel of padding goes to the bottom or right.
  const before = (size: number) => (place === 'corner' ? 0 : square - size - Math.round((square - size) / 2));
  const [left, top] = [before(rect.width), before(rect.height)];
  const taps = bilinearTaps(square, side);
  const padded = new Uint8Array(square * 3);
  // The two mixed rows last used: when enlarging, neighbouring rows of the result share them.
  const rows = [0, 1].map(() => ({ y: -1, mixed: new Float32Array(3 * side) }));
  const mixRow = (y: number, keep: number): Float32Array => {
    const known = rows.find(row => row.y === y);
    if (known) return known.mixed;
    const row = rows.find(candidate => candidate.y !== keep)!;
    row.y = y;
    const inside = y - top;
    if (inside < 0 || inside >= rect.height) row.mixed.fill(0);
    else {
      const start = ((rect.y + inside) * image.width + rect.x) * 3;
      padded.set(image.data.subarray(start, start + rect.width * 3), left * 3);
      mixColumns(padded, taps, row.mixed);
    }
    return row.mixed;
  };
  for (let j = 0; j < side; j++) {
    const [low, high, share] = [taps.low[j]!, taps.high[j]!, taps.share[j]!];
    const upper = mixRow(low, high);
    const lower = mixRow(high, low);
    for (let channel = 0; channel < 3; channel++) {
      const from = channel * side;
      const to = (channel * side + j) * side;
      for (let i = 0; i < side; i++) {
        const a = upper[from + i]!;
        into[to + i] = a + (lower[from + i]! - a) * share;
      }
    }
  }
}
