import { BiolensError } from '../../../../ground/errors.ts';
import { decodeNoisy } from '../../private/lattice-update.ts';
import { combineUpdates } from '../../rules/robust.ts';
import { nodePrimitives as primitives } from '../../secure/node.ts';
import type { CohortPlan } from '../../secure/parameters.ts';
import { decodeSum, sumBits } from '../../secure/quantise.ts';
import { type Roster, type RoundRecord, rosterDigest } from '../../secure/record.ts';
import { SecureServer, type SecureSum } from '../../secure/server.ts';
import { ClearServer, type SeenUpdates } from '../clear-round.ts';
import { Journal, readJournal } from '../journal/node.ts';
import { LOSS_RANGE, type RoundPrivacy, type Training, trainingOf } from '../messages.ts';
import { latticeOf, planNoise, rotationOf } from '../private-round.ts';
import type { FederationPrivacy } from '../spending.ts';
import { bytesOf } from '../state/node.ts';

/** A round under way, with what each client is to be told next. */
export interface Running {
  readonly record: RoundRecord;
  readonly server: SecureServer | ClearServer;
  readonly invited: readonly number[];
  readonly journal: Journal;
  readonly privacy: RoundPrivacy | null;
  next: ReadonlyMap<number, Uint8Array>;
  /** Who has said that it leaves: not waited for. */
  readonly declined: Set<number>;
  /** Why it was aborted before the coordinator was started anew; null where it goes on. */
  readonly aborted: string | null;
}

export interface RoundOptions {
  readonly session: Uint8Array;
  readonly round: number;
  readonly roster: Roster;
  readonly weights: Float32Array;
  readonly training: Omit<Training, 'privacy'>;
  readonly privacy: FederationPrivacy | null;
  readonly plan: CohortPlan;
  readonly leastClients: number;
  /** How many clients. */
  readonly invited: number;
}

/** What a round of so many clients is, and its noise. */
export function planRound(options: RoundOptions): Pick<Running, 'record' | 'privacy'> {
  const { session, round, roster, weights, training, plan, invited } = options;
  const { privacy, leastClients } =
    options.privacy === null
      ? { privacy: null, leastClients: options.leastClients }
      : planNoise(options.privacy, options);
  const lattice = privacy === null ? null : latticeOf(privacy, weights.length);
  const record = {
    session,
    round,
    roster: rosterDigest(roster, primitives),
    model: primitives.sha256(bytesOf(weights)),
    entries: lattice === null ? weights.length + (training.loss ? 2 : 1) : lattice.padded,
    // An update that is read by itself needs no room for others.
    bits: lattice === null ? sumBits(training.quantiser, training.rule === null ? invited : 1) : lattice.bits,
    plan,
    leastClients,
    about: new TextEncoder().encode(JSON.stringify({ ...training, privacy } satisfies Training)),
  };
  return { record, privacy };
}

function openServer(roster: Roster, { record, invited }: Pick<Running, 'record' | 'invited'>): Running['server'] {
  const { rule, quantiser } = trainingOf(record);
  if (rule === null) return new SecureServer({ roster, record, invited, primitives });
  const least = Math.max(record.leastClients, invited.length - Math.floor(record.plan.dropout * invited.length));
  return new ClearServer({ roster, record, invited, primitives, quantiser, least });
}

/** Begins a round, and its journal. */
export async function beginRound(
  path: string,
  { roster, record, privacy, invited }: Pick<Running, 'record' | 'privacy' | 'invited'> & { readonly roster: Roster },
): Promise<Running> {
  const server = openServer(roster, { record, invited });
  const journal = await Journal.open(path, 0);
  await journal.append({ kind: 'round', record, invited });
  return { record, server, invited, journal, privacy, next: new Map(), declined: new Set(), aborted: null };
}

/** The round that was broken off, as far as its journal says that it had come; null where there is none. */
export async function recoverRound(path: string, { roster }: { readonly roster: Roster }): Promise<Running | null> {
  let found: Pick<Running, 'record' | 'server' | 'invited'> | null = null;
  let next: Running['next'] = new Map();
  let aborted: string | null = null;
  let whole = 0;
  for await (const { entry, end } of readJournal(path)) {
    whole = end;
    if (entry.kind === 'round') {
      const { record, invited } = entry;
      found = { record, invited, server: openServer(roster, { record, invited }) };
    } else if (entry.kind === 'frame') found?.server.receive(entry.bytes);
    else
      try {
        next = found?.server.advance() ?? next;
      } catch (error) {
        // The coordinator was killed between closing the step and writing down that the round is over.
        if (!(error instanceof BiolensError) || error.code !== 'external') throw error;
        aborted = error.message;
      }
  }
  if (found === null) return null;
  // What its clients were told counts, whatever the coordinator is told now.
  const { privacy } = trainingOf(found.record);
  return { ...found, journal: await Journal.open(path, whole), privacy, next, declined: new Set(), aborted };
}

/** What a round has learned. */
export interface Learned {
  /** What the weights change by. */
  readonly change: Float64Array;
  readonly weight: number;
  readonly loss: number | null;
}

/** What comes of what clients have sent. */
export function learnedOf(
  { privacy, record }: Pick<Running, 'privacy' | 'record'>,
  found: SecureSum | SeenUpdates,
  { size }: { readonly size: number },
): Learned {
  const training = trainingOf(record);
  const { quantiser, rule } = training;
  const { clients } = found;
  const told = (mean: Float64Array, weight: number): Learned => ({
    change: mean.subarray(0, size),
    weight,
    loss: training.loss ? mean[size]! * LOSS_RANGE : null,
  });
  if ('updates' in found)
    return told(combineUpdates(found.updates, { rule: rule!.name, poisoned: rule!.poisoned }), clients.length);
  const { sum } = found;
  if (privacy !== null) {
    const noisy = decodeNoisy(sum, { lattice: latticeOf(privacy, size), rotation: rotationOf(record, primitives) });
    return { change: noisy.map(value => value / clients.length), weight: clients.length, loss: null };
  }
  const { total, weight } = decodeSum(sum, { quantiser, bits: record.bits, clients: clients.length });
  return told(
    total.map(value => value / weight),
    weight,
  );
}

/** Whose answers are waited for. */
export const awaitedOf = ({ server, declined }: Pick<Running, 'server' | 'declined'>): readonly number[] =>
  server.awaited.filter(client => !declined.has(client));
