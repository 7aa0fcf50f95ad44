import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { joinFederation } from '../../src/jobs/federated/coordinator/join/node.ts';
import type { Training } from '../../src/jobs/federated/coordinator/messages.ts';
import { Participant, type ParticipantOptions } from '../../src/jobs/federated/coordinator/participant.ts';
import {
  type Coordinator,
  type ServeOptions,
  startCoordinator,
} from '../../src/jobs/federated/coordinator/serve/node.ts';
import { nodePrimitives as primitives } from '../../src/jobs/federated/secure/node.ts';
import { type Cohort, makeCohort } from './cohort.ts';

/** Numbers of the model. */
export const SIZE = 40;
/** Clients of the roster. */
export const N = 5;

export const training: Omit<Training, 'privacy'> = {
  model: 'test',
  epochs: 1,
  batchSize: 10,
  learningRate: 0.1,
  unit: 1,
  quantiser: { range: 1, levelBits: 16, mostWeight: 1 },
  loss: false,
  rule: null,
};

/** A coordinator's surroundings in one test: a folder, a log of all sides, and what stops the clients at its end. */
export class Federation {
  readonly #cohort = makeCohort(N);
  folder = '';
  stop = new AbortController();
  log: string[] = [];

  get roster(): Cohort['roster'] {
    return this.#cohort.roster;
  }

  get clients(): readonly number[] {
    return this.#cohort.secrets.map((_, client) => client);
  }

  begin(): void {
    this.folder = mkdtempSync(join(tmpdir(), 'biolens-federation-'));
    this.stop = new AbortController();
    this.log = [];
  }

  end(): void {
    this.stop.abort();
    rmSync(this.folder, { recursive: true, force: true });
  }

  participant(client: number, given: Pick<ParticipantOptions, 'train'> & Partial<ParticipantOptions>): Participant {
    const { roster, log } = this;
    const secret = this.#cohort.secrets[client]!;
    return new Participant({
      ...{ client, secret, roster, primitives, log: line => log.push(`c${client}: ${line}`) },
      ...given,
    });
  }

  join(participant: Participant, port: number, { signal } = this.stop): Promise<string> {
    const server = `ws://127.0.0.1:${port}`;
    const options = { server, participant, mostBytes: 2 ** 20, retryMs: 400, signal };
    return joinFederation({ ...options, log: line => this.log.push(line) }).catch(error => String(error));
  }

  start(given: Partial<ServeOptions> = {}): Promise<Coordinator> {
    return startCoordinator({
      roster: this.roster,
      state: this.folder,
      start: new Float32Array(SIZE),
      rounds: 2,
      training,
      privacy: null,
      plan: n => ({ dropout: 0.25, corrupt: 0, neighbours: n - 1 }),
      clients: N,
      leastClients: 3,
      host: '127.0.0.1',
      port: 0,
      tls: null,
      stepMs: 5000,
      trainMs: 5000,
      log: line => this.log.push(line),
      ...given,
    });
  }
}

/** A federation that is begun before each test of a file, and ended after it. */
export function useFederation(): Federation {
  const federation = new Federation();
  beforeEach(() => federation.begin());
  afterEach(() => federation.end());
  return federation;
}
