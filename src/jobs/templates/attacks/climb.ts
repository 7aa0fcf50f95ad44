import type { RandomStream } from '../../../ground/math/index.ts';
import { cosine } from '../scheme.ts';

/** What a climb reached. */
export interface Climbed {
  /** Of unit length, `[width]`. */
  readonly found: Float64Array;
  readonly score: number;
  /** Questions that were asked. */
  readonly queries: number;
}

export interface ClimbOptions {
  readonly width: number;
  /** Questions at most. */
  readonly budget: number;
  readonly stream: RandomStream;
  /** Where to start; by default the best of some random directions. */
  readonly start?: ArrayLike<number> | undefined;
  /** Stops as soon as a score reaches this. */
  readonly enough?: number | undefined;
}

/** Directions that are tried at each step, each both ways. */
const DIRECTIONS = 16;
const FIRST_TRIES = 32;
const FIRST_STEP = 0.5;
const LAST_STEP = 0.05;

/** A vector scaled to length 1. */
export function toUnit(vector: ArrayLike<number>): Float64Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  return Float64Array.from(vector, value => value * scale);
}

export const randomUnit = (width: number, stream: RandomStream): Float64Array =>
  toUnit(Float64Array.from({ length: width }, () => stream.normal()));

/** A point moved along a direction, of unit length again. */
function moved(from: Float64Array, along: Float64Array, by: number): Float64Array {
  return toUnit(from.map((value, i) => value + by * along[i]!));
}

/**
 * Climbs to an embedding that scores high by asking for scores alone: at each point the score is asked for on both sides along random
 * directions, and the point moves along their weighted sum (evolution strategies with mirrored sampling, Salimans et al., arXiv 1703.03864).
 *
 * @param scoreOf of a unit embedding; larger is more alike
 */
export function climbScores(scoreOf: (unit: Float64Array) => number, options: ClimbOptions): Climbed {
  const { width, budget, stream, enough = Number.POSITIVE_INFINITY } = options;
  let queries = 0;
  const ask = (unit: Float64Array): number => {
    queries++;
    return scoreOf(unit);
  };
  let found = options.start === undefined ? randomUnit(width, stream) : toUnit(options.start);
  let score = ask(found);
  if (options.start === undefined)
    for (let i = 1; i < FIRST_TRIES && queries < budget; i++) {
      const other = randomUnit(width, stream);
      const own = ask(other);
      if (own > score) [found, score] = [other, own];
    }
  let point = found;
  while (queries + 2 * DIRECTIONS + 1 <= budget && score < enough) {
    const step = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** (queries / budget);
    const sum = new Float64Array(width);
    for (let k = 0; k < DIRECTIONS; k++) {
      const along = randomUnit(width, stream);
      const difference = ask(moved(point, along, step)) - ask(moved(point, along, -step));
      for (let j = 0; j < width; j++) sum[j]! += difference * along[j]!;
    }
    const next = moved(point, toUnit(sum), step);
    const own = ask(next);
    // A step down is kept as a point, since scores of few bits move in steps; the best one is what counts.
    point = next;
    if (own > score) [found, score] = [next, own];
  }
  return { found, score, queries };
}

/** A random face: the strangers summed with random weights, so that it has their covariance. */
function guess(strangers: readonly ArrayLike<number>[], width: number, stream: RandomStream): Float64Array {
  if (strangers.length < 2) return randomUnit(width, stream);
  const sum = new Float64Array(width);
  for (const stranger of strangers) {
    const weight = stream.normal();
    for (let j = 0; j < width; j++) sum[j]! += weight * stranger[j]!;
  }
  return toUnit(sum);
}

/** What asking for decisions alone came to. */
export interface Decided {
  /** Null where nothing was accepted. */
  readonly found: Float64Array | null;
  readonly queries: number;
  /** Questions until the first one was accepted; null where none was. */
  readonly firstAccepted: number | null;
}

/** Questions on each side along a direction. */
const HALVINGS = 5;
/** A climb ends after so many directions in a row that moved it by less than this, in radians. */
const STILL_ROUNDS = 32;
const STILL = 0.03;

/** The part of a direction that is at right angles to a unit vector, of unit length. */
function tangent(unit: Float64Array, direction: Float64Array): Float64Array {
  const along = cosine(unit, direction);
  return toUnit(direction.map((value, j) => value - along * unit[j]!));
}

/** A unit vector turned by an angle towards a direction at right angles to it. */
const turned = (unit: Float64Array, towards: Float64Array, angle: number): Float64Array =>
  unit.map((value, j) => Math.cos(angle) * value + Math.sin(angle) * towards[j]!);

/** The climb as questions: yields an embedding, is told whether it was accepted. */
function* climb(
  strangers: readonly ArrayLike<number>[],
  { width, budget, stream }: ClimbOptions,
): Generator<Float64Array, Decided, boolean> {
  let queries = 0;
  let found: Float64Array | null = null;
  for (const stranger of strangers) {
    if (queries >= budget) return { found: null, queries, firstAccepted: null };
    const unit = toUnit(stranger);
    queries++;
    if (yield unit) {
      found = unit;
      break;
    }
  }
  while (found === null && queries < budget) {
    const unit = guess(strangers, width, stream);
    queries++;
    if (yield unit) found = unit;
  }
  if (found === null) return { found, queries, firstAccepted: null };
  const firstAccepted = queries;
  for (let still = 0; still < STILL_ROUNDS && queries + 2 * HALVINGS + 1 <= budget; ) {
    const along = tangent(found, randomUnit(width, stream));
    const ends = [0, 0];
    for (const [side, sign] of [1, -1].entries()) {
      let outside = Math.PI / 2;
      for (let k = 0; k < HALVINGS; k++) {
        const middle: number = (ends[side]! + outside) / 2;
        queries++;
        if (yield turned(found, along, sign * middle)) ends[side] = middle;
        else outside = middle;
      }
    }
    const angle = (ends[0]! - ends[1]!) / 2;
    still = Math.abs(angle) < STILL ? still + 1 : 0;
    if (angle === 0) continue;
    const next = turned(found, along, angle);
    queries++;
    if (yield next) found = next;
  }
  return { found, queries, firstAccepted };
}

/**
 * Climbs by asking whether an embedding is accepted, and nothing else: strangers are tried until one is; from there the
 * borders of what is accepted are sought on both sides along random directions, and the point moves to the middle between them: on a great circle
 * the most similar point lies in the middle of the accepted arc.
 *
 * @param accepts the decision on a unit embedding
 * @param strangers embeddings that are tried first, in their order; then sums of all of them with random weights, which are spread as faces are;
 *   without strangers random directions
 */
export function climbDecisions(
  accepts: (unit: Float64Array) => boolean,
  strangers: readonly ArrayLike<number>[],
  options: ClimbOptions,
): Decided {
  const questions = climb(strangers, options);
  let step = questions.next();
  while (!step.done) step = questions.next(accepts(step.value));
  return step.value;
}

/** {@link climbDecisions} against a service: whoever decides takes its time, and what it throws ends the climb. */
export async function climbService(
  accepts: (unit: Float64Array) => Promise<boolean>,
  strangers: readonly ArrayLike<number>[],
  options: ClimbOptions,
): Promise<Decided> {
  const questions = climb(strangers, options);
  let step = questions.next();
  while (!step.done) step = questions.next(await accepts(step.value));
  return step.value;
}
