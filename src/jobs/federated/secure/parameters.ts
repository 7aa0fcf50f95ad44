import { BiolensError } from '../../../ground/errors.ts';
import { logGamma } from '../../../ground/math/index.ts';

/** Probability, as a power of two, with which the guarantees may fail: the statistical parameter of Bell et al. (2020). */
export const FAILURE_BITS = 40;
/** Shamir's scheme over GF(2⁸) has so many shares. */
export const MOST_NEIGHBOURS = 254;
export const MOST_CLIENTS = 10_000;

/** What is assumed of the clients of a round, and how many neighbours each has. */
export interface CohortPlan {
  /** Largest share of the cohort that may be lost, 0 ≤ dropout < 0.5. */
  readonly dropout: number;
  /** Largest share of the cohort that may work with the server, 0 ≤ corrupt < 0.5. */
  readonly corrupt: number;
  /** Neighbours of a client, on average; n − 1 or more is the complete graph. */
  readonly neighbours: number;
}

/** What a plan comes to in a cohort of n. */
export interface CohortParameters {
  readonly n: number;
  readonly neighbours: number;
  /** Probability of an edge. */
  readonly edge: number;
  /** More corrupt neighbours than these has no client, but with probability 2⁻⁴⁰. */
  readonly corruptNeighbours: number;
  /** Clients that may be lost until the vectors are there. */
  readonly mayDrop: number;
  /** Every sum that can be revealed covers at least so many honest clients, but with probability 2⁻⁴⁰, whatever the server does. */
  readonly smallestSum: number;
}

/** log₂ of n over k. */
function log2Choose(n: number, k: number): number {
  return (logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)) / Math.LN2;
}

/** Probabilities of 0 … n successes. */
function binomial(n: number, p: number): Float64Array {
  const mass = new Float64Array(n + 1);
  if (p >= 1) mass[n] = 1;
  else if (p <= 0) mass[0] = 1;
  else for (let k = 0; k <= n; k++) mass[k] = 2 ** (log2Choose(n, k) + k * Math.log2(p) + (n - k) * Math.log2(1 - p));
  return mass;
}

/** P[X > k] for each k, summed from the small end. */
function tails(mass: Float64Array): Float64Array {
  const above = new Float64Array(mass.length);
  for (let k = mass.length - 2; k >= 0; k--) above[k] = above[k + 1]! + mass[k + 1]!;
  return above;
}

const limit = (n: number): number => 2 ** -(FAILURE_BITS + 1) / n;

function corruptNeighboursOf(corrupt: number, p: number, n: number): number {
  const above = tails(binomial(corrupt, p));
  const most = above.findIndex(tail => tail <= limit(n));
  return most < 0 ? corrupt : most;
}

/** log₂ of a bound on P[2·Bin(a, p) ≥ Bin(b, p)], by exponential moments. */
function log2Closed(a: number, b: number, p: number): number {
  const bound = (theta: number): number =>
    a * Math.log2(1 + p * Math.expm1(2 * theta)) + b * Math.log2(1 + p * Math.expm1(-theta));
  let [low, high] = [0, 40];
  for (let i = 0; i < 60; i++) {
    const [first, second] = [low + (high - low) / 3, high - (high - low) / 3];
    if (bound(first) < bound(second)) high = second;
    else low = first;
  }
  return Math.min(0, bound(low));
}

/**
 * The fewest honest clients that a revealed sum covers. A client opens its secrets to no list of survivors that was not signed by more than
 * half of its honest neighbours, so the honest clients of one sum have among themselves at least as many edges as lead out. All sets of a
 * size are excluded at once by a union bound; the server may also choose which honest clients never take part.
 */
function smallestSumOf({ honest, present, edge }: Record<'honest' | 'present' | 'edge', number>): number {
  if (edge >= 1) return Math.ceil((present + 1) / 2);
  let failure = 0;
  for (let size = 1; size < present; size++) {
    const closed = log2Closed((size * (size - 1)) / 2, size * (present - size), edge);
    failure += 2 ** (log2Choose(honest, size) + closed);
    if (failure > 2 ** -(FAILURE_BITS + 1)) return size;
  }
  return present;
}

function checkPlan({ dropout, corrupt, neighbours }: CohortPlan, n: number): void {
  if (!Number.isInteger(n) || n < 3 || n > MOST_CLIENTS)
    throw new BiolensError('input', `cohort: expected 3 to ${MOST_CLIENTS} clients, got ${n}`);
  for (const [name, value] of Object.entries({ dropout, corrupt }))
    if (!(value >= 0 && value < 0.5))
      throw new BiolensError('input', `"${name}" expected a share from 0 to below 0.5, got ${value}`);
  if (!Number.isInteger(neighbours) || neighbours < 2)
    throw new BiolensError('input', `"neighbours" expected a whole number from 2, got ${neighbours}`);
}

/** What a plan comes to: every client computes it for itself from the number of clients that it sees. */
export function parametersOf(plan: CohortPlan, n: number): CohortParameters {
  checkPlan(plan, n);
  const neighbours = Math.min(plan.neighbours, n - 1);
  const edge = neighbours / (n - 1);
  const corrupt = Math.floor(plan.corrupt * n);
  const mayDrop = Math.floor(plan.dropout * n);
  const honest = n - corrupt;
  const corruptNeighbours = corruptNeighboursOf(corrupt, edge, n);
  const smallestSum = smallestSumOf({ honest, present: honest - mayDrop, edge });
  return { n, neighbours, edge, corruptNeighbours, mayDrop, smallestSum };
}

/**
 * Shares that give back a secret of a client with so many neighbours. More than half of the honest neighbours have to agree, so that no
 * server gets both of a client's secrets by telling two halves of its neighbours different things.
 */
export function thresholdOf(neighbours: number, { corruptNeighbours }: Pick<CohortParameters, 'corruptNeighbours'>) {
  return Math.max(2, Math.floor((neighbours + corruptNeighbours) / 2) + 1);
}

/** Probability that some client has too few neighbours left for the round to be finished, at most. */
export function failureOf({ n, edge, mayDrop, corruptNeighbours }: CohortParameters): number {
  const alive = binomial(n - 1 - mayDrop, edge);
  const lost = tails(binomial(mayDrop, edge));
  let failure = 0;
  // Enough are alive where there are more of them than of the lost and of the corrupt together.
  for (let a = 0; a < alive.length; a++) {
    const spare = a - corruptNeighbours - 1;
    failure += alive[a]! * (spare < 0 || a < 2 ? 1 : (lost[spare] ?? 0));
  }
  return Math.min(1, n * failure);
}

/** Shamir's shares must suffice for every client, but with probability 2⁻⁴⁰. */
function fitsShares({ n, edge }: CohortParameters): boolean {
  if (edge >= 1) return n - 1 <= MOST_NEIGHBOURS;
  return (tails(binomial(n - 1, edge))[MOST_NEIGHBOURS] ?? 0) <= limit(n);
}

/** The first number from `low` to `high` that is right, where all after a right one are; null where none is. */
function firstRight(low: number, high: number, right: (value: number) => boolean): number | null {
  let [from, to] = [low, high + 1];
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (right(middle)) to = middle;
    else from = middle + 1;
  }
  return from > high ? null : from;
}

/**
 * The fewest neighbours with which a cohort is safe and its round is finished, both but with probability 2⁻⁴⁰: no client has as many corrupt
 * neighbours as its threshold, and every revealed sum covers a third of the honest clients that take part.
 *
 * @throws {BiolensError} `input` where no graph does
 */
export function planCohort(n: number, assumed: Pick<CohortPlan, 'dropout' | 'corrupt'>): CohortParameters {
  const at = (neighbours: number): CohortParameters => parametersOf({ ...assumed, neighbours }, n);
  const isSafe = (found: CohortParameters): boolean => {
    const present = n - Math.floor(assumed.corrupt * n) - found.mayDrop;
    return found.smallestSum >= Math.max(2, Math.ceil(present / 3)) && failureOf(found) <= 2 ** -FAILURE_BITS;
  };
  // Sparse graphs first: more neighbours are safer, until there are more of them than shares.
  const tooMany = firstRight(3, n - 2, k => !fitsShares(at(k))) ?? n - 1;
  const fewest = firstRight(2, tooMany - 1, k => isSafe(at(k)));
  if (fewest !== null) return at(fewest);
  const complete = at(n - 1);
  if (fitsShares(complete) && isSafe(complete)) return complete;
  const { dropout, corrupt } = assumed;
  throw new BiolensError(
    'input',
    `cohort: ${n} clients of which ${Math.floor(dropout * n)} may be lost and ${Math.floor(corrupt * n)} may work with the server cannot be summed securely; assume less of "dropout" and "corrupt", or take another number of clients`,
  );
}
