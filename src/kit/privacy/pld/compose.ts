import { BiolensError } from '../../../ground/errors.ts';
import { fourierTransform } from '../../../ground/math/index.ts';
import type { Estimate, LossGrid } from './losses.ts';

/** A loss distribution, and how many independent releases have it. */
export interface Repeated {
  readonly grid: LossGrid;
  readonly steps: number;
}

/** Probability beyond the range that a composition keeps, on each side. */
const CUT = 1e-17;
/** Largest transform: 2²³ numbers take 128 MB. */
const LARGEST = 2 ** 23;

/** Grid points that bounds of the range are computed on. */
const COARSE = 2048;

/** Fewer grid points, each mass shared out between its two neighbours so that the mean is kept: no convex moment gets smaller. */
function coarsen(grid: LossGrid): LossGrid {
  const group = Math.ceil(grid.masses.length / COARSE);
  if (group === 1) return grid;
  const masses = new Float64Array(Math.ceil(grid.masses.length / group) + 1);
  grid.masses.forEach((mass, i) => {
    const at = Math.floor(i / group);
    const upper = (mass * (i - at * group)) / group;
    masses[at] = masses[at]! + mass - upper;
    masses[at + 1] = masses[at + 1]! + upper;
  });
  // Losses are told from the lowest one, which need be no multiple of the wider step.
  return { step: grid.step * group, lowest: grid.lowest / group, masses, infinite: grid.infinite };
}

/** ln E e^(λ·loss) of what is on the grid. */
function logMoment({ step, lowest, masses }: LossGrid, lambda: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  const terms: number[] = [];
  masses.forEach((mass, i) => {
    if (mass <= 0) return;
    const term = Math.log(mass) + lambda * step * (lowest + i);
    terms.push(term);
    if (term > largest) largest = term;
  });
  return largest + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - largest), 0));
}

/** Orders that may get worse one after another before the search ends. */
const PATIENCE = 6;

/** A loss that the sum passes with probability of at most {@link CUT}, upwards or downwards: Chernoff's bound, the best of many orders. */
function chernoffEnd(parts: readonly Repeated[], sign: 1 | -1): number {
  let best = Number.POSITIVE_INFINITY;
  let worse = 0;
  for (let lambda = 2 ** -14; lambda <= 2 ** 20 && worse < PATIENCE; lambda *= Math.SQRT2) {
    const moment = parts.reduce((sum, { grid, steps }) => sum + steps * logMoment(grid, sign * lambda), 0);
    const value = (moment - Math.log(CUT)) / lambda;
    worse = value < best ? 0 : worse + 1;
    best = Math.min(best, value);
  }
  return sign * best;
}

/**
 * The loss distribution of independent releases one after another: a product of Fourier transforms. What falls outside of the range that is
 * kept, and what the transforms' rounding may have moved, counts as unbounded in a pessimistic estimate.
 *
 * @param parts all of one step width
 * @throws BiolensError `usage` where the range is too wide for the step
 */
export function composeLosses(parts: readonly Repeated[], estimate: Estimate): LossGrid {
  const step = parts[0]!.grid.step;
  const lowestOfAll = parts.reduce((sum, { grid, steps }) => sum + steps * grid.lowest, 0);
  const highestOfAll = parts.reduce((sum, { grid, steps }) => sum + steps * (grid.lowest + grid.masses.length - 1), 0);
  const coarse = parts.map(({ grid, steps }) => ({ grid: coarsen(grid), steps }));
  const low = Math.max(lowestOfAll, Math.floor(chernoffEnd(coarse, -1) / step));
  const high = Math.min(highestOfAll, Math.ceil(chernoffEnd(coarse, 1) / step));
  const longest = Math.max(...parts.map(({ grid }) => grid.masses.length));
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, high - low + 1, longest)));
  if (size > LARGEST)
    throw new BiolensError('usage', `a range of ${high - low} steps of ${step} expected, at most ${LARGEST}`);

  let productReal: Float64Array | undefined;
  let productImaginary = new Float64Array(0);
  let finite = 1;
  let steps = 0;
  for (const part of parts) {
    const real = new Float64Array(size);
    real.set(part.grid.masses);
    const imaginary = new Float64Array(size);
    fourierTransform(real, imaginary);
    raise(real, imaginary, part.steps);
    finite *= (1 - part.grid.infinite) ** part.steps;
    steps += part.steps;
    if (productReal === undefined) [productReal, productImaginary] = [real, imaginary];
    else multiply(productReal, productImaginary, real, imaginary);
  }
  const spectrum = productReal!;
  const moved = roundingError(spectrum, productImaginary, steps);
  fourierTransform(spectrum, productImaginary, { inverse: true });
  // The transform starts at the sum of the lowest losses, and wraps around.
  const masses = new Float64Array(high - low + 1);
  let at = (low - lowestOfAll) % size;
  for (let i = 0; i < masses.length; i++) {
    masses[i] = Math.max(0, spectrum[at]!);
    if (++at === size) at = 0;
  }
  const infinite = estimate === 'pessimistic' ? 1 - finite + 2 * CUT + moved : 0;
  return { step, lowest: low, masses, infinite };
}

/** Each number to a whole power, by its length and angle. */
function raise(real: Float64Array, imaginary: Float64Array, power: number): void {
  if (power === 1) return;
  for (let i = 0; i < real.length; i++) {
    const squared = real[i]! * real[i]! + imaginary[i]! * imaginary[i]!;
    const length = squared ** (power / 2);
    if (length < 1e-300) {
      real[i] = 0;
      imaginary[i] = 0;
      continue;
    }
    const angle = Math.atan2(imaginary[i]!, real[i]!) * power;
    real[i] = length * Math.cos(angle);
    imaginary[i] = length * Math.sin(angle);
  }
}

function multiply(real: Float64Array, imaginary: Float64Array, otherReal: Float64Array, otherImaginary: Float64Array) {
  for (let i = 0; i < real.length; i++) {
    const re = real[i]! * otherReal[i]! - imaginary[i]! * otherImaginary[i]!;
    imaginary[i] = real[i]! * otherImaginary[i]! + imaginary[i]! * otherReal[i]!;
    real[i] = re;
  }
}

/**
 * How much probability the rounding of doubles may have moved: a transform's numbers are off by about u·log₂ n of their size, and a power of T
 * makes that T times as much. By Parseval and Cauchy-Schwarz the n results are off by at most the Euclidean norm of that, all together.
 */
function roundingError(real: Float64Array, imaginary: Float64Array, steps: number): number {
  let squares = 0;
  for (let i = 0; i < real.length; i++) squares += real[i]! * real[i]! + imaginary[i]! * imaginary[i]!;
  return 1.2e-16 * Math.log2(real.length) * (steps + 1) * Math.sqrt(squares);
}
