import { combine } from 'shamir-secret-sharing';
import { BiolensError } from '../../../ground/errors.ts';
import { sameBytes } from '../wire/bytes.ts';
import { addMasks, commitmentOf, type Mask, pairKey, seedDigest, selfKey, shareDigest } from './derive.ts';
import {
  type Commitment,
  type Confirmation,
  type FromClient,
  type OpenedShare,
  type RoundKeys,
  readCommitBody,
  readFromClient,
  readKeysBody,
  readSharesBody,
  readUnmaskBody,
  type SealedShare,
  STEPS,
  type Step,
  writeCommitments,
  writeConfirmations,
  writeDelivered,
  writeKeys,
  writeSurvivors,
  writeToClient,
} from './frames.ts';
import { addPacked, maskOf } from './packing.ts';
import { type CohortParameters, parametersOf, thresholdOf } from './parameters.ts';
import type { Primitives } from './primitives.ts';
import { contextOf, nameIn, type Roster, type RoundRecord, rosterDigest } from './record.ts';

export interface SecureServerOptions {
  readonly roster: Roster;
  readonly record: RoundRecord;
  /** Clients that are asked; others of the roster are not taken. */
  readonly invited: readonly number[];
  readonly primitives: Primitives;
}

/** What a client has sent, as far as the round still needs it. */
interface Member {
  keys?: RoundKeys;
  shares?: ReadonlyMap<number, SealedShare>;
  threshold: number;
  masked: boolean;
  confirmed?: Uint8Array;
  readonly opened: Record<OpenedShare['kind'], { readonly from: number; readonly share: Uint8Array }[]>;
}

/** The sum of the survivors' vectors, and nothing about any one of them. */
export interface SecureSum {
  /** Whole numbers modulo 2^bits. `[entries]` */
  readonly sum: Uint32Array;
  readonly clients: readonly number[];
}

/**
 * The server's part in the secure sum of one round: takes clients' messages of a step in any order, and closes the step with an answer for
 * each client that is still there. Vectors are added up as they come, so that memory does not grow with the number of clients. It does no I/O.
 *
 * A client whose message does not fit is set aside by the error that names it, and counts as lost. The round ends with the exact sum of the
 * survivors, or it is aborted; it never gives another sum.
 */
export class SecureServer {
  readonly #options: SecureServerOptions;
  readonly #context: Uint8Array;
  readonly #sum: Uint32Array;
  #step: Step | 'over' = 'commit';
  #parameters: CohortParameters | null = null;
  readonly #commitments = new Map<number, Commitment>();
  readonly #members = new Map<number, Member>();
  /** Who has answered the step at hand. */
  #answered = new Set<number>();
  /** Who may answer it. */
  #expected: Set<number>;
  #survivors: readonly number[] = [];
  readonly #faults: string[] = [];

  /** @throws {BiolensError} `input` where the record does not fit the roster */
  constructor(options: SecureServerOptions) {
    const { record, roster, primitives, invited } = options;
    this.#options = options;
    this.#context = contextOf(record, primitives);
    this.#sum = new Uint32Array(record.entries);
    this.#expected = new Set(invited);
    if (!sameBytes(record.roster, rosterDigest(roster, primitives)))
      throw new BiolensError('input', `round ${record.round}: the record is of another roster`);
    if (invited.some(client => roster.members[client] === undefined))
      throw new BiolensError('input', `round ${record.round}: a client is invited that is not in the roster`);
  }

  get step(): Step | 'over' {
    return this.#step;
  }

  /** What was wrong with clients' messages, in words. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Clients that have not answered the step at hand. */
  get awaited(): readonly number[] {
    return [...this.#expected].filter(client => !this.#answered.has(client));
  }

  /** Known after the first step. */
  get parameters(): CohortParameters | null {
    return this.#parameters;
  }

  #abort(why: string): never {
    this.#step = 'over';
    throw new BiolensError('external', `round ${this.#options.record.round} is aborted: ${why}`, {
      details: { round: this.#options.record.round },
    });
  }

  /**
   * Takes a message of the step at hand.
   *
   * @throws {BiolensError} `input` naming the client and why its message is not taken; the round goes on
   */
  receive(bytes: Uint8Array): number {
    const { roster, primitives } = this.#options;
    const step = this.#step;
    if (step === 'over') throw new BiolensError('input', 'the round is over: the message is not taken');
    const message = readFromClient(bytes, {
      step,
      context: this.#context,
      keyOf: client => roster.members[client]?.key ?? null,
      primitives,
    });
    const { client } = message;
    const name = nameIn(roster, client);
    try {
      if (this.#answered.has(client)) throw new BiolensError('input', `it has answered "${step}" already`);
      if (!this.#expected.has(client)) throw new BiolensError('input', `it is not asked for "${step}"`);
      this.#take(message);
    } catch (error) {
      if (!(error instanceof BiolensError)) throw error;
      const text = `${name}: ${error.message}`;
      this.#faults.push(text);
      throw new BiolensError('input', text, { details: { client }, cause: error });
    }
    this.#answered.add(client);
    return client;
  }

  #take({ step, client, body, signature }: FromClient): void {
    const member = this.#members.get(client) ?? {
      threshold: 0,
      masked: false,
      opened: { seed: [], key: [] },
    };
    switch (step) {
      case 'commit': {
        const { model, keys } = readCommitBody(body);
        // Views into messages are copied where they are kept, so that the messages are not.
        this.#commitments.set(client, {
          client,
          context: this.#context,
          model: model.slice(),
          keys: keys.slice(),
          signature: signature.slice(),
        });
        break;
      }
      case 'keys': {
        const keys = readKeysBody(client, body.slice());
        const committed = this.#commitments.get(client);
        const expected = commitmentOf(keys, { context: this.#context, primitives: this.#options.primitives });
        if (committed === undefined || !sameBytes(committed.keys, expected))
          throw new BiolensError('input', 'its keys are not those that it is bound to');
        member.keys = keys;
        break;
      }
      case 'shares':
        this.#takeShares(member, client, body.slice());
        break;
      case 'vector':
        addPacked(this.#sum, body, {
          bits: this.#options.record.bits,
          kernel: this.#options.primitives.kernel,
        });
        member.masked = true;
        break;
      case 'confirm':
        if (!sameBytes(body, this.#survivorsDigest()))
          throw new BiolensError('input', 'it confirms other survivors than it was told of');
        member.confirmed = signature.slice();
        break;
      case 'unmask':
        this.#takeOpened(client, readUnmaskBody(body.slice()));
        break;
    }
    this.#members.set(client, member);
  }

  #takeShares(member: Member, client: number, body: Uint8Array): void {
    const { threshold, shares } = readSharesBody(body);
    const expected = thresholdOf(shares.length, this.#parameters!);
    if (threshold !== expected)
      throw new BiolensError('input', `its threshold is ${threshold}, ${shares.length} neighbours take ${expected}`);
    for (const { to } of shares)
      if (to === client || this.#members.get(to)?.keys === undefined)
        throw new BiolensError('input', `it sends shares to client ${to}, which shows no keys`);
    member.threshold = threshold;
    member.shares = new Map(shares.map(share => [share.to, share]));
  }

  #takeOpened(client: number, opened: readonly OpenedShare[]): void {
    const { primitives } = this.#options;
    for (const { about, kind, share } of opened) {
      const known = this.#members.get(about);
      const digests = known?.shares?.get(client);
      if (known === undefined || digests === undefined)
        throw new BiolensError('input', `it holds no share of client ${about}`);
      if (kind !== (known.masked ? 'seed' : 'key'))
        throw new BiolensError('input', `it opens the wrong kind of share of client ${about}`);
      const expected = kind === 'seed' ? digests.seedShare : digests.keyShare;
      if (!sameBytes(shareDigest(share, primitives), expected))
        throw new BiolensError('input', `its share of client ${about} is not the one that it was given`);
    }
    for (const { about, kind, share } of opened) this.#members.get(about)!.opened[kind].push({ from: client, share });
  }

  #survivorsDigest(): Uint8Array {
    return this.#options.primitives.sha256(writeSurvivors(this.#split()));
  }

  /** Who has shared secrets: those whose vectors have come, and those whose have not. */
  #split(): { readonly alive: readonly number[]; readonly lost: readonly number[] } {
    const sharing = [...this.#members].filter(([, { shares }]) => shares !== undefined);
    const rising = (masked: boolean) =>
      sharing
        .filter(([, member]) => member.masked === masked)
        .map(([client]) => client)
        .sort((a, b) => a - b);
    return { alive: rising(true), lost: rising(false) };
  }

  /**
   * Closes the step at hand; who has not answered is lost.
   *
   * @returns the next message for each client that is still there; none after the last step
   * @throws {BiolensError} `external` where too few are left: the round is aborted, and nothing is known of any vector
   */
  advance(): Map<number, Uint8Array> {
    const step = this.#step;
    if (step === 'over') throw new BiolensError('usage', 'the round is over');
    const here = [...this.#answered].sort((a, b) => a - b);
    const next = STEPS[STEPS.indexOf(step) + 1];
    if (step !== 'unmask') this.#checkEnough(step, here);
    this.#step = next ?? 'over';
    this.#answered = new Set();
    this.#expected = new Set(next === undefined ? [] : here);
    if (next === undefined) return new Map();
    if (step === 'shares') return this.#deliver(here);
    const message = writeToClient(next, this.#context, this.#bodyFor(next, here));
    return new Map(here.map(client => [client, message]));
  }

  #checkEnough(step: Step, here: readonly number[]): void {
    const { record } = this.#options;
    if (step === 'commit') {
      const least = Math.max(3, record.leastClients);
      if (here.length < least) this.#abort(`${here.length} clients have come, ${least} are needed`);
      this.#parameters = parametersOf(record.plan, here.length);
      return;
    }
    const { n, mayDrop } = this.#parameters!;
    // After the vectors it is the shares of each client that must suffice.
    const least = step === 'confirm' ? 2 : n - mayDrop;
    if (here.length < least) this.#abort(`${here.length} of ${n} clients have sent "${step}", ${least} are needed`);
    if (step === 'vector') this.#survivors = here;
  }

  #bodyFor(next: Step, here: readonly number[]): Uint8Array {
    const members = (client: number): Member => this.#members.get(client)!;
    switch (next) {
      case 'keys':
        return writeCommitments(here.map(client => this.#commitments.get(client)!));
      case 'shares':
        return writeKeys(here.map(client => members(client).keys!));
      case 'confirm':
        return writeSurvivors(this.#split());
      default:
        return writeConfirmations(
          here.map((client): Confirmation => ({ client, signature: members(client).confirmed! })),
        );
    }
  }

  #deliver(here: readonly number[]): Map<number, Uint8Array> {
    return new Map(
      here.map(to => {
        const list = here.flatMap(from => {
          const share = this.#members.get(from)?.shares?.get(to);
          return share === undefined ? [] : [{ from, sealed: share.sealed }];
        });
        return [to, writeToClient('vector', this.#context, writeDelivered(list))];
      }),
    );
  }

  async #secretOf(client: number, kind: OpenedShare['kind']): Promise<Uint8Array> {
    const { roster, primitives } = this.#options;
    const { opened, threshold, keys } = this.#members.get(client)!;
    const shares = opened[kind].slice(0, threshold);
    if (shares.length < threshold)
      this.#abort(`${shares.length} shares of ${nameIn(roster, client)} were opened, ${threshold} are needed`);
    const secret = await combine(shares.map(({ share }) => share));
    const fits =
      kind === 'seed'
        ? sameBytes(seedDigest(secret, primitives), keys!.seed)
        : sameBytes(primitives.exchangeKey(secret).public, keys!.masking);
    if (!fits) this.#abort(`the shares that ${nameIn(roster, client)} gave to its neighbours are not of its secret`);
    return secret;
  }

  /** What takes off the masks that a lost client's neighbours have added for it. */
  #pairMasks(client: number, secret: Uint8Array): Mask[] {
    const { primitives, record, roster } = this.#options;
    const { keys, shares } = this.#members.get(client)!;
    const binding = { context: this.#context, record, primitives };
    const masks: Mask[] = [];
    for (const other of shares!.keys()) {
      const member = this.#members.get(other)!;
      // Who was not given its shares has added nothing for it.
      if (!member.masked || !member.shares?.has(client)) continue;
      const common = primitives.exchange(secret, member.keys!.masking);
      if (common === null) this.#abort(`the key of ${nameIn(roster, other)} is of low order`);
      masks.push({ key: pairKey(common, binding, [keys!, member.keys!]), sign: other < client ? -1 : 1 });
    }
    return masks;
  }

  /**
   * The sum, after the last step.
   *
   * @throws {BiolensError} `external` where a mask cannot be taken off: the round is aborted
   */
  async finish(): Promise<SecureSum> {
    if (this.#step !== 'over' || this.#survivors.length === 0)
      throw new BiolensError('usage', 'the round is not finished');
    const { record, primitives } = this.#options;
    const { lost } = this.#split();
    // All secrets first: a round that must be aborted is so before it computes.
    const seeds = new Map<number, Uint8Array>();
    for (const client of this.#survivors) seeds.set(client, await this.#secretOf(client, 'seed'));
    const keys = new Map<number, Uint8Array>();
    for (const client of lost) if (this.#hasPairs(client)) keys.set(client, await this.#secretOf(client, 'key'));
    const binding = { context: this.#context, record, primitives };
    const masks: Mask[] = [...seeds].map(([client, seed]) => ({ key: selfKey(seed, binding, client), sign: -1 }));
    for (const [client, secret] of keys) masks.push(...this.#pairMasks(client, secret));
    await addMasks(this.#sum, masks, { bits: record.bits, primitives });
    const mask = maskOf(record.bits);
    const { length } = this.#sum;
    for (let i = 0; i < length; i++) this.#sum[i] = this.#sum[i]! & mask;
    const clients = this.#survivors;
    this.#survivors = [];
    return { sum: this.#sum, clients };
  }

  /** Whether a survivor has added a mask for a lost client. */
  #hasPairs(client: number): boolean {
    return [...this.#members.get(client)!.shares!.keys()].some(other => this.#members.get(other)?.masked);
  }
}
