import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { type ClientPolicy, SecureClient } from './client.ts';
import { STEPS, type Step } from './frames.ts';
import type { Primitives } from './primitives.ts';
import type { Roster, RoundRecord } from './record.ts';
import { SecureServer, type SecureSum } from './server.ts';

/** Where a client's connection ends: before it sends in this step. */
export type Lost = Step | null;

export interface LocalRoundOptions {
  readonly roster: Roster;
  readonly record: RoundRecord;
  readonly clients: readonly LocalClient[];
  readonly primitives: Primitives;
  readonly policy?: ClientPolicy;
  readonly signal?: AbortSignal | undefined;
  /** Changes or loses messages on their way, as a test of a hostile server or client does. */
  readonly onWay?: (message: {
    readonly step: Step;
    readonly client: number;
    readonly to: 'client' | 'server';
    readonly bytes: Uint8Array;
  }) => Uint8Array | null;
}

export interface LocalClient {
  readonly client: number;
  readonly secret: Uint8Array;
  /** Made when it is needed, so that no two need be in memory. */
  readonly vector: () => Uint32Array;
  readonly lost?: Lost;
}

export interface LocalRound extends SecureSum {
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Why clients have left by themselves, or were set aside. */
  readonly faults: readonly string[];
}

async function answer(party: SecureClient, step: Step, message: Uint8Array, one: LocalClient): Promise<Uint8Array> {
  switch (step) {
    case 'commit':
      return party.commit();
    case 'keys':
      return party.showKeys(message);
    case 'shares':
      return party.shareSecrets(message);
    case 'vector':
      return party.maskVector(message, one.vector());
    case 'confirm':
      return party.confirmSurvivors(message);
    case 'unmask':
      return party.unmask(message);
  }
}

/**
 * A whole round with all its clients in one process: the same functions that run on both ends of a connection, and the same bytes.
 *
 * @throws {BiolensError} `external` where the round is aborted; `interrupted`
 */
export async function runSecureRound(options: LocalRoundOptions): Promise<LocalRound> {
  const { roster, record, clients, primitives, policy, signal, onWay = ({ bytes }) => bytes } = options;
  const server = new SecureServer({ roster, record, invited: clients.map(({ client }) => client), primitives });
  const faults: string[] = [];
  const tally = { up: 0, down: 0 };
  const parties = new Map<number, SecureClient>();
  const guarded = async (work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof BiolensError) || error.code === 'interrupted') throw error;
      faults.push(error.message);
    }
  };
  const opening = { model: record.model, ...(policy === undefined ? {} : { policy }) };
  let messages = new Map<number, Uint8Array>(clients.map(({ client }) => [client, new Uint8Array()]));
  for (const step of STEPS) {
    for (const one of clients) {
      throwIfAborted(signal);
      const { client, secret, lost = null } = one;
      const sent = messages.get(client);
      if (sent === undefined || lost === step) {
        if (lost === step) parties.delete(client);
        continue;
      }
      await guarded(async () => {
        if (step === 'commit')
          parties.set(client, new SecureClient({ client, secret, roster, record, primitives, ...opening }));
        const party = parties.get(client);
        const received = onWay({ step, client, to: 'client', bytes: sent });
        if (party === undefined || received === null) return;
        tally.down += received.length;
        const bytes = onWay({ step, client, to: 'server', bytes: await answer(party, step, received, one) });
        if (bytes === null) return;
        tally.up += bytes.length;
        server.receive(bytes);
      });
    }
    messages = server.advance();
  }
  const sum = await server.finish();
  return { ...sum, bytesUp: tally.up, bytesDown: tally.down, faults };
}
