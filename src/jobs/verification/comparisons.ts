import { BiolensError } from '../../ground/errors.ts';

/**
 * Scores of comparisons: of each which two people it compares. A mated comparison is one of a person with the same person.
 *
 * Larger scores are more alike; {@link similaritiesOf} turns distances around.
 */
export interface Comparisons {
  /** `[n]`; finite. */
  readonly scores: Float64Array;
  /** `[n]`: 1 for a mated comparison, 0 for a non-mated one. */
  readonly mated: Uint8Array;
  /** Person of the reference and of the probe, `[n]` each, as numbers below `people`; null where the scores came without. */
  readonly persons: { readonly reference: Uint32Array; readonly probe: Uint32Array } | null;
  /** How many people the numbers are of; 0 where that is not known. */
  readonly people: number;
}

/** Which way a score points; stated by whoever made the scores, never guessed. */
export type ScoreMeaning = 'similarity' | 'distance';

/** Scores as similarities: distances with their sign changed. */
export function similaritiesOf(scores: ArrayLike<number>, meaning: ScoreMeaning): Float64Array {
  return Float64Array.from(scores, score => (meaning === 'distance' ? -score : score));
}

/** A similarity threshold as the user's scores have it. */
export const asGiven = (threshold: number, meaning: ScoreMeaning): number =>
  meaning === 'distance' ? -threshold : threshold;

/**
 * Checks comparisons at the door.
 *
 * @throws BiolensError `input` for a score that is not finite, or lists of other lengths, naming the source
 */
export function checkComparisons({ scores, mated, persons, people }: Comparisons, source: string): void {
  const refuse = (why: string): BiolensError => new BiolensError('input', `${source}: ${why}`);
  if (mated.length !== scores.length)
    throw refuse(`expected ${scores.length} marks of mated comparisons, got ${mated.length}`);
  const bad = scores.findIndex(score => !Number.isFinite(score));
  if (bad >= 0) throw refuse(`score ${bad + 1} is ${scores[bad]}, expected a finite number`);
  if (persons === null) return;
  for (const list of [persons.reference, persons.probe]) {
    if (list.length !== scores.length) throw refuse(`expected ${scores.length} people, got ${list.length}`);
    if (list.some(person => person >= people)) throw refuse(`a person is not one of the ${people} there are`);
  }
}

/** Scores of the mated and of the non-mated comparisons, ascending. */
export function splitScores({ scores, mated }: Pick<Comparisons, 'scores' | 'mated'>): {
  readonly genuine: Float64Array;
  readonly impostor: Float64Array;
} {
  return {
    genuine: scores.filter((_, i) => mated[i] === 1).sort(),
    impostor: scores.filter((_, i) => mated[i] !== 1).sort(),
  };
}
