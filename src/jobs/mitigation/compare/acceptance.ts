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
