/**
 * A privacy loss distribution on a grid: how likely each loss ln P(x)/Q(x) is under P, where P and Q are the worst pair of output
 * distributions of neighbours.
 */
export interface LossGrid {
  /** Width of a step of losses. */
  readonly step: number;
  /** Loss of `masses[i]` is (lowest + i)·step. */
  readonly lowest: number;
  readonly masses: Float64Array;
  /** Probability of an unbounded loss. */
  readonly infinite: number;
}

/** Which way losses are rounded to the grid: so that δ is never too small, or never too large. */
export type Estimate = 'pessimistic' | 'optimistic';

/** A pair of output distributions, seen through the loss: what lies between two losses, under P and under Q. */
export interface LossPair {
  /** Range of losses outside of which P has at most `tail` on each side. */
  range(tail: number): { readonly low: number; readonly high: number };
  /** Probabilities, under P and under Q, of losses from `low` to `high`; `-Infinity` and `Infinity` are ends. */
  between(low: number, high: number): { readonly p: number; readonly q: number };
}

/**
 * Puts a loss distribution on a grid.
 *
 * Pessimistic: what lies between two grid points is shared out between them so that both its P and its Q probability are kept, which connects
 * the dots of the curve of δ (Doroshenko et al., "Connect the Dots: Tighter Discrete Approximations of Privacy Loss Distributions", PETS
 * 2022); what lies above the grid counts as unbounded. Its error falls with the square of the step.
 *
 * Optimistic: what lies around a grid point becomes one outcome (a processing of the output, which can only hide) and its loss is rounded
 * down. The cells are shifted so that the mean loss of each is at or just above its grid point: the error falls with the square, too.
 */
export function discretise(
  pair: LossPair,
  { step, tail, estimate }: { readonly step: number; readonly tail: number; readonly estimate: Estimate },
): LossGrid {
  const { low, high } = pair.range(tail);
  // An end that falls on a grid point must not slip out by its rounding.
  const lowest = Math.floor(low / step - 1e-6);
  const count = Math.ceil(high / step + 1e-6) - lowest;
  return estimate === 'pessimistic'
    ? connectDots(pair, { step, lowest, count })
    : collectCells(pair, { step, lowest, count });
}

interface Grid {
  readonly step: number;
  readonly lowest: number;
  readonly count: number;
}

function connectDots(pair: LossPair, { step, lowest, count }: Grid): LossGrid {
  const masses = new Float64Array(count + 1);
  masses[0] = pair.between(Number.NEGATIVE_INFINITY, lowest * step).p;
  const shrink = -Math.expm1(-step);
  for (let i = 0; i < count; i++) {
    const low = (lowest + i) * step;
    const { p, q } = pair.between(low, low + step);
    if (p === 0) continue;
    // Shares a and b with a + b = p and a·e^(−low) + b·e^(−low−step) = q.
    const upper = Math.min(p, Math.max(0, (p - q * Math.exp(low)) / shrink));
    masses[i] = masses[i]! + p - upper;
    masses[i + 1] = masses[i + 1]! + upper;
  }
  return { step, lowest, masses, infinite: pair.between((lowest + count) * step, Number.POSITIVE_INFINITY).p };
}

/** How much further than the estimate a cell is shifted, and how far above its grid point a loss must be to count as that. */
const MARGIN = 1.05;
const CLEARANCE = 1e-6;

function collectCells(pair: LossPair, { step, lowest, count }: Grid): LossGrid {
  const masses = new Float64Array(count + 1);
  const densities = Float64Array.from({ length: count }, (_, i) => {
    const low = (lowest + i) * step;
    return pair.between(low, low + step).p;
  });
  // Boundary i lies between grid points i − 1 and i. The loss of a cell is below its middle by step²/12 times the fall of the log density
  // there, and by step²/24 for being the mean of e^(−loss).
  const boundaryAt = (i: number): number => {
    const before = densities[i - 1] ?? 0;
    const after = densities[i] ?? 0;
    const fall = before > after && after > 0 ? Math.min(3, Math.log(before / after)) : 0;
    return (lowest + i - 0.5 + 2 * CLEARANCE + MARGIN * (fall / 12 + step / 24)) * step;
  };
  let low = boundaryAt(0);
  for (let i = 0; i <= count; i++) {
    const high = boundaryAt(i + 1);
    const { p, q } = pair.between(low, high);
    low = high;
    if (p === 0) continue;
    const loss = q === 0 ? lowest + i : Math.log(p / q) / step;
    const at = Math.min(count, Math.floor(loss - CLEARANCE) - lowest);
    if (at >= 0) masses[at] = masses[at]! + p;
  }
  return { step, lowest, masses, infinite: 0 };
}
