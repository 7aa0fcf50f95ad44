import { solveLinear } from '../../../ground/math/index.ts';
import { angleOf, type Motion, moveCells, STILL, slopesOf, stepBack } from './motion.ts';
import { inner, type Size } from './size.ts';

/** A grid that others are moved onto: its cells of mean 0 and length 1, and what of its slopes a gain and an offset do not explain. */
export interface Template {
  readonly size: Size;
  readonly values: Float32Array;
  readonly slopes: readonly Float32Array[];
  /** Inner products of the slopes, with a little on the diagonal for what has no slope. */
  readonly products: readonly (readonly number[])[];
}

/** Shares of the mean diagonal that is added to it. */
const RIDGE = 1e-6;
/** A motion beyond these, in shares of the shortest side and in radians, is none that the search answers for. */
const MOST = { shift: 0.16, angle: (15 * Math.PI) / 180 };

/** The cells of a template are unit vectors without a mean, as {@link normaliseCells} makes them. */
export function makeTemplate(values: Float32Array, size: Size): Template {
  const slopes = slopesOf(values, size);
  for (const slope of slopes) {
    const mean = slope.reduce((sum, value) => sum + value, 0) / slope.length;
    const along = inner(slope, values);
    for (let i = 0; i < slope.length; i++) slope[i] = slope[i]! - mean - along * values[i]!;
  }
  const products = slopes.map(a => slopes.map(b => inner(a, b)));
  const ridge = (RIDGE * products.reduce((sum, row, i) => sum + row[i]!, 0)) / slopes.length + 1e-12;
  for (let i = 0; i < slopes.length; i++) products[i]![i]! += ridge;
  return { size, values, slopes, products };
}

/** The template and its slopes as vectors that are orthogonal and of length 1: what they span holds, to first order, every moved template. */
export function spanOf({ values, slopes }: Template): Float32Array[] {
  const span = [values];
  for (const slope of slopes) {
    const rest = Float64Array.from(slope);
    for (const one of span) {
      let along = 0;
      for (let i = 0; i < rest.length; i++) along += rest[i]! * one[i]!;
      for (let i = 0; i < rest.length; i++) rest[i]! -= along * one[i]!;
    }
    const length = Math.sqrt(rest.reduce((sum, value) => sum + value * value, 0));
    if (length > 1e-6) span.push(Float32Array.from(rest, value => value / length));
  }
  return span;
}

/** Cells less their mean, of length 1; all 0 where they are all the same. */
function standardise(cells: Float32Array): Float32Array {
  let sum = 0;
  for (let i = 0; i < cells.length; i++) sum += cells[i]!;
  const mean = sum / cells.length;
  let squares = 0;
  for (let i = 0; i < cells.length; i++) squares += (cells[i]! - mean) ** 2;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < cells.length; i++) cells[i] = (cells[i]! - mean) * scale;
  return cells;
}

export interface Registered {
  readonly motion: Motion;
  /** Pearson's correlation of the template with the moved cells. */
  readonly similarity: number;
}

/**
 * Moves cells onto a template by Gauss and Newton's method, the template's slopes taken once (Baker and Matthews, International Journal of Computer Vision
 * 56, 2004, section 3), with gain and offset free (Evangelidis and Psarakis, IEEE Transactions on Pattern Analysis and Machine Intelligence 30, 2008). The best of
 * all motions that were passed is kept, so that no step makes it worse.
 */
export function register(
  { size, values, slopes, products }: Template,
  cells: Float32Array,
  { from = STILL, rounds }: { readonly from?: Motion; readonly rounds: number },
): Registered {
  const side = Math.min(...size.filter(n => n > 1));
  let best: Registered | null = null;
  let motion = from;
  for (let round = 0; ; round++) {
    const moved = standardise(moveCells(cells, size, motion));
    const similarity = inner(values, moved);
    if (best === null || similarity > best.similarity) best = { motion, similarity };
    if (round === rounds || similarity <= 0) return best;
    const step = solveLinear(
      products,
      slopes.map(slope => inner(slope, moved) / similarity),
    );
    if (step === null) return best;
    motion = stepBack(motion, step, size);
    if (angleOf(motion) > MOST.angle || motion.shift.some(shift => Math.abs(shift) > MOST.shift * side)) return best;
  }
}
