import type { PrivacyEventInput } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { type RandomKey, randomKey } from '../../../ground/math/index.ts';
import { type NoisyLattice, planLattice } from '../private/lattice-update.ts';
import { parametersOf } from '../secure/parameters.ts';
import type { Primitives } from '../secure/primitives.ts';
import { contextOf, type RoundRecord } from '../secure/record.ts';
import type { RoundPrivacy } from './messages.ts';

/** Fewest clients that a sum of a round covers, whatever the server does: its clients unmask no smaller one. */
const fewestSummed = ({ plan, leastClients }: Pick<RoundRecord, 'plan' | 'leastClients'>): number =>
  leastClients - parametersOf(plan, leastClients).mayDrop;

/**
 * Clients whose noise is in every sum of a round for certain, besides the one that is protected and besides those that may work with the server
 * and add none.
 */
export function contributorsOf(
  record: Pick<RoundRecord, 'plan' | 'leastClients'>,
  { clients }: { readonly clients: number },
): number {
  return fewestSummed(record) - 1 - Math.floor(record.plan.corrupt * clients);
}

/** The lattice of a round, as the server and its clients both find it from what the round says. */
export const latticeOf = ({ noise, clip, contributors, most }: RoundPrivacy, size: number): NoisyLattice =>
  planLattice({ size, clip, noiseMultiplier: noise, fewest: contributors, most });

/** The round's rotation: nothing secret, and the same for all. */
export function rotationOf(record: RoundRecord, primitives: Primitives): RandomKey {
  const context = contextOf(record, primitives);
  return randomKey(new DataView(context.buffer, context.byteOffset).getUint32(0));
}

/**
 * The lattice that a client adds its noise on, once it has made sure that the noise of all suffices.
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
  const certain = contributorsOf(record, { clients: most });
  if (contributors > certain)
    throw new BiolensError(
      'input',
      `the round counts on the noise of ${contributors} other clients, and ${Math.max(0, certain)} are certain`,
    );
  const lattice = latticeOf(privacy, size);
  if (record.entries !== lattice.padded || record.bits !== lattice.bits)
    throw new BiolensError(
      'input',
      `the round has ${record.entries} entries of ${record.bits} bits, its noise takes ${lattice.padded} of ${lattice.bits}`,
    );
  return lattice;
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
