import { benjaminiHochberg } from '../../../ground/math/index.ts';
import { fitNullTail, type NullTail } from './null-tail.ts';
import type { PairHistogram } from './pair-histogram.ts';
import { pairNullTail } from './threshold.ts';

/** Null sample of top-1 similarities below which the tail of single pairs is used instead. */
export const MIN_NULL = 60;

/** What is said of a generated image. */
export interface Called {
  readonly pValue: number | null;
  readonly qValue: number | null;
  readonly copy: boolean;
}

export interface Calls {
  /** `[generated]`; null where no null could be made. */
  readonly pValues: Float64Array | null;
  /** `[generated]` Benjamini-Hochberg adjusted. */
  readonly qValues: Float64Array | null;
  /** How the p-values were made, in words for the report. */
  readonly method: string;
  /** `[generated]`: copies are those that reach the threshold (null: none can) and have a q-value of at most this false discovery rate. */
  called(threshold: number | null, falseDiscoveryRate: number): readonly Called[];
  /**
   * Least similarity at or above `from` that would be called at this false discovery rate if it were the only copy: the
   * sensitivity of the audit. Null when not even identical images would be.
   */
  callableFrom(from: number, falseDiscoveryRate: number): number | null;
}

/** What an image of someone the generator never saw looks like next to the training set. */
export interface NullOfRealImages {
  /** Top-1 similarities of real images to the training set. */
  readonly top1: Float32Array;
  /** Similarities of single unrelated pairs. */
  readonly pairs: PairHistogram;
  /** Different training items that a top-1 similarity is the maximum over: duplicates count once. */
  readonly training: number;
}

/** What the same generated images look like next to people the generator never saw. */
export interface NullOfHeldout {
  /** `[generated]` top-1 similarity of each generated image to the held-out set. */
  readonly top1: Float32Array;
  readonly heldout: number;
  readonly training: number;
}

/**
 * P- and q-values of "this generated image is no nearer to the training set than an image that cannot be a copy".
 *
 * Two controls, and an image has to beat both (its p-value is the larger one, which is valid if either is):
 *
 * 1. real images that are not in the training set, next to the same training set (held-out images, or each training image next
 *    to the others): matched in what they are compared with;
 * 2. where there are held-out images, the generated images next to those: matched in who is compared, so that a generator whose
 *    faces all look alike is not taken for one that copies. A maximum over `heldout` images becomes one over
 *    `training` by 1 − (1 − p)^(training/heldout).
 *
 * The p-values share their control samples, a positive dependence under which the Benjamini-Hochberg procedure keeps its rate
 * (Bates et al., "Testing for Outliers with Conformal p-values", Annals of Statistics 2023, theorem 2).
 *
 * @param top1 `[generated]` similarity of each generated image to its nearest training image
 */
export function callCopies(
  top1: Float32Array,
  controls: { readonly real: NullOfRealImages; readonly heldout: NullOfHeldout | null },
): Calls {
  const { real, heldout } = controls;
  const usePairs = real.top1.length < MIN_NULL;
  const fitted: NullTail | null = usePairs ? pairNullTail(real.pairs, real.training) : fitNullTail(real.top1);
  if (fitted === null)
    return {
      pValues: null,
      qValues: null,
      method: 'none: too few real pairs',
      called: () => Array.from(top1, () => ({ pValue: null, qValue: null, copy: false })),
      callableFrom: () => null,
    };
  let pValueOf = fitted.pValue;
  let method = usePairs ? 'tail of real pairs' : `real images (${fitted.method} tail)`;
  if (heldout !== null && heldout.top1.length >= MIN_NULL) {
    const matched = fitNullTail(heldout.top1);
    const power = Math.max(1, heldout.training / heldout.heldout);
    pValueOf = similarity =>
      Math.max(fitted.pValue(similarity), -Math.expm1(power * Math.log1p(-matched.pValue(similarity))));
    method += `, and generated against held-out images (${matched.method} tail)`;
  }
  const pValues = Float64Array.from(top1, pValueOf);
  const qValues = Float64Array.from(benjaminiHochberg(pValues));
  return {
    pValues,
    qValues,
    method,
    called: (threshold, falseDiscoveryRate) =>
      Array.from(top1, (similarity, i) => ({
        pValue: pValues[i]!,
        qValue: qValues[i]!,
        copy: threshold !== null && similarity >= threshold && qValues[i]! <= falseDiscoveryRate,
      })),
    callableFrom(from, falseDiscoveryRate) {
      const isCalled = (similarity: number): boolean => pValueOf(similarity) <= falseDiscoveryRate / top1.length;
      if (!isCalled(1)) return null;
      let [low, high] = [from, 1];
      if (isCalled(low)) return low;
      while (high - low > 1e-6) {
        const middle = (low + high) / 2;
        if (isCalled(middle)) high = middle;
        else low = middle;
      }
      return high;
    },
  };
}
