import { solveLinear } from '../../../ground/math/index.ts';

/**
 * How often samples of each class are to be kept so that the kept ones have the wanted distribution.
 *
 * With M the confusion of the classifier, `confusion[predicted][true]`, keeping predicted class i with probability aᵢ turns the true shares p into
 * p_j·Σᵢ aᵢ M_ij / Z; asking that to be q gives Mᵀa = q/p. Without a confusion matrix a = q/p. Scaled so that the class that is kept most is always kept.
 *
 * @param shares `[classes]` true shares p, or those as classified without a confusion matrix
 * @param target `[classes]` wanted shares q
 * @returns `[classes]` probabilities of predicted classes; a class that never occurs cannot be made more of and counts as 1
 */
export function acceptanceRates(
  shares: readonly number[],
  target: readonly number[],
  confusion: readonly (readonly number[])[] | null,
): number[] {
  const ratios = target.map((wanted, i) => (shares[i]! > 0 ? wanted / shares[i]! : 0));
  const transposed = confusion?.map((_, j) => confusion.map(line => line[j]!));
  const solved = transposed === undefined ? ratios : (solveLinear(transposed, ratios) ?? ratios);
  const rates = solved.map(rate => Math.max(0, rate));
  const most = Math.max(...rates);
  return rates.map((rate, i) => (shares[i]! > 0 && most > 0 ? rate / most : 1));
}

/**
 * How a classifier errs on what was kept by its own answers: of the true class j, predicted class i is kept with probability aᵢ, so that its counts
 * shrink by as much. Without it the kept shares would be corrected for errors that the selection has changed, as if they were still those of all samples.
 *
 * @param confusion `[predicted][true]` counts on labelled images
 * @param rates `[predicted]` share that was kept of each predicted class
 * @returns counts of the same form, which are no more than those given
 */
export function confusionOfKept(confusion: readonly (readonly number[])[], rates: readonly number[]): number[][] {
  return confusion.map((line, i) => line.map(count => count * (rates[i] ?? 0)));
}

/** Counts, class by class, how many samples were looked at and how many of them kept. */
export class KeptCounts {
  readonly #counts = new Map<string, { looked: number; kept: number }>();

  /** @param attributes attribute → predicted class of a sample */
  count(attributes: Readonly<Record<string, string>>, kept: boolean): void {
    for (const [attribute, name] of Object.entries(attributes)) {
      const key = JSON.stringify([attribute, name]);
      const counts = this.#counts.get(key) ?? { looked: 0, kept: 0 };
      counts.looked++;
      if (kept) counts.kept++;
      this.#counts.set(key, counts);
    }
  }

  /** Share that was kept of each predicted class; 0 of one that was never seen. */
  ratesOf(attribute: string, classes: readonly string[]): number[] {
    return classes.map(name => {
      const { looked, kept } = this.#counts.get(JSON.stringify([attribute, name])) ?? { looked: 0, kept: 0 };
      return looked === 0 ? 0 : kept / looked;
    });
  }
}
