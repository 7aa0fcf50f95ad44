import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import { DEFAULT_POLICY } from '../secure/client.ts';
import { nodePrimitives as primitives } from '../secure/node.ts';
import { addPacked, maskOf, packBits, packedBytes } from '../secure/packing.ts';
import type { CohortPlan } from '../secure/parameters.ts';
import { type Roster, type RoundRecord, rosterDigest } from '../secure/record.ts';
import { runSecureRound } from '../secure/round.ts';
import { MaskedSum, MaskHelper, splitVector } from '../secure/two-servers.ts';
import { type Cohort, hasSent } from './cohort.ts';
import type { Encoding } from './contribution.ts';
import { FEWEST } from './settings.ts';

/** A sum of vectors, and what it took. */
export interface Aggregated {
  readonly sum: Uint32Array;
  readonly clients: readonly number[];
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly faults: readonly string[];
}

export interface AggregateOptions {
  readonly round: number;
  readonly cohort: Cohort;
  readonly encoding: Encoding;
  /** Of the clients whose local training went well and whose vector is sent. */
  readonly vectors: ReadonlyMap<number, Uint32Array>;
  /** Digest of the model. */
  readonly model: Uint8Array;
  readonly plan: CohortPlan | null;
  readonly signal?: AbortSignal | undefined;
}

/** A way to add vectors up. */
export type Aggregator = (options: AggregateOptions) => Promise<Aggregated>;

/** Vectors in clear: the server sees each one. */
export const addInClear: Aggregator = async ({ encoding, vectors }) => {
  const { entries, bits, bitsAlone } = encoding;
  const sum = new Uint32Array(entries);
  for (const vector of vectors.values()) {
    const { kernel } = primitives;
    addPacked(sum, packBits(vector, bitsAlone, kernel), { bits: bitsAlone, kernel });
  }
  const mask = maskOf(bits);
  for (let i = 0; i < entries; i++) sum[i] = sum[i]! & mask;
  const bytesUp = vectors.size * packedBytes(entries, bitsAlone);
  return { sum, clients: [...vectors.keys()].sort((a, b) => a - b), bytesUp, bytesDown: 0, faults: [] };
};

/** The clients of a simulation with keys from its seed. */
export function makeRoster(
  clients: number,
  key: RandomKey,
): { readonly roster: Roster; readonly secrets: readonly Uint8Array[] } {
  const secrets = Array.from({ length: clients }, (_, client) => {
    const stream = openStream(foldIn(foldIn(key, 'signing key'), client));
    return Uint8Array.from({ length: 32 }, () => stream.integer(256));
  });
  const members = secrets.map((secret, client) => ({
    name: String(client),
    key: primitives.signingKey(secret).public,
  }));
  return { roster: { members }, secrets };
}

interface Members {
  readonly roster: Roster;
  readonly secrets: readonly Uint8Array[];
  readonly session: Uint8Array;
}

const NO_PLAN: CohortPlan = { dropout: 0, corrupt: 0, neighbours: 2 };

function recordOf({ roster, session }: Members, { round, encoding, model, plan }: AggregateOptions): RoundRecord {
  return {
    session,
    round,
    roster: rosterDigest(roster, primitives),
    model,
    entries: encoding.entries,
    bits: encoding.bits,
    plan: plan ?? NO_PLAN,
    leastClients: FEWEST,
    about: new TextEncoder().encode(encoding.about),
  };
}

/** Secure aggregation, every message of it. */
export function addSecurely(members: Members): Aggregator {
  return async options => {
    const { cohort, vectors, encoding, signal } = options;
    const clients = cohort.invited.map(client => {
      const lost = cohort.lost.get(client) ?? null;
      // Who has nothing to send is lost before it would.
      const silent = hasSent(lost) && !vectors.has(client);
      return {
        client,
        secret: members.secrets[client]!,
        vector: () => vectors.get(client) ?? new Uint32Array(encoding.entries),
        lost: silent ? ('commit' as const) : lost,
      };
    });
    const { roster } = members;
    // How many honest clients a sum covers is stated in the report; a user who asks for few neighbours has been told.
    const policy = { ...DEFAULT_POLICY, leastSum: 1 };
    return runSecureRound({ roster, record: recordOf(members, options), clients, primitives, policy, signal });
  };
}

/** Two servers that do not work together. */
export function addWithTwo(members: Members): Aggregator {
  return async options => {
    const { vectors } = options;
    const { roster, secrets } = members;
    const record = recordOf(members, options);
    if (vectors.size < FEWEST)
      throw new BiolensError(
        'external',
        `round ${record.round} is aborted: ${vectors.size} vectors have come, ${FEWEST} are needed`,
      );
    const helperKey = primitives.exchangeKey(primitives.randomBytes(32));
    const first = new MaskedSum({ roster, record, primitives });
    let bytesUp = 0;
    for (const [client, vector] of vectors) {
      const about = { client, secret: secrets[client]!, record, helper: helperKey.public, primitives };
      const message = await splitVector(vector, about);
      bytesUp += message.length;
      first.receive(message);
    }
    const masks = await new MaskHelper({ key: helperKey, roster, primitives }).sumMasks(record, first.seeds);
    return { ...first.finish(masks), bytesUp, bytesDown: 0, faults: [] };
  };
}
