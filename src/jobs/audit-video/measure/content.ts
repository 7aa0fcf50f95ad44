import { bestLine } from './lines.ts';
import type { Products, Track } from './products.ts';

/** The largest inner product of a frame of one clip with a frame of the other (Pizzi et al., "The 2023 Video Similarity Dataset and Challenge", section 4). */
export function pairScore({ data, start, stride }: Products, first: Track, second: Track): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < first.n; i++)
    for (let j = 0; j < second.n; j++) most = Math.max(most, data[start + i * stride + j]!);
  return most;
}

/**
 * Mean inner product of the frames of two segments of equal length, best over offsets: the cosine of their descriptors written one after the other (Rahman,
 * Perera and Patel, WACV 2025).
 *
 * @param window seconds of a segment at most
 */
export function clipScore(
  products: Products,
  { first, second, window }: { readonly first: Track; readonly second: Track; readonly window: number },
): number {
  return bestLine(products, { first, second, scalings: [1], window, least: 1 })?.score ?? Number.NEGATIVE_INFINITY;
}

/** Mean of the largest values. */
function meanOfLargest(values: Float32Array, count: number): number {
  const sorted = values.sort();
  let sum = 0;
  for (let i = sorted.length - count; i < sorted.length; i++) sum += sorted[i]!;
  return sum / count;
}

/**
 * How alike two clips look, whatever the order of their frames: the mean over frames of the largest inner product with a frame of the other clip, both ways, the
 * smaller. Of each clip the frames that match best count, as many as the window holds, so that a part that was taken counts as much as a whole.
 *
 * @param window seconds that are compared at most; the shorter clip where that is less
 */
export function contentScore(
  { data, start, stride }: Products,
  { first, second, window }: { readonly first: Track; readonly second: Track; readonly window: number },
): number {
  const rows = new Float32Array(first.n).fill(Number.NEGATIVE_INFINITY);
  const columns = new Float32Array(second.n).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < first.n; i++) {
    const at = start + i * stride;
    let most = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < second.n; j++) {
      const value = data[at + j]!;
      if (value > most) most = value;
      if (value > columns[j]!) columns[j] = value;
    }
    rows[i] = most;
  }
  const seconds = Math.min(window, first.n * first.step, second.n * second.step);
  const countOf = ({ n, step }: Track): number => Math.max(1, Math.min(n, Math.round(seconds / step)));
  return Math.min(meanOfLargest(rows, countOf(first)), meanOfLargest(columns, countOf(second)));
}
