import type { PrivacyEventInput } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type RandomKey, randomKey } from '../../../ground/math/index.ts';
import { type NoisyLattice, planLattice } from '../private/lattice-update.ts';
import { type CohortParameters, type CohortPlan, parametersOf } from '../secure/parameters.ts';
import type { Primitives } from '../secure/primitives.ts';
import { contextOf, type RoundRecord } from '../secure/record.ts';
import type { RoundPrivacy } from './messages.ts';

/**
 * Honest clients that every sum of a cohort covers, whatever the server does. Where all are neighbours and one may be lost at most, most of the
 * honest clients sign one list of survivors, so that no other is opened, and all who are alive on it are in the sum; else see `smallestSum`.
 */
function fewestHonest({ n, edge, mayDrop, smallestSum }: CohortParameters, { corrupt }: CohortPlan): number {
  return edge >= 1 && mayDrop <= 1 ? n - mayDrop - Math.floor(corrupt * n) : smallestSum;
}

/**
 * Clients whose noise is in every sum of a round for certain, besides the one that is protected and besides those that may work with the server
 * and add none.
 *
 * @param options.clients who take part; a round may begin with any number from its least one on
 */
export function contributorsOf(
  { plan, leastClients }: Pick<RoundRecord, 'plan' | 'leastClients'>,
  { clients }: { readonly clients: number },
): number {
  const alive = leastClients - parametersOf(plan, leastClients).mayDrop - Math.floor(plan.corrupt * clients);
  return Math.min(alive, fewestHonest(parametersOf(plan, clients), plan)) - 1;
}

/** A round's noise, by those that are certain however many of the invited clients come. */
export function planNoise(
  { noise, clip }: Pick<RoundPrivacy, 'noise' | 'clip'>,
  {
    plan,
    leastClients,
    invited,
  }: { readonly plan: CohortPlan; readonly leastClients: number; readonly invited: number },
): { readonly privacy: RoundPrivacy; readonly leastClients: number } {
  // The more clients are certain, the less noise each of them adds.
  const least = Math.max(leastClients, invited - Math.floor(plan.dropout * invited));
  const sizes = Array.from({ length: Math.max(1, invited - least + 1) }, (_, i) => least + i);
  const contributors = Math.min(...sizes.map(clients => contributorsOf({ plan, leastClients: least }, { clients })));
  if (contributors < 1)
    throw new BiolensError(
      'usage',
      `noise: of ${invited} clients so many may be lost or work with the server that no other one's noise is certain`,
    );
  return { privacy: { noise, clip, contributors, most: invited }, leastClients: least };
}

/** The lattice of a round, as the server and its clients both find it from what the round says. */
export const latticeOf = ({ noise, clip, contributors, most }: RoundPrivacy, size: number): NoisyLattice =>
  planLattice({ size, clip, noiseMultiplier: noise, fewest: contributors, most });

/** The round's rotation: nothing secret, and the same for all. */
export function rotationOf(record: RoundRecord, primitives: Primitives): RandomKey {
  const context = contextOf(record, primitives);
  return randomKey(new DataView(context.buffer, context.byteOffset).getUint32(0));
}

function checkContributors(wanted: number, certain: number): void {
  if (wanted > certain)
    throw new BiolensError(
      'input',
      `the round counts on the noise of ${wanted} other clients, and ${Math.max(0, certain)} are certain`,
    );
}

/**
 * The lattice that a client adds its noise on, once it has made sure that the noise of all suffices, as far as the record tells; see {@link checkCohort}.
 *
 * Adversary: the coordinator, with as many clients on its side as the round says. It cannot have the client count on noise that would not come.
 *
 * @throws {BiolensError} `input` saying what of the round does not fit
 */
export function checkedLattice(
  record: RoundRecord,
  privacy: RoundPrivacy,
  { size, leastNoise }: { readonly size: number; readonly leastNoise: number },
): NoisyLattice {
  const { noise, contributors, most } = privacy;
  if (noise < leastNoise)
    throw new BiolensError('input', `the round has noise of ${noise} clipping norms, it demands ${leastNoise}`);
  checkContributors(contributors, contributorsOf(record, { clients: most }));
  const lattice = latticeOf(privacy, size);
  if (record.entries !== lattice.padded || record.bits !== lattice.bits)
    throw new BiolensError(
      'input',
      `the round has ${record.entries} entries of ${record.bits} bits, its noise takes ${lattice.padded} of ${lattice.bits}`,
    );
  return lattice;
}

/**
 * Makes sure that the noise of all suffices, once it is known who takes part.
 *
 * Adversary: as above. It cannot understate how many take part, and with them how many work with it.
 *
 * @throws {BiolensError} `input` saying what of the round does not fit
 */
export function checkCohort(record: RoundRecord, { contributors, most }: RoundPrivacy, clients: number): void {
  if (clients > most)
    throw new BiolensError('input', `${clients} clients take part, and the round's noise is for ${most} at most`);
  checkContributors(contributors, contributorsOf(record, { clients }));
}

/** What a round releases: the coordinator learns the sum, and everybody the model made of it. All clients that are there take part: no sampling. */
export function eventOf(
  privacy: RoundPrivacy,
  { size, round }: { readonly size: number; readonly round: number },
): PrivacyEventInput {
  const { noiseStdDev, sensitivity, padded } = latticeOf(privacy, size);
  return {
    mechanism: 'distributed-discrete-gaussian',
    unit: 'client',
    neighbours: 'add-remove',
    sampling: 'none',
    samplingRate: 1,
    to: 'coordinator',
    round,
    purpose: 'update',
    released: 'sum of clipped updates',
    noiseStdDev,
    sensitivity,
    contributors: privacy.contributors,
    dimension: padded,
  };
}
