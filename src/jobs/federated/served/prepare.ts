import { BiolensError } from '../../../ground/errors.ts';
import type { JobPlan } from '../../../kit/job/index.ts';
import { readRosterFile, readText } from '../coordinator/files/node.ts';
import type { FleetTransport } from '../flower/fleet.ts';
import { createFleetTransport, makeNodeKey, readAuthority, readNodeKey } from '../flower/node.ts';
import { checkCombination } from '../rules/combinations.ts';
import { mostPoisoned } from '../rules/robust.ts';
import { planCohort } from '../secure/parameters.ts';
import type { Roster } from '../secure/record.ts';
import { type Mnist, readMnist } from '../tasks/mnist/node.ts';
import { MODELS, parametersOfModel } from '../tasks/models.ts';
import type { FederationConfiguration } from './configuration.ts';

/** All that is known before the work. */
export interface Prepared {
  readonly settings: FederationConfiguration;
  readonly roster: Roster;
  readonly mnist: Mnist | null;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** The SuperLink whose node the coordinator is; null for none. */
  readonly flower: FlowerLink | null;
}

/** How a SuperLink is spoken to. */
export interface FlowerLink {
  readonly address: string;
  readonly transport: FleetTransport;
  readonly registered: boolean;
}

async function prepareFlower(settings: FederationConfiguration): Promise<FlowerLink | null> {
  const { flower: address, flowerKey, flowerCertificates, flowerInsecure, noise, unit, rule } = settings;
  if (address === undefined) {
    if (flowerKey !== undefined || flowerCertificates !== undefined || flowerInsecure)
      throw new BiolensError(
        'usage',
        '--flower-key, --flower-root-certificates, --flower-insecure: belong to --flower',
      );
    return null;
  }
  if (noise !== undefined)
    throw new BiolensError(
      'usage',
      '--flower: a node of Flower reports the loss of its training, and --noise would not cover it',
    );
  if (unit === undefined && rule === 'mean')
    throw new BiolensError(
      'usage',
      '--flower: Flower weighs nodes by their examples; say with --weigh-by how many count one',
    );
  const key = flowerKey === undefined ? makeNodeKey() : await readNodeKey(flowerKey);
  const authority = flowerCertificates === undefined ? undefined : await readAuthority(flowerCertificates);
  const transport = createFleetTransport({ address, key, insecure: flowerInsecure, authority });
  return { address, transport, registered: flowerKey !== undefined };
}

/** Sums are planned; a robust rule must stand what it is to stand with the fewest clients that a round may end with. */
function checkRule({ rule, poisoned, clients, dropout, corrupt, noise, unit }: FederationConfiguration): void {
  const weighting = unit === undefined ? 'equal' : 'examples';
  checkCombination({ hidden: false, rule, algorithm: 'fedavg', weighting, isPrivate: noise !== undefined });
  if (rule === 'mean') {
    if (poisoned > 0) throw new BiolensError('usage', '--poisoned: belongs to a robust --rule; the mean stands none');
    planCohort(clients, { dropout, corrupt });
    return;
  }
  if (unit !== undefined)
    throw new BiolensError('usage', '--weigh-by: a client’s word on its examples would be a way around a robust rule');
  const most = mostPoisoned(rule, clients - Math.floor(dropout * clients)) ?? 0;
  if (poisoned > most)
    throw new BiolensError(
      'usage',
      `--poisoned ${poisoned}: ${rule} of so many clients as a round may end with stands ${most}`,
    );
}

/** @throws {BiolensError} `usage` or `input` naming the field or file */
export async function prepareFederation(settings: FederationConfiguration): Promise<Prepared> {
  const { cert, key, clients, noise, budget, unit, data } = settings;
  if ((cert === undefined) !== (key === undefined)) throw new BiolensError('usage', '--cert and --key belong together');
  if (noise === undefined && budget !== undefined)
    throw new BiolensError('usage', '--budget: nothing bounds ε without noise; add --noise');
  if (noise !== undefined && unit !== undefined)
    throw new BiolensError('usage', '--weigh-by: with noise all clients count alike');
  const flower = await prepareFlower(settings);
  const roster = await readRosterFile(settings.roster);
  if (clients > roster.members.length)
    throw new BiolensError('usage', `--clients ${clients}: the roster has ${roster.members.length}`);
  checkRule(settings);
  return {
    settings,
    roster,
    flower,
    mnist: data === undefined ? null : await readMnist(data),
    tls: cert === undefined || key === undefined ? null : { cert: await readText(cert), key: await readText(key) },
  };
}

/** What a coordinator reads and writes. */
export function planFederation({ settings, roster, mnist }: Prepared): JobPlan {
  const { size } = parametersOfModel(MODELS[settings.model]);
  const { data, state } = settings;
  return {
    reads: [
      { what: 'roster', path: settings.roster, amount: `${roster.members.length} clients` },
      ...(mnist === null ? [] : [{ what: 'test', path: data!, amount: `${mnist.test.labels.length} images` }]),
    ],
    writes: state === undefined ? [] : [{ what: 'state', path: state }],
    seconds: null,
    basis: 'it takes as long as its clients do',
    // The model, the sum, the vector at hand and their copies in messages; a robust rule holds all updates.
    memoryBytes:
      (settings.rule === 'mean' ? 40 : 40 + 4 * roster.members.length) * size + (mnist?.training.pixels.length ?? 0),
  };
}
