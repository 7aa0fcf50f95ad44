import { BiolensError } from '../../../ground/errors.ts';
import type { Rule } from '../rules/robust.ts';
import type { SecureClientOptions } from '../secure/client.ts';
import { readFromClient, type Step, writeFromClient } from '../secure/frames.ts';
import { addPacked, packBits } from '../secure/packing.ts';
import type { Primitives } from '../secure/primitives.ts';
import { decodeSum, type Quantiser } from '../secure/quantise.ts';
import { contextOf, nameIn, type Roster, type RoundRecord, rosterDigest } from '../secure/record.ts';
import { sameBytes } from '../wire/bytes.ts';

/** A rule that compares single updates, and how many poisoned ones it is to stand. */
export interface RobustRule {
  readonly name: Exclude<Rule, 'mean'>;
  readonly poisoned: number;
}

/** What single clients have learned, which the coordinator reads. */
export interface SeenUpdates {
  /** `[clients][n]`, in the order of `clients`. */
  readonly updates: readonly Float32Array[];
  readonly clients: readonly number[];
}

/** Steps of a round in clear. */
type ClearStep = Extract<Step, 'commit' | 'vector'>;

export type ClearClientOptions = Omit<SecureClientOptions, 'policy'>;

/**
 * A client's part in a round that hides nothing: it says that it takes part, then sends its update, both signed. Robust rules need that, since they
 * compare single updates.
 *
 * Adversary: none within the federation. The coordinator reads the update, and with it much of the data behind it; nobody can send one in the
 * client's name.
 *
 * @throws {BiolensError} `input` where the round is of another roster or another model than the client's
 */
export class ClearClient {
  readonly #options: ClearClientOptions;
  readonly #context: Uint8Array;

  constructor(options: ClearClientOptions) {
    const { record, roster, client, secret, model, primitives } = options;
    this.#options = options;
    this.#context = contextOf(record, primitives);
    const own = roster.members[client]?.key;
    if (!sameBytes(record.roster, rosterDigest(roster, primitives)))
      throw new BiolensError('input', 'the round is for another roster than the one it knows');
    if (own === undefined || !sameBytes(own, primitives.signingKey(secret).public))
      throw new BiolensError('input', 'its key is not the one in the roster');
    if (!sameBytes(record.model, model))
      throw new BiolensError('input', 'the model that it was sent is not that of the round');
  }

  #answer(step: ClearStep, body: Uint8Array): Uint8Array {
    const { client, secret, primitives } = this.#options;
    return writeFromClient(step, { context: this.#context, signer: { client, secret }, body, primitives });
  }

  commit(): Uint8Array {
    return this.#answer('commit', this.#options.model);
  }

  /** @param entries as `quantise` makes them, of weight 1 */
  sendVector(entries: Uint32Array): Uint8Array {
    const { record, primitives } = this.#options;
    return this.#answer('vector', packBits(entries, record.bits, primitives.kernel));
  }
}

export interface ClearServerOptions {
  readonly roster: Roster;
  readonly record: RoundRecord;
  readonly quantiser: Quantiser;
  readonly invited: readonly number[];
  /** Fewer updates make no model. */
  readonly least: number;
  readonly primitives: Primitives;
}

/**
 * The coordinator's part in a round that hides nothing, in the form of `SecureServer`: takes clients' messages of a step in any order, and closes
 * the step. An update that does not fit sets its client aside by the error that names it. All updates are held at once, as their rules need.
 */
export class ClearServer {
  readonly #options: ClearServerOptions;
  readonly #context: Uint8Array;
  readonly #updates = new Map<number, Float32Array>();
  #step: ClearStep | 'over' = 'commit';
  #answered = new Set<number>();
  #expected: ReadonlySet<number>;

  constructor(options: ClearServerOptions) {
    this.#options = options;
    this.#context = contextOf(options.record, options.primitives);
    this.#expected = new Set(options.invited);
  }

  get step(): ClearStep | 'over' {
    return this.#step;
  }

  /** Clients that have not answered the step at hand. */
  get awaited(): readonly number[] {
    return [...this.#expected].filter(client => !this.#answered.has(client));
  }

  /**
   * Takes a message of the step at hand.
   *
   * @throws {BiolensError} `input` naming the client and why its message is not taken; the round goes on
   */
  receive(bytes: Uint8Array): number {
    const { roster, primitives, record } = this.#options;
    const step = this.#step;
    if (step === 'over') throw new BiolensError('input', 'the round is over: the message is not taken');
    const keyOf = (client: number) => roster.members[client]?.key ?? null;
    const { client, body } = readFromClient(bytes, { step, context: this.#context, keyOf, primitives });
    const refuse = (why: string): never => {
      throw new BiolensError('input', `${nameIn(roster, client)}: ${why}`, { details: { client } });
    };
    if (this.#answered.has(client)) refuse(`it has answered "${step}" already`);
    if (!this.#expected.has(client)) refuse(`it is not asked for "${step}"`);
    if (step === 'commit' && !sameBytes(body, record.model)) refuse('it was sent another model than that of the round');
    if (step === 'vector')
      try {
        this.#updates.set(client, this.#decode(body));
      } catch (error) {
        if (!(error instanceof BiolensError)) throw error;
        refuse(error.message);
      }
    this.#answered.add(client);
    return client;
  }

  #decode(body: Uint8Array): Float32Array {
    const { record, quantiser, primitives } = this.#options;
    const { bits } = record;
    const entries = new Uint32Array(record.entries);
    addPacked(entries, body, { bits, kernel: primitives.kernel });
    return Float32Array.from(decodeSum(entries, { quantiser, bits, clients: 1 }).total);
  }

  /**
   * Closes the step at hand; who has not answered is lost.
   *
   * @throws {BiolensError} `external` where too few are left: the round is aborted
   */
  advance(): Map<number, Uint8Array> {
    const step = this.#step;
    if (step === 'over') throw new BiolensError('usage', 'the round is over');
    const { record, least } = this.#options;
    const here = this.#answered;
    this.#step = step === 'commit' ? 'vector' : 'over';
    if (here.size < least) {
      this.#step = 'over';
      const why = `${here.size} clients have sent "${step}", ${least} are needed`;
      throw new BiolensError('external', `round ${record.round} is aborted: ${why}`);
    }
    this.#expected = new Set(this.#step === 'over' ? [] : here);
    this.#answered = new Set();
    return new Map([...this.#expected].map(client => [client, new Uint8Array()]));
  }

  /** The updates, after the last step. */
  async finish(): Promise<SeenUpdates> {
    if (this.#step !== 'over') throw new BiolensError('usage', 'the round is not finished');
    const clients = [...this.#updates.keys()].sort((a, b) => a - b);
    return { clients, updates: clients.map(client => this.#updates.get(client)!) };
  }
}
