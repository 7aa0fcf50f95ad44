import type { PrivacyEvent } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { checkDelta } from './check.ts';
import { pldEpsilon, type TightRelease } from './pld/epsilon.ts';
import { distributedGaussianRdp, pureRdp } from './rdp/discrete.ts';
import { poissonDiscreteGaussianRdp, poissonGaussianRdp } from './rdp/gaussian.ts';
import { composeRdp, RDP_ORDERS, type RdpCurve, rdpEpsilon } from './rdp/orders.ts';
import { poissonRdp } from './rdp/sampled.ts';
import { withoutReplacementGaussianRdp } from './rdp/without-replacement.ts';

/** What a list of releases has cost. */
export interface Spent {
  readonly delta: number;
  /**
   * ε by Rényi orders and by privacy loss distributions, both upper bounds; ∞ where something left in clear. `pld` is null, with `pldReason`,
   * where a release has no loss distribution of its own.
   */
  readonly epsilon: { readonly rdp: number; readonly pld: number | null };
  readonly pldReason?: string;
  /** Rényi order that gives `epsilon.rdp`; null where nothing is bounded. */
  readonly order: number | null;
  /** Steps of all releases. */
  readonly steps: number;
  /** Releases in clear, which no ε covers. */
  readonly inClear: number;
  readonly unit: PrivacyEvent['unit'] | null;
  readonly neighbours: PrivacyEvent['neighbours'] | null;
}

/** An event with noise. */
type Noisy = Exclude<PrivacyEvent, { readonly mechanism: 'none' }>;

/** Numbers that a guarantee depends on: events in which they are equal are one, repeated. */
function keyOf(event: Noisy): string {
  const { mechanism } = event;
  if (mechanism === 'discrete-laplace') return `${mechanism} ${event.scale / event.sensitivity}`;
  const sampled = `${event.sampling} ${event.samplingRate} ${event.noiseStdDev / event.sensitivity}`;
  if (mechanism !== 'distributed-discrete-gaussian') return `${mechanism} ${sampled}`;
  return `${mechanism} ${sampled} ${event.noiseStdDev} ${event.contributors} ${event.dimension}`;
}

/** Equal events together, with their steps added up. */
function groupEvents(events: readonly Noisy[]): { readonly event: Noisy; readonly steps: number }[] {
  const groups = new Map<string, { event: Noisy; steps: number }>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { event, steps: event.steps });
    else group.steps += event.steps;
  }
  return [...groups.values()];
}

/** @throws BiolensError `input` unless all promise the same: to the same member, with the same meaning of a neighbour */
export function checkOneKind(events: readonly PrivacyEvent[]): void {
  const [first] = events;
  for (const key of ['unit', 'neighbours'] as const) {
    const other = events.find(event => event[key] !== first![key]);
    if (other === undefined) continue;
    throw new BiolensError(
      'input',
      `"${key}" expected ${first![key]} as in the first event, got ${other[key]} (${other.released}): such guarantees do not add up`,
    );
  }
}

/** Rényi differential privacy of one step of an event, of order α. */
function rdpOf(event: Noisy, order: number): number {
  if (event.mechanism === 'discrete-laplace') return pureRdp(order, { epsilon: event.sensitivity / event.scale });
  const { samplingRate } = event;
  const mechanism = { noiseMultiplier: event.noiseStdDev / event.sensitivity, samplingRate };
  if (event.mechanism === 'discrete-gaussian') return poissonDiscreteGaussianRdp(order, mechanism);
  if (event.mechanism === 'distributed-discrete-gaussian')
    return poissonRdp(order, { rdp: at => distributedGaussianRdp(at, event), samplingRate });
  const bound = event.sampling === 'without-replacement' ? withoutReplacementGaussianRdp : poissonGaussianRdp;
  return bound(order, mechanism);
}

/** Curves of one step by {@link keyOf}: a run asks for the same ones before every round. */
const curves = new Map<string, readonly number[]>();
const MOST_CURVES = 256;

function stepCurve(event: Noisy): readonly number[] {
  const key = keyOf(event);
  let values = curves.get(key);
  if (values === undefined) {
    values = RDP_ORDERS.map(order => rdpOf(event, order));
    if (curves.size >= MOST_CURVES) curves.clear();
    curves.set(key, values);
  }
  return values;
}

/** The Rényi curve of events one after another, at {@link RDP_ORDERS}; those in clear have none and are left out. */
export function curveOf(events: readonly PrivacyEvent[]): RdpCurve {
  const noisy = events.filter(event => event.mechanism !== 'none');
  return composeRdp(
    groupEvents(noisy).map(({ event, steps }) => ({
      orders: RDP_ORDERS,
      values: stepCurve(event).map(value => steps * value),
    })),
  );
}

/** What an event is to the accountant of loss distributions; a reason where it is nothing. */
function tightOf({ event, steps }: { readonly event: Noisy; readonly steps: number }): TightRelease | string {
  if (event.mechanism === 'discrete-laplace') return { kind: 'pure', steps, epsilon: event.sensitivity / event.scale };
  if (event.mechanism !== 'gaussian') return 'discrete Gaussian noise in many dimensions has a Rényi bound alone';
  if (event.sampling === 'without-replacement') return 'sampling without replacement has a Rényi bound alone';
  return {
    kind: 'gaussian',
    steps,
    noiseMultiplier: event.noiseStdDev / event.sensitivity,
    samplingRate: event.samplingRate,
  };
}

/** ε by loss distributions, or the reason why there is none. */
function tightEpsilon(events: readonly PrivacyEvent[], delta: number): number | string {
  const releases: TightRelease[] = [];
  for (const group of groupEvents(events.filter(event => event.mechanism !== 'none'))) {
    const release = tightOf(group);
    if (typeof release === 'string') return release;
    releases.push(release);
  }
  return releases.length === 0 ? 0 : pldEpsilon(releases, { delta });
}

/** Sum of the ε of pure guarantees, a bound at any δ; ∞ where an event is no such guarantee. */
function pureSum(events: readonly PrivacyEvent[]): number {
  return events.reduce((sum, event) => {
    if (event.mechanism !== 'discrete-laplace') return Number.POSITIVE_INFINITY;
    return sum + (event.steps * event.sensitivity) / event.scale;
  }, 0);
}

/**
 * ε at δ of all that events released, computed from them anew.
 *
 * @throws BiolensError `input` where the events promise different things: another unit, or other neighbours; `usage`
 * unless 0 < δ < 1
 */
export function spentOf(events: readonly PrivacyEvent[], { delta }: { readonly delta: number }): Spent {
  checkDelta(delta);
  checkOneKind(events);
  const inClear = events.filter(({ mechanism }) => mechanism === 'none').length;
  const common = {
    delta,
    inClear,
    steps: events.reduce((sum, event) => sum + (event.mechanism === 'none' ? 1 : event.steps), 0),
    unit: events[0]?.unit ?? null,
    neighbours: events[0]?.neighbours ?? null,
  };
  if (inClear > 0)
    return { ...common, epsilon: { rdp: Number.POSITIVE_INFINITY, pld: Number.POSITIVE_INFINITY }, order: null };
  if (events.length === 0) return { ...common, epsilon: { rdp: 0, pld: 0 }, order: null };
  // Grids and orders both give a little away; of a few pure guarantees the plain sum is the least.
  const sum = pureSum(events);
  const { epsilon, order } = rdpEpsilon(curveOf(events), delta);
  const rdp = Math.min(epsilon, sum);
  const tight = tightEpsilon(events, delta);
  const pld = typeof tight === 'string' ? tight : Math.min(tight, sum);
  const bounded = { ...common, order: Number.isFinite(rdp) ? order : null };
  return typeof pld === 'string'
    ? { ...bounded, epsilon: { rdp, pld: null }, pldReason: pld }
    : { ...bounded, epsilon: { rdp, pld } };
}

/** The smaller of the two upper bounds. */
export const leastEpsilon = ({ epsilon }: Spent): number => Math.min(epsilon.rdp, epsilon.pld ?? epsilon.rdp);
