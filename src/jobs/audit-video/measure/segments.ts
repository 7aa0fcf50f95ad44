import { SCALINGS } from './lines.ts';
import type { Products, Track } from './products.ts';

/** Where a part of a clip lies in another one, in seconds from the first row of each. */
export interface Segment {
  readonly first: readonly [number, number];
  readonly second: readonly [number, number];
  /** Mean product along it. */
  readonly score: number;
  /** The second clip runs backwards. */
  readonly reversed: boolean;
  /** Time of the second clip over that of the first. */
  readonly scaling: number;
}

export interface SegmentOptions {
  readonly first: Track;
  readonly second: Track;
  /** Products below it speak against a match. */
  readonly threshold: number;
  /** Seconds that a segment lasts at least. */
  readonly least: number;
  /** Segments at most. */
  readonly most?: number;
}

interface Line {
  readonly scaling: number;
  readonly offset: number;
  readonly from: number;
  readonly to: number;
  readonly sum: number;
}

/** The stretch of a line whose products exceed the threshold by most in all (Kadane). */
function bestStretch(
  { data, start, stride }: Products,
  excess: { readonly first: Track; readonly second: Track; readonly threshold: number; readonly taken: Uint8Array },
  line: { readonly scaling: number; readonly offset: number },
): Line {
  const { first, second, threshold, taken } = excess;
  const perRow = (line.scaling * first.step) / second.step;
  let best: Line = { ...line, from: 0, to: 0, sum: 0 };
  let [sum, from] = [0, 0];
  for (let i = 0; i < first.n; i++) {
    const at = line.offset + i * perRow;
    const inside = at >= -0.5 && at <= second.n - 0.5 && taken[i] === 0;
    if (!inside) {
      sum = 0;
      from = i + 1;
      continue;
    }
    const place = Math.max(0, Math.min(second.n - 1, at));
    const j = Math.max(0, Math.min(second.n - 2, Math.floor(place)));
    const cell = start + i * stride + j;
    const share = place - j;
    const value = data[cell]! + (share > 0 ? share * (data[cell + 1]! - data[cell]!) : 0) - threshold;
    if (sum + value <= 0) {
      sum = 0;
      from = i + 1;
      continue;
    }
    sum += value;
    if (sum > best.sum) best = { ...line, from, to: i + 1, sum };
  }
  return best;
}

/**
 * Segments that two clips share: runs along straight lines of time in the matrix of products, from half to double speed, forwards and backwards, the strongest
 * first; a row of the first clip belongs to one segment at most.
 */
export function findSegments(
  products: Products,
  { first, second, threshold, least, most = 4 }: SegmentOptions,
): Segment[] {
  const taken = new Uint8Array(first.n);
  const excess = { first, second, threshold, taken };
  const found: Segment[] = [];
  const scalings = [...SCALINGS, ...SCALINGS.map(scaling => -scaling)];
  const search = (candidates: readonly number[], offsetsOf: (perRow: number) => readonly [number, number, number]) => {
    let best: Line = { scaling: 1, offset: 0, from: 0, to: 0, sum: 0 };
    for (const scaling of candidates) {
      const perRow = (scaling * first.step) / second.step;
      const [from, to, by] = offsetsOf(perRow);
      for (let offset = from; offset <= to; offset += by) {
        const line = bestStretch(products, excess, { scaling, offset });
        if (line.sum > best.sum * (1 + 1e-9)) best = line;
      }
    }
    return best;
  };
  while (found.length < most) {
    const coarse = search(scalings, perRow => {
      const reach = (first.n - 1) * perRow;
      return [Math.min(0, -reach) - 0.5, second.n - 1 + Math.max(0, -reach) + 0.5, Math.min(1, Math.abs(perRow))];
    });
    if (coarse.sum <= 0) break;
    // Again with scalings and offsets between those of the grid, about the middle of what was found.
    const pivot = (coarse.from + coarse.to - 1) / 2;
    const atPivot = coarse.offset + (pivot * coarse.scaling * first.step) / second.step;
    const finer = [-6, -4, -2, -1, 0, 1, 2, 4, 6].map(i => coarse.scaling * 2 ** (i / 48));
    const fine = search(finer, perRow => [atPivot - pivot * perRow - 1, atPivot - pivot * perRow + 1, 0.25]);
    const line = fine.sum >= coarse.sum ? fine : coarse;
    const rows = line.to - line.from;
    if (rows < 2 || rows * first.step < least) break;
    taken.fill(1, line.from, line.to);
    const perRow = (line.scaling * first.step) / second.step;
    // A row stands for the time until the next one.
    const ends = [line.offset + line.from * perRow, line.offset + line.to * perRow].map(
      at => (at + (perRow < 0 ? 1 : 0)) * second.step,
    ) as [number, number];
    const limit = (seconds: number): number => Math.max(0, Math.min(second.n * second.step, seconds));
    found.push({
      first: [line.from * first.step, line.to * first.step],
      second: [limit(Math.min(...ends)), limit(Math.max(...ends))],
      score: threshold + line.sum / rows,
      reversed: line.scaling < 0,
      scaling: Math.abs(line.scaling),
    });
  }
  return found;
}
