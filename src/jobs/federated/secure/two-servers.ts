import { BiolensError } from '../../../ground/errors.ts';
import { ByteReader, ByteWriter, sameBytes } from '../wire/bytes.ts';
import { addMasks } from './derive.ts';
import { addPacked, maskOf, packBits } from './packing.ts';
import { KEY_BYTES, type KeyPair, type Primitives, SIGNATURE_BYTES, TAG_BYTES } from './primitives.ts';
import { contextOf, nameIn, type Roster, type RoundRecord, rosterDigest } from './record.ts';

/*
 * The cheaper trust model: two servers that do not work together. A client masks its vector with one seed and seals the seed to the second
 * server; the first adds up masked vectors, the second the masks of those whose vectors have come. Either server alone sees noise; both
 * together see every vector. One message a client, and any dropout is harmless.
 */

const MAGIC = 0x324c4642;
const SEALED_SEED_BYTES = KEY_BYTES + TAG_BYTES;

function derive(
  secret: Uint8Array,
  {
    purpose,
    context,
    client,
    primitives,
  }: {
    readonly purpose: 'seal' | 'mask';
    readonly context: Uint8Array;
    readonly client: number;
    readonly primitives: Primitives;
  },
): Uint8Array {
  const info = new ByteWriter().text(`two servers ${purpose}`).u32(client).finish();
  return primitives.hkdf(secret, { salt: context, info, length: KEY_BYTES });
}

const boundTo = (context: Uint8Array, client: number): Uint8Array =>
  new ByteWriter().text('biolens seed').raw(context).u32(client).finish();

const signedText = (part: Uint8Array, { sha256 }: Primitives): Uint8Array =>
  new ByteWriter().text('biolens two servers').raw(sha256(part)).finish();

/** What a client signs for the second server, which takes no seed that the first one has made up. */
const seedText = ({ client, key, sealed }: Omit<SealedSeed, 'signature'>, context: Uint8Array): Uint8Array =>
  new ByteWriter().text('biolens sealed seed').raw(context).u32(client).raw(key).raw(sealed).finish();

export interface SplitVectorOptions {
  readonly client: number;
  readonly secret: Uint8Array;
  readonly record: RoundRecord;
  /** X25519 key of the second server, known beforehand. */
  readonly helper: Uint8Array;
  readonly primitives: Primitives;
}

/**
 * A client's only message: its vector under a mask, and the mask's seed sealed to the second server.
 *
 * Adversary: either server, with any number of clients; not both servers. What leaks: who takes part, and the sum.
 *
 * @throws {BiolensError} `usage` for a vector that does not fit the round
 */
export async function splitVector(
  entries: Uint32Array,
  { client, secret, record, helper, primitives }: SplitVectorOptions,
): Promise<Uint8Array> {
  if (entries.length !== record.entries)
    throw new BiolensError('usage', `vector: expected ${record.entries} entries, got ${entries.length}`);
  const most = maskOf(record.bits);
  for (let i = 0; i < entries.length; i++)
    if (entries[i]! > most)
      throw new BiolensError('usage', `vector: entry ${i} is ${entries[i]}, expected at most ${most}`);
  const context = contextOf(record, primitives);
  const about = { context, client, primitives };
  const seed = primitives.randomBytes(KEY_BYTES);
  const own = primitives.exchangeKey(primitives.randomBytes(KEY_BYTES));
  const common = primitives.exchange(own.secret, helper);
  if (common === null) throw new BiolensError('input', 'the second server’s key is of low order');
  const sealed = primitives.seal(derive(common, { ...about, purpose: 'seal' }), seed, boundTo(context, client));
  const masked = entries.slice();
  const mask = { key: derive(seed, { ...about, purpose: 'mask' }), sign: 1 } as const;
  await addMasks(masked, [mask], { bits: record.bits, primitives });
  const packed = packBits(masked, record.bits, primitives.kernel);
  const sealSignature = primitives.sign(secret, seedText({ client, key: own.public, sealed }, context));
  const part = new ByteWriter(packed.length + 300)
    .u32(MAGIC)
    .raw(context)
    .u32(client)
    .raw(own.public)
    .raw(sealed)
    .raw(sealSignature)
    .raw(packed)
    .finish();
  const signature = primitives.sign(secret, signedText(part, primitives));
  return new ByteWriter(part.length + SIGNATURE_BYTES).raw(part).raw(signature).finish();
}

/** What the second server is sent of a client. */
export interface SealedSeed {
  readonly client: number;
  readonly key: Uint8Array;
  readonly sealed: Uint8Array;
  /** The client's, over all of it. */
  readonly signature: Uint8Array;
}

/** The first server: adds up masked vectors as they come. */
export class MaskedSum {
  readonly #options: { readonly roster: Roster; readonly record: RoundRecord; readonly primitives: Primitives };
  readonly #context: Uint8Array;
  readonly #sum: Uint32Array;
  readonly #seeds = new Map<number, SealedSeed>();

  constructor(options: { readonly roster: Roster; readonly record: RoundRecord; readonly primitives: Primitives }) {
    this.#options = options;
    this.#context = contextOf(options.record, options.primitives);
    this.#sum = new Uint32Array(options.record.entries);
  }

  /** @throws {BiolensError} `input` naming the client and why its message is not taken; the round goes on */
  receive(bytes: Uint8Array): number {
    const { roster, record, primitives } = this.#options;
    const reader = new ByteReader(bytes, 'vector for two servers');
    if (reader.u32() !== MAGIC) reader.refuse('not a message of this protocol');
    if (!sameBytes(reader.raw(KEY_BYTES), this.#context)) reader.refuse('a message of another round');
    const client = reader.u32();
    const member = roster.members[client] ?? reader.refuse(`client ${client} is not in the roster`);
    const name = nameIn(roster, client);
    if (reader.left < SIGNATURE_BYTES) reader.refuse('ends before its signature');
    const part = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
    if (!primitives.verify(member.key, signedText(part, primitives), bytes.subarray(part.length)))
      reader.refuse(`the signature of ${name} does not fit`);
    if (this.#seeds.has(client)) reader.refuse(`${name} has sent its vector already`);
    const seed = {
      client,
      key: reader.raw(KEY_BYTES).slice(),
      sealed: reader.raw(SEALED_SEED_BYTES).slice(),
      signature: reader.raw(SIGNATURE_BYTES).slice(),
    };
    if (!primitives.verify(member.key, seedText(seed, this.#context), seed.signature))
      reader.refuse(`the signature of ${name} under its seed does not fit`);
    addPacked(this.#sum, reader.raw(reader.left - SIGNATURE_BYTES), {
      bits: record.bits,
      kernel: primitives.kernel,
    });
    this.#seeds.set(client, seed);
    return client;
  }

  /** What the second server needs: the seeds of all whose vectors are in the sum. */
  get seeds(): readonly SealedSeed[] {
    return [...this.#seeds.values()].sort((a, b) => a.client - b.client);
  }

  /** Takes the second server's sum of masks off. */
  finish(masks: Uint32Array): { readonly sum: Uint32Array; readonly clients: readonly number[] } {
    const mask = maskOf(this.#options.record.bits);
    const sum = this.#sum.map((value, i) => (value - masks[i]!) & mask);
    return { sum, clients: this.seeds.map(({ client }) => client) };
  }
}

export interface MaskHelperOptions {
  /** X25519, its public half known to the clients beforehand. */
  readonly key: KeyPair;
  /** Known beforehand too: seeds of others are not taken. */
  readonly roster: Roster;
  readonly primitives: Primitives;
  /** Sums of fewer clients are refused, whatever the round says; 3 by default, which is the least. */
  readonly leastClients?: number;
}

const LEAST_CLIENTS = 3;

/**
 * The second server: adds up the masks of one round, once, and for no fewer clients than the round says.
 *
 * Adversary: the first server, with fewer clients of the roster than `leastClients` less one. It cannot ask for a single client's mask, cannot
 * make up the seeds of clients beside it, and cannot ask for two sums that differ by one. What leaks to this server: who takes part.
 */
export class MaskHelper {
  readonly #options: MaskHelperOptions;
  readonly #answered = new Set<string>();

  constructor(options: MaskHelperOptions) {
    this.#options = options;
  }

  /** @throws {BiolensError} `input` for too few clients, a round that was answered before, or a seed that its client did not seal for this */
  async sumMasks(record: RoundRecord, seeds: readonly SealedSeed[]): Promise<Uint32Array> {
    const { key: own, roster, primitives, leastClients = LEAST_CLIENTS } = this.#options;
    const context = contextOf(record, primitives);
    const refuse = (why: string): never => {
      throw new BiolensError('input', `second server: round ${record.round}: ${why}`);
    };
    if (!sameBytes(record.roster, rosterDigest(roster, primitives))) refuse('is of another roster');
    const least = Math.max(LEAST_CLIENTS, leastClients, record.leastClients);
    if (new Set(seeds.map(({ client }) => client)).size !== seeds.length) refuse('a client is named twice');
    if (seeds.length < least) refuse(`the sum would cover ${seeds.length} clients, expected ${least} or more`);
    const opened = seeds.map(seed => {
      const { client, key, sealed, signature } = seed;
      const member = roster.members[client] ?? refuse(`client ${client} is not in the roster`);
      const about = { context, client, primitives };
      if (!primitives.verify(member.key, seedText(seed, context), signature))
        refuse(`the seed of ${nameIn(roster, client)} is not signed by it`);
      const common = primitives.exchange(own.secret, key) ?? refuse(`the key of client ${client} is of low order`);
      const secret =
        primitives.open(derive(common, { ...about, purpose: 'seal' }), sealed, boundTo(context, client)) ??
        refuse(`the seed of client ${client} was not sealed for this round`);
      return derive(secret, { ...about, purpose: 'mask' });
    });
    const name = `${record.session.join()} ${record.round}`;
    if (this.#answered.has(name)) refuse('was answered before, and a second sum would tell single clients apart');
    // Before anything is awaited, so that two requests at once get one answer.
    this.#answered.add(name);
    const sum = new Uint32Array(record.entries);
    const masks = opened.map(key => ({ key, sign: 1 }) as const);
    await addMasks(sum, masks, { bits: record.bits, primitives });
    return sum;
  }
}
