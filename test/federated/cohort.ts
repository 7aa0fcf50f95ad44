import { nodePrimitives } from '../../src/jobs/federated/secure/node.ts';
import type { Primitives } from '../../src/jobs/federated/secure/primitives.ts';
import { type Roster, type RoundRecord, rosterDigest } from '../../src/jobs/federated/secure/record.ts';
import type { Lost } from '../../src/jobs/federated/secure/round.ts';

export interface Cohort {
  readonly roster: Roster;
  readonly secrets: readonly Uint8Array[];
  readonly record: RoundRecord;
}

/** A roster of n clients with their keys, and a round for all of them. */
export function makeCohort(
  n: number,
  given: Partial<RoundRecord> = {},
  primitives: Primitives = nodePrimitives,
): Cohort {
  const secrets = Array.from({ length: n }, () => primitives.randomBytes(32));
  const roster = {
    members: secrets.map((secret, i) => ({ name: `c${i}`, key: primitives.signingKey(secret).public })),
  };
  const record: RoundRecord = {
    session: new Uint8Array(32).fill(7),
    round: 1,
    roster: rosterDigest(roster, primitives),
    model: new Uint8Array(32).fill(9),
    entries: 17,
    bits: 23,
    plan: { dropout: 0.3, corrupt: 0.1, neighbours: n - 1 },
    leastClients: 3,
    about: new Uint8Array(),
    ...given,
  };
  return { roster, secrets, record };
}

/** A vector that tells its client: sums of different clients differ. */
export function vectorOf(client: number, entries: number): Uint32Array {
  return Uint32Array.from({ length: entries }, (_, i) => (client * 977 + i * 31 + 1) % 65_536);
}

export function sumOf(clients: readonly number[], entries: number, bits: number): Uint32Array {
  const sum = new Uint32Array(entries);
  for (const client of clients)
    vectorOf(client, entries).forEach((value, i) => {
      sum[i] = (sum[i]! + value) % 2 ** bits;
    });
  return sum;
}

/** Clients whose vectors came, as the schedule of losses says. */
export function survivorsOf(n: number, lost: readonly Lost[]): number[] {
  return Array.from({ length: n }, (_, i) => i).filter(i => [null, 'confirm', 'unmask'].includes(lost[i] ?? null));
}
