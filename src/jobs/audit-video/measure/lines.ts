import type { Products, Track } from './products.ts';

/** Time of one clip over that of the other, from half to double speed. */
export const SCALINGS: readonly number[] = [0.5, 0.59, 0.7, 0.84, 1, 1.19, 1.41, 1.68, 2];

export interface LineMatch {
  readonly score: number;
  /** Seconds of each clip that matched, from its first row. */
  readonly first: readonly [number, number];
  readonly second: readonly [number, number];
}

export interface LineOptions {
  readonly first: Track;
  readonly second: Track;
  readonly scalings: readonly number[];
  /** Seconds of the first clip that are compared at most: a part that was taken counts as much as a whole. */
  readonly window: number;
  /** Rows that are compared at least. */
  readonly least: number;
}

/** Best mean of products along lines of time, over offsets and scalings; null where the clips have too few rows. */
export function bestLine(
  { data, start: origin, stride }: Products,
  { first, second, scalings, window, least }: LineOptions,
): LineMatch | null {
  let best: LineMatch | null = null;
  const sums = new Float64Array(first.n + 1);
  for (const scaling of scalings) {
    const perRow = (scaling * first.step) / second.step;
    // As many rows as both clips have, and no more than the window.
    const possible = Math.min(first.n, Math.floor((second.n - 1) / perRow + 1e-9) + 1);
    const length = Math.min(possible, Math.max(least, Math.round(window / first.step)));
    if (length < least) continue;
    const from = -Math.ceil((first.n - length) * perRow);
    const to = second.n - 1 - (length - 1) * perRow + 1e-9;
    // Where rows lie closer than those of the other clip, offsets do too.
    const stride2 = Math.min(1, perRow);
    for (let offset = from; offset <= to; offset += stride2) {
      const start = offset < 0 ? Math.ceil(-offset / perRow - 1e-9) : 0;
      const end = Math.min(first.n - 1, Math.floor((second.n - 1 - offset) / perRow + 1e-9));
      if (end - start + 1 < length) continue;
      sums[start] = 0;
      for (let i = start; i <= end; i++) {
        const at = Math.max(0, Math.min(second.n - 1, offset + i * perRow));
        const j = Math.max(0, Math.min(second.n - 2, Math.floor(at)));
        const place = origin + i * stride + j;
        const share = at - j;
        const value = data[place]!;
        sums[i + 1] = sums[i]! + (share > 0 ? value + share * (data[place + 1]! - value) : value);
      }
      for (let i = start; i + length <= end + 1; i++) {
        const score = (sums[i + length]! - sums[i]!) / length;
        if (best !== null && score <= best.score) continue;
        const second0 = (offset + i * perRow) * second.step;
        best = {
          score,
          first: [i * first.step, (i + length) * first.step],
          second: [second0, second0 + length * perRow * second.step],
        };
      }
    }
  }
  return best;
}
