import type { PrivacyEvent } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { curveOf, type Spent, spentOf } from './account.ts';
import { checkPositive } from './check.ts';
import { privacyEvent } from './ledger.ts';
import { pldEpsilon } from './pld/epsilon.ts';
import { rdpEpsilon } from './rdp/orders.ts';

/** Steps of one mechanism, but for its noise. */
export interface PlannedSteps {
  readonly sampling: 'poisson' | 'without-replacement' | 'none';
  /** 1 without sampling. */
  readonly samplingRate: number;
  readonly steps: number;
  readonly delta: number;
}

/** Noise is found to this relative precision, on the safe side. */
const PRECISION = 1e-4;
const LEAST_NOISE = 0.05;
const MOST_NOISE = 1e5;

/** What steps of a Gaussian mechanism cost, each with noise of `noiseMultiplier` times the sensitivity. */
export function planSpent(plan: PlannedSteps, noiseMultiplier: number): Spent {
  return spentOf([planEvent(plan, noiseMultiplier)], plan);
}

function planEvent({ sampling, samplingRate, steps }: PlannedSteps, noiseMultiplier: number): PrivacyEvent {
  return privacyEvent({
    mechanism: 'gaussian',
    unit: 'example',
    purpose: 'update',
    released: 'planned steps',
    to: 'whoever sees the result',
    neighbours: sampling === 'without-replacement' ? 'replace-one' : 'add-remove',
    sampling,
    samplingRate,
    steps,
    noiseStdDev: noiseMultiplier,
    sensitivity: 1,
  });
}

/**
 * The least noise, as a multiple of the sensitivity, at which steps of a Gaussian mechanism cost at most ε: by the Rényi bound, or by loss
 * distributions, which need less; null where the latter say nothing of such a mechanism. Found to 1e-4 of its value, on the safe side.
 *
 * @throws BiolensError `usage` where no noise from 0.05 to 100,000 is enough, or ε is not positive
 */
export function calibrateNoise(epsilon: number, plan: PlannedSteps, accountant: 'rdp' | 'pld'): number | null {
  checkPositive('epsilon', epsilon);
  const byOrders = (noise: number): number => rdpEpsilon(curveOf([planEvent(plan, noise)]), plan.delta).epsilon;
  if (accountant === 'rdp') return search(epsilon, byOrders, LEAST_NOISE);
  if (plan.sampling === 'without-replacement') return null;
  const { samplingRate, steps, delta } = plan;
  const byLosses = (noise: number): number =>
    pldEpsilon([{ kind: 'gaussian', noiseMultiplier: noise, samplingRate, steps }], { delta });
  // Less than the Rényi bound asks for, and seldom less than three quarters of that.
  return search(epsilon, byLosses, 0.75 * search(epsilon, byOrders, LEAST_NOISE));
}

/** The least argument, to {@link PRECISION}, at which a falling cost is at most ε. */
function search(epsilon: number, costOf: (noise: number) => number, start: number): number {
  let high = start;
  while (costOf(high) > epsilon) {
    high *= 1.5;
    if (high > MOST_NOISE)
      throw new BiolensError(
        'usage',
        `"epsilon" ${epsilon}: no noise up to ${MOST_NOISE} times the sensitivity is enough`,
      );
  }
  let low = high / 1.5;
  while (low > LEAST_NOISE && costOf(low) <= epsilon) low /= 1.5;
  while (high / low > 1 + PRECISION) {
    const middle = Math.sqrt(low * high);
    if (costOf(middle) > epsilon) low = middle;
    else high = middle;
  }
  return high;
}
