import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import { STEPS } from '../secure/frames.ts';
import type { Lost } from '../secure/round.ts';
import type { SimulationConfiguration } from './configuration.ts';

/** Who is invited to a round, and who is lost where. */
export interface Cohort {
  readonly invited: readonly number[];
  readonly lost: ReadonlyMap<number, Lost>;
}

export const keyOfRound = (key: RandomKey, round: number): RandomKey => foldIn(foldIn(key, 'round'), round);

/** Whether a client that is lost there has sent its vector before. */
export const hasSent = (lost: Lost): boolean => lost === null || lost === 'confirm' || lost === 'unmask';

/**
 * The clients of a round. Without noise a fixed number of them, chosen without replacement; with noise each one by chance, since that is what
 * the accountant's amplification by sampling is about. Of the invited a fixed share is lost, each at a random step.
 */
export function chooseCohort(
  { clients, fraction, drop, noise }: Pick<SimulationConfiguration, 'clients' | 'fraction' | 'drop' | 'noise'>,
  key: RandomKey,
): Cohort {
  const stream = openStream(foldIn(key, 'cohort'));
  const invited =
    noise > 0
      ? Array.from({ length: clients }, (_, client) => client).filter(() => stream.bool(fraction))
      : stream.sampleWithoutReplacement(clients, Math.max(1, Math.round(fraction * clients))).sort((a, b) => a - b);
  const going = stream.sampleWithoutReplacement(invited.length, Math.floor(drop * invited.length));
  return { invited, lost: new Map(going.map(i => [invited[i]!, stream.pick(STEPS)])) };
}
