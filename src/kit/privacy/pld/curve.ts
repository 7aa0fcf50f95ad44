import { checkDelta } from '../check.ts';
import type { LossGrid } from './losses.ts';

/**
 * δ at ε: the probability of larger losses, each less e^(ε − loss).
 *
 * @param epsilon at least 0
 */
export function lossDelta({ step, lowest, masses, infinite }: LossGrid, epsilon: number): number {
  let delta = infinite;
  for (let i = masses.length - 1; i >= 0; i--) {
    const loss = (lowest + i) * step;
    if (loss <= epsilon) break;
    delta -= masses[i]! * Math.expm1(epsilon - loss);
  }
  return delta;
}

/**
 * The least ε ≥ 0 at which δ is reached; ∞ where unbounded losses alone are likelier.
 *
 * @throws BiolensError `usage` unless 0 < δ < 1
 */
export function lossEpsilon({ step, lowest, masses, infinite }: LossGrid, delta: number): number {
  checkDelta(delta);
  if (infinite > delta) return Number.POSITIVE_INFINITY;
  // From the grid point `here` to the next one, δ(ε) = above − e^(ε − here)·weighted.
  let above = infinite;
  let weighted = 0;
  let here = (lowest + masses.length - 1) * step;
  const shrink = Math.exp(-step);
  for (let i = masses.length - 1; i >= 0; i--) {
    if (above - weighted > delta) break;
    if (here <= 0) return 0;
    above += masses[i]!;
    weighted = (weighted + masses[i]!) * shrink;
    here -= step;
  }
  return above <= delta ? 0 : Math.max(0, here + Math.log((above - delta) / weighted));
}
