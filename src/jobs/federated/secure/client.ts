import { split } from 'shamir-secret-sharing';
import { BiolensError } from '../../../ground/errors.ts';
import { sameBytes, toHex } from '../wire/bytes.ts';
import {
  addMasks,
  areNeighbours,
  type Binding,
  commitmentOf,
  listDigest,
  type Mask,
  pairKey,
  sealBinding,
  sealingKey,
  seedDigest,
  selfKey,
  shareDigest,
} from './derive.ts';
import {
  type Commitment,
  type Confirmation,
  commitBody,
  isSigned,
  keysBody,
  type OpenedShare,
  openToClient,
  type RoundKeys,
  readCommitments,
  readConfirmations,
  readDelivered,
  readKeys,
  readSurvivors,
  type SealedShare,
  SHARE_BYTES,
  STEPS,
  type Step,
  type Survivors,
  sharesBody,
  unmaskBody,
  writeFromClient,
  writeSurvivors,
} from './frames.ts';
import { maskOf, packBits } from './packing.ts';
import { type CohortParameters, MOST_NEIGHBOURS, parametersOf, thresholdOf } from './parameters.ts';
import { KEY_BYTES, type KeyPair, type Primitives } from './primitives.ts';
import { contextOf, nameIn, type Roster, type RoundRecord, rosterDigest } from './record.ts';

/** What a client demands of every round, whatever the server says. */
export interface ClientPolicy {
  /** Smaller cohorts are refused. */
  readonly leastClients: number;
  /** A sum that could cover fewer honest clients is refused; see `CohortParameters.smallestSum`. */
  readonly leastSum: number;
}

export const DEFAULT_POLICY: ClientPolicy = { leastClients: 3, leastSum: 2 };

export interface SecureClientOptions {
  /** Its number in the roster. */
  readonly client: number;
  /** Its signing key, 32 secret bytes. */
  readonly secret: Uint8Array;
  readonly roster: Roster;
  readonly record: RoundRecord;
  /** Digest of the model that it was given, computed by itself. */
  readonly model: Uint8Array;
  readonly primitives: Primitives;
  readonly policy?: ClientPolicy;
}

interface Neighbour {
  readonly keys: RoundKeys;
  /** With the neighbour's sealing key. */
  readonly secret: Uint8Array;
}

type Shares = Readonly<Record<OpenedShare['kind'], Uint8Array>>;

const mapOf = <T extends { readonly client: number }>(list: readonly T[]): Map<number, T> =>
  new Map(list.map(one => [one.client, one]));

/**
 * A client's part in the secure sum of one round: Bonawitz et al. (2017), section 4 with the round of consistency of its active-adversary
 * variant, on a sparse graph as in Bell et al. (2020). Each method takes the server's message of a step and returns the client's answer; it
 * does no I/O. Our graph is not drawn by the server: see `areNeighbours`.
 *
 * Adversary: a server that sends what it likes to whom it likes, together with the assumed share of clients. What it learns: who takes part,
 * who is whose neighbour, and a sum over at least `smallestSum` honest clients. Any deviation that a client can see ends its part for good:
 * it sends nothing more in this round.
 *
 * @throws {BiolensError} `input` saying what is refused and why, with `details.refusal`
 */
export class SecureClient {
  readonly #options: SecureClientOptions;
  readonly #context: Uint8Array;
  readonly #sealing: KeyPair;
  readonly #masking: KeyPair;
  readonly #seed: Uint8Array;
  readonly #keys: RoundKeys;
  #next: Step | 'over' = 'commit';
  #binding: Binding | null = null;
  #parameters: CohortParameters | null = null;
  #commitments = new Map<number, Commitment>();
  #neighbours = new Map<number, Neighbour>();
  /** Clients whose keys it was shown. */
  #shown: ReadonlySet<number> = new Set();
  #threshold = 0;
  /** Shares that neighbours have entrusted to this client. */
  readonly #held = new Map<number, Shares>();
  #survivors: Survivors | null = null;

  constructor(options: SecureClientOptions) {
    const { record, roster, primitives, client, secret, model } = options;
    this.#options = options;
    this.#context = contextOf(record, primitives);
    this.#sealing = primitives.exchangeKey(primitives.randomBytes(KEY_BYTES));
    this.#masking = primitives.exchangeKey(primitives.randomBytes(KEY_BYTES));
    this.#seed = primitives.randomBytes(KEY_BYTES);
    this.#keys = {
      client,
      sealing: this.#sealing.public,
      masking: this.#masking.public,
      seed: seedDigest(this.#seed, primitives),
      nonce: primitives.randomBytes(KEY_BYTES),
    };
    const { leastClients } = this.#policy;
    if (!sameBytes(record.roster, rosterDigest(roster, primitives)))
      this.#refuse('roster', 'the round is for another roster than the one it knows');
    const own = roster.members[client]?.key;
    if (own === undefined || !sameBytes(own, primitives.signingKey(secret).public))
      this.#refuse('roster', 'its key is not the one in the roster');
    if (!sameBytes(record.model, model))
      this.#refuse(
        'model',
        `the model that it was sent is ${toHex(model).slice(0, 12)}, the round says ${toHex(record.model).slice(0, 12)}`,
      );
    if (record.leastClients < leastClients)
      this.#refuse('cohort', `the round may have ${record.leastClients} clients, it demands ${leastClients}`);
  }

  get #policy(): ClientPolicy {
    return this.#options.policy ?? DEFAULT_POLICY;
  }

  /** The step whose message it answers next; `over` when it takes no more part. */
  get next(): Step | 'over' {
    return this.#next;
  }

  /** Context of the round as this client knows it. */
  get context(): Uint8Array {
    return this.#context;
  }

  /** Known after the second step. */
  get parameters(): CohortParameters | null {
    return this.#parameters;
  }

  #refuse(refusal: string, why: string): never {
    this.#next = 'over';
    const { roster, client, record } = this.#options;
    throw new BiolensError('input', `${nameIn(roster, client)} leaves round ${record.round}: ${why}`, {
      details: { refusal, client, round: record.round },
    });
  }

  /** Every step is done once, in order; reading an unfit message is a refusal too. */
  #enter(step: Step): void {
    if (this.#next === 'over') this.#refuse('order', `it was asked for "${step}" after it had left or finished`);
    if (this.#next !== step) this.#refuse('order', `it was asked for "${step}", expected "${this.#next}"`);
    this.#next = STEPS[STEPS.indexOf(step) + 1] ?? 'over';
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BiolensError) || error.details.refusal !== undefined) throw error;
      return this.#refuse('message', error.message);
    }
  }

  #answer(step: Step, body: Uint8Array): Uint8Array {
    const { client, secret, primitives } = this.#options;
    return writeFromClient(step, { context: this.#context, signer: { client, secret }, body, primitives });
  }

  /** First step: binds itself to its keys before it knows another client's. */
  commit(): Uint8Array {
    this.#enter('commit');
    const { primitives, model } = this.#options;
    const keys = commitmentOf(this.#keys, { context: this.#context, primitives });
    return this.#answer('commit', commitBody(model, keys));
  }

  #checkCommitment({ client, context, model, keys, signature }: Commitment): void {
    const { roster, primitives, record } = this.#options;
    const member = roster.members[client];
    const name = nameIn(roster, client);
    if (member === undefined) this.#refuse('roster', `${name} is not in the roster`);
    if (member.revoked === true) this.#refuse('roster', `the key of ${name} was revoked`);
    const { key } = member;
    const body = commitBody(model, keys);
    if (!isSigned('commit', { context, client, key, body, signature, primitives }))
      this.#refuse('signature', `the commitment of ${name} is not signed by it`);
    if (!sameBytes(model, record.model))
      this.#refuse(
        'model',
        `${name} was sent another model (${toHex(model).slice(0, 12)}) than this client (${toHex(record.model).slice(0, 12)})`,
      );
    if (!sameBytes(context, this.#context))
      this.#refuse('record', `${name} was told of another round than this client, or of another time`);
  }

  /** Second step: checks everybody's commitments, and shows its keys. */
  showKeys(message: Uint8Array): Uint8Array {
    this.#enter('keys');
    const { record, client, primitives } = this.#options;
    const list = this.#read(() => readCommitments(openToClient('keys', this.#context, message)));
    const least = Math.max(record.leastClients, this.#policy.leastClients);
    if (list.length < least)
      this.#refuse('cohort', `the server shows ${list.length} clients, the round needs ${least}`);
    for (const one of list) this.#checkCommitment(one);
    this.#commitments = mapOf(list);
    const own = this.#commitments.get(client);
    const expected = commitmentOf(this.#keys, { context: this.#context, primitives });
    if (own === undefined || !sameBytes(own.keys, expected))
      this.#refuse('own', 'its own commitment was left out or replaced');
    this.#parameters = this.#read(() => parametersOf(record.plan, list.length));
    const { smallestSum } = this.#parameters;
    if (smallestSum < this.#policy.leastSum)
      this.#refuse(
        'cohort',
        `with ${list.length} clients and ${this.#parameters.neighbours} neighbours each, a sum could cover ${smallestSum} honest clients, it demands ${this.#policy.leastSum}`,
      );
    this.#binding = {
      context: this.#context,
      record,
      primitives,
      list: listDigest(list, { context: this.#context, primitives }),
    };
    return this.#answer('keys', keysBody(this.#keys));
  }

  #checkKeys(list: readonly RoundKeys[], binding: Binding): void {
    const { roster, client } = this.#options;
    const seen = new Map<string, number>();
    for (const keys of list) {
      const name = nameIn(roster, keys.client);
      const committed = this.#commitments.get(keys.client);
      if (committed === undefined) this.#refuse('keys', `the server shows keys of ${name}, which did not commit`);
      if (!sameBytes(commitmentOf(keys, binding), committed.keys))
        this.#refuse('keys', `the keys of ${name} are not those that it is bound to`);
      for (const key of [keys.sealing, keys.masking]) {
        const other = seen.get(toHex(key));
        if (other !== undefined) this.#refuse('keys', `${name} and ${nameIn(roster, other)} show one key`);
        seen.set(toHex(key), keys.client);
      }
    }
    if (!list.some(keys => keys.client === client)) this.#refuse('own', 'its own keys were left out');
  }

  /** Third step: finds its neighbours, and sends each one its shares of both secrets. */
  async shareSecrets(message: Uint8Array): Promise<Uint8Array> {
    this.#enter('shares');
    const { roster, client, primitives } = this.#options;
    const [binding, parameters] = [this.#binding!, this.#parameters!];
    const list = this.#read(() => readKeys(openToClient('shares', this.#context, message)));
    const least = parameters.n - parameters.mayDrop;
    if (list.length < least)
      this.#refuse('cohort', `${list.length} of ${parameters.n} clients are left, it demands ${least}`);
    this.#checkKeys(list, binding);
    this.#shown = new Set(list.map(keys => keys.client));
    for (const keys of list) {
      if (keys.client === client) continue;
      const secret = primitives.exchange(this.#sealing.secret, keys.sealing);
      if (secret === null) this.#refuse('keys', `the key of ${nameIn(roster, keys.client)} is of low order`);
      if (areNeighbours(secret, binding, { first: client, second: keys.client, edge: parameters.edge }))
        this.#neighbours.set(keys.client, { keys, secret });
    }
    const count = this.#neighbours.size;
    this.#threshold = thresholdOf(count, parameters);
    if (count > MOST_NEIGHBOURS || count < this.#threshold)
      this.#refuse('cohort', `it has ${count} neighbours, expected ${this.#threshold} to ${MOST_NEIGHBOURS}`);
    const seedShares = await split(this.#seed, count, this.#threshold);
    const keyShares = await split(this.#masking.secret, count, this.#threshold);
    const shares = [...this.#neighbours].map(([to, { secret }], i): SealedShare => {
      const [seedShare, keyShare] = [seedShares[i]!, keyShares[i]!];
      const plain = new Uint8Array(2 * SHARE_BYTES);
      plain.set(seedShare);
      plain.set(keyShare, SHARE_BYTES);
      return {
        to,
        sealed: primitives.seal(sealingKey(secret, binding, client, to), plain, sealBinding(binding, client, to)),
        seedShare: shareDigest(seedShare, primitives),
        keyShare: shareDigest(keyShare, primitives),
      };
    });
    return this.#answer('shares', sharesBody(this.#threshold, shares));
  }

  #openShares(from: number, sealed: Uint8Array, binding: Binding): Shares {
    const { roster, client, primitives } = this.#options;
    const neighbour = this.#neighbours.get(from);
    if (neighbour === undefined) this.#refuse('shares', `${nameIn(roster, from)} is none of its neighbours`);
    const key = sealingKey(neighbour.secret, binding, from, client);
    const plain = primitives.open(key, sealed, sealBinding(binding, from, client));
    if (plain === null)
      this.#refuse('shares', `the shares of ${nameIn(roster, from)} were not sealed for this client in this round`);
    return { seed: plain.slice(0, SHARE_BYTES), key: plain.slice(SHARE_BYTES) };
  }

  /**
   * Fourth step: opens what its neighbours have entrusted to it, and sends its vector under masks.
   *
   * @param entries whole numbers below 2^bits
   * @throws {BiolensError} `usage` for a vector of another length or with a larger number
   */
  async maskVector(message: Uint8Array, entries: Uint32Array): Promise<Uint8Array> {
    const { record, primitives, client, roster } = this.#options;
    if (entries.length !== record.entries)
      throw new BiolensError('usage', `vector: expected ${record.entries} entries, got ${entries.length}`);
    const most = maskOf(record.bits);
    let bits = 0;
    for (let i = 0; i < entries.length; i++) bits |= entries[i]!;
    if (bits >>> 0 > most) {
      const first = entries.findIndex(entry => entry > most);
      throw new BiolensError('usage', `vector: entry ${first} is ${entries[first]}, expected at most ${most}`);
    }
    this.#enter('vector');
    const binding = this.#binding!;
    const list = this.#read(() => readDelivered(openToClient('vector', this.#context, message)));
    for (const { from, sealed } of list) this.#held.set(from, this.#openShares(from, sealed, binding));
    if (this.#held.size < this.#threshold)
      this.#refuse('cohort', `${this.#held.size} of its neighbours are left, it demands ${this.#threshold}`);
    const masks: Mask[] = [{ key: selfKey(this.#seed, binding, client), sign: 1 }];
    for (const other of this.#held.keys()) {
      const { keys } = this.#neighbours.get(other)!;
      const secret = primitives.exchange(this.#masking.secret, keys.masking);
      if (secret === null) this.#refuse('keys', `the key of ${nameIn(roster, other)} is of low order`);
      masks.push({ key: pairKey(secret, binding, [this.#keys, keys]), sign: client < other ? 1 : -1 });
    }
    const masked = entries.slice();
    await addMasks(masked, masks, { bits: record.bits, primitives });
    return this.#answer('vector', packBits(masked, record.bits, primitives.kernel));
  }

  #checkSurvivors({ alive, lost }: Survivors): void {
    const { roster, client } = this.#options;
    const parameters = this.#parameters!;
    const both = alive.find(one => lost.includes(one));
    if (both !== undefined) this.#refuse('both-kinds', `${nameIn(roster, both)} is said to be alive and to be lost`);
    if (!alive.includes(client)) this.#refuse('own', 'the server says that its vector has not come');
    const least = parameters.n - parameters.mayDrop;
    if (alive.length < least)
      this.#refuse('cohort', `the sum would cover ${alive.length} of ${parameters.n} clients, it demands ${least}`);
    for (const one of [...alive, ...lost]) {
      if (!this.#shown.has(one)) this.#refuse('survivors', `${nameIn(roster, one)} has shown this client no keys`);
      if (this.#neighbours.has(one) && !this.#held.has(one))
        this.#refuse('survivors', `${nameIn(roster, one)} is named, and its shares were withheld`);
    }
    for (const one of this.#held.keys())
      if (!alive.includes(one) && !lost.includes(one))
        this.#refuse('survivors', `${nameIn(roster, one)} is said to be neither alive nor lost`);
    const near = alive.filter(one => this.#held.has(one)).length;
    if (near < this.#threshold)
      this.#refuse('cohort', `${near} of its neighbours have survived, it demands ${this.#threshold}`);
  }

  /** Fifth step: signs who has survived, as it was told. */
  confirmSurvivors(message: Uint8Array): Uint8Array {
    this.#enter('confirm');
    const survivors = this.#read(() => readSurvivors(openToClient('confirm', this.#context, message)));
    this.#checkSurvivors(survivors);
    this.#survivors = survivors;
    return this.#answer('confirm', this.#survivorsDigest());
  }

  #survivorsDigest(): Uint8Array {
    return this.#options.primitives.sha256(writeSurvivors(this.#survivors!));
  }

  #isConfirmed({ client, signature }: Confirmation, body: Uint8Array): boolean {
    const { roster, primitives } = this.#options;
    const key = roster.members[client]!.key;
    return isSigned('confirm', { context: this.#context, client, key, body, signature, primitives });
  }

  /**
   * Last step: opens for each neighbour one kind of share, once enough of its neighbours have signed the same survivors. What it opens follows
   * from what it signed itself; no message can ask for the other kind.
   */
  unmask(message: Uint8Array): Uint8Array {
    this.#enter('unmask');
    const { roster } = this.#options;
    const list = this.#read(() => readConfirmations(openToClient('unmask', this.#context, message)));
    const { alive, lost } = this.#survivors!;
    const body = this.#survivorsDigest();
    let near = 0;
    for (const one of list) {
      if (!this.#held.has(one.client)) continue;
      if (!alive.includes(one.client))
        this.#refuse('survivors', `${nameIn(roster, one.client)} confirms, and is said to be lost`);
      if (!this.#isConfirmed(one, body))
        this.#refuse(
          'survivors',
          `${nameIn(roster, one.client)} has not signed the survivors that this client was told of`,
        );
      near++;
    }
    if (near < this.#threshold)
      this.#refuse('survivors', `${near} of its neighbours have signed the survivors, it demands ${this.#threshold}`);
    const open = (about: number, kind: OpenedShare['kind']): OpenedShare[] => {
      const shares = this.#held.get(about);
      return shares === undefined ? [] : [{ about, kind, share: shares[kind] }];
    };
    const shares = [...alive.flatMap(one => open(one, 'seed')), ...lost.flatMap(one => open(one, 'key'))];
    this.#held.clear();
    return this.#answer('unmask', unmaskBody(shares.toSorted((a, b) => a.about - b.about)));
  }
}
