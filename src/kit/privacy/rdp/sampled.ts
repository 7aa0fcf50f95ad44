import { checkOrder, checkRate } from '../check.ts';
import { logAdd, logBinomials } from '../log-sums.ts';

/** Rényi differential privacy of a mechanism by order. */
export type RdpOf = (order: number) => number;

/** Above this order a sum over all whole orders below it costs more than it gives. */
const HIGHEST = 256;

function logBound(order: number, rdp: RdpOf, q: number): number {
  if (order === 1) return 0;
  const binomials = logBinomials(order);
  const [logQ, logRest] = [Math.log(q), Math.log1p(-q)];
  let sum = (order - 1) * logRest + Math.log1p((order - 1) * q);
  for (let l = 2; l <= order; l++) {
    const factor = l === 2 ? 0 : Math.log(3);
    sum = logAdd(sum, factor + binomials[l]! + (order - l) * logRest + l * logQ + (l - 1) * rdp(l));
  }
  return sum;
}

/**
 * Rényi differential privacy of order α of any mechanism whose members take part independently with probability q: Zhu and Wang, "Poisson
 * Subsampled Rényi Differential Privacy" (ICML 2019), theorem 5; orders that are not whole by the convexity of the moments. For mechanisms
 * of which no more is known than their curve, such as discrete noise in many dimensions; looser than what holds for the continuous Gaussian.
 *
 * @param rdp curve of the mechanism on everybody, at whole orders from 2 on
 * @throws BiolensError `usage` unless the order is above 1 and the rate above 0 and at most 1
 */
export function poissonRdp(
  order: number,
  { rdp, samplingRate }: { readonly rdp: RdpOf; readonly samplingRate: number },
): number {
  checkOrder(order);
  checkRate(samplingRate);
  const unsampled = rdp(order);
  if (samplingRate === 1 || order > HIGHEST) return unsampled;
  const below = Math.floor(order);
  const part = order - below;
  const lower = logBound(below, rdp, samplingRate);
  const bound = part === 0 ? lower : (1 - part) * lower + part * logBound(below + 1, rdp, samplingRate);
  return Math.min(unsampled, bound / (order - 1));
}
