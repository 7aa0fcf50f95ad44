import { BiolensError } from '../../../ground/errors.ts';
import { type Matrix, row } from '../../../ground/math/index.ts';
import { toUnit } from './quantise.ts';

/** Where a threshold comes from. */
export interface Threshold {
  readonly cosine: number;
  readonly source: 'given' | 'built-in embedder' | 'gallery';
  /** Pairs of different people that it was set on, where it was set on the gallery. */
  readonly pairs: number | null;
}

/** Cosine that one in a thousand of the 76,833 pairs of different people in ORL exceeds with the built-in embedder; 94.6 % of its pairs of one person do. */
export const BUILT_IN_THRESHOLD = 0.935;

/** Pairs that are looked at, at most; beyond this, every k-th template is taken. */
const MOST_TEMPLATES = 2000;

/**
 * The cosine that a share `fmr` of the gallery's pairs of different people exceeds, so that a threshold fits the embedder at hand.
 *
 * With fewer than 1/fmr pairs it is the highest of them: the rate then cannot be told.
 *
 * @throws {BiolensError} `input` naming the gallery, where it has no two people
 */
export function thresholdOfGallery(
  {
    matrix,
    identities,
    name,
  }: { readonly matrix: Matrix; readonly identities: readonly (string | null)[]; readonly name: string },
  fmr: number,
): Threshold {
  const step = Math.ceil(matrix.rows / MOST_TEMPLATES);
  const chosen = Array.from({ length: Math.ceil(matrix.rows / step) }, (_, i) => i * step);
  const unit = chosen.map(i => toUnit(row(matrix, i), { field: `${name}: row ${i}`, dimension: matrix.cols }));
  const cosines: number[] = [];
  for (let a = 0; a < chosen.length; a++)
    for (let b = 0; b < a; b++) {
      if (identities[chosen[a]!] === identities[chosen[b]!]) continue;
      let sum = 0;
      for (let j = 0; j < matrix.cols; j++) sum += unit[a]![j]! * unit[b]![j]!;
      cosines.push(sum);
    }
  if (cosines.length === 0)
    throw new BiolensError('input', `${name}: a threshold cannot be set on one person; give one`, {
      details: { name },
    });
  const sorted = Float64Array.from(cosines).sort();
  const above = Math.floor(fmr * sorted.length);
  // Just above the last that may not be accepted.
  const cosine = Math.min(1, sorted[sorted.length - 1 - above]! + 1e-9);
  return { cosine, source: 'gallery', pairs: sorted.length };
}
