import { BiolensError } from '../../../ground/errors.ts';
import { ByteReader, ByteWriter, sameBytes } from '../wire/bytes.ts';
import { MOST_CLIENTS, MOST_NEIGHBOURS } from './parameters.ts';
import { KEY_BYTES, type Primitives, SIGNATURE_BYTES, TAG_BYTES } from './primitives.ts';

/** Steps of a round in their order; each is a message from every client, then one to every client. */
export const STEPS = ['commit', 'keys', 'shares', 'vector', 'confirm', 'unmask'] as const;
export type Step = (typeof STEPS)[number];

const MAGIC = 0x314c4642;
const TO_CLIENT = 128;
/** A share of Shamir's scheme: 32 bytes and where they were taken. */
export const SHARE_BYTES = KEY_BYTES + 1;
export const SEALED_BYTES = 2 * SHARE_BYTES + TAG_BYTES;

/** The frame of a message up to its body, which signatures cover too. */
function heading(kind: number, context: Uint8Array): ByteWriter {
  return new ByteWriter().u32(MAGIC).u8(kind).raw(context);
}

function readHeading(reader: ByteReader, kind: number, context: Uint8Array): void {
  if (reader.u32() !== MAGIC) reader.refuse('not a message of this protocol');
  const found = reader.u8();
  if (found !== kind) reader.refuse(`message ${nameOfKind(found)}, expected ${nameOfKind(kind)}`);
  if (!sameBytes(reader.raw(context.length), context)) reader.refuse('a message of another round');
}

const nameOfKind = (kind: number): string =>
  STEPS[kind % TO_CLIENT] === undefined
    ? String(kind)
    : `"${STEPS[kind % TO_CLIENT]}" ${kind >= TO_CLIENT ? 'to a client' : 'from a client'}`;

export interface Signer {
  readonly client: number;
  readonly secret: Uint8Array;
}

/** What stands before a client's body in a step. */
function headOf(step: Step, context: Uint8Array, client: number): Uint8Array {
  return heading(STEPS.indexOf(step), context).u32(client).finish();
}

/** A message is signed by its digest, so that a vector need not be held twice. */
function signedText(parts: readonly Uint8Array[], { sha256 }: Primitives): Uint8Array {
  return new ByteWriter()
    .text('biolens message')
    .raw(sha256(...parts))
    .finish();
}

/** A message from a client: heading, body, signature. */
export function writeFromClient(
  step: Step,
  {
    context,
    signer,
    body,
    primitives,
  }: {
    readonly context: Uint8Array;
    readonly signer: Signer;
    readonly body: Uint8Array;
    readonly primitives: Primitives;
  },
): Uint8Array {
  const head = headOf(step, context, signer.client);
  const message = new Uint8Array(head.length + body.length + SIGNATURE_BYTES);
  message.set(head);
  message.set(body, head.length);
  message.set(primitives.sign(signer.secret, signedText([head, body], primitives)), head.length + body.length);
  return message;
}

/** Whether a client has signed a body in a step. */
export function isSigned(
  step: Step,
  {
    context,
    client,
    key,
    body,
    signature,
    primitives,
  }: {
    readonly context: Uint8Array;
    readonly client: number;
    readonly key: Uint8Array;
    readonly body: Uint8Array;
    readonly signature: Uint8Array;
    readonly primitives: Primitives;
  },
): boolean {
  return primitives.verify(key, signedText([headOf(step, context, client), body], primitives), signature);
}

export interface FromClient {
  readonly step: Step;
  readonly client: number;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Takes a client's message apart and checks its signature.
 *
 * @param keyOf the client's key in the roster; null where there is none
 * @throws {BiolensError} `input` saying whose message it is and why it is not taken
 */
export function readFromClient(
  bytes: Uint8Array,
  {
    step,
    context,
    keyOf,
    primitives,
  }: {
    readonly step: Step;
    readonly context: Uint8Array;
    readonly keyOf: (client: number) => Uint8Array | null;
    readonly primitives: Primitives;
  },
): FromClient {
  const reader = new ByteReader(bytes, `message "${step}"`);
  readHeading(reader, STEPS.indexOf(step), context);
  const client = reader.u32();
  const key = keyOf(client) ?? reader.refuse(`client ${client} is not in the roster`);
  if (reader.left < SIGNATURE_BYTES) reader.refuse('ends before its signature');
  const signedBytes = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
  const body = reader.raw(reader.left - SIGNATURE_BYTES);
  const signature = reader.raw(SIGNATURE_BYTES);
  if (!primitives.verify(key, signedText([signedBytes], primitives), signature))
    throw new BiolensError('input', `message "${step}" of client ${client}: its signature does not fit`);
  return { step, client, body, signature };
}

/** A message to a client. */
export const writeToClient = (step: Step, context: Uint8Array, body: Uint8Array): Uint8Array =>
  heading(TO_CLIENT + STEPS.indexOf(step), context)
    .raw(body)
    .finish();

/** @throws {BiolensError} `input` for a message of another step or round */
export function openToClient(step: Step, context: Uint8Array, bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes, `message "${step}" from the server`);
  readHeading(reader, TO_CLIENT + STEPS.indexOf(step), context);
  return reader;
}

/** Numbers that rise: no client is named twice. */
function readRising(reader: ByteReader, count: number, each: (client: number) => void): void {
  let before = -1;
  for (let i = 0; i < count; i++) {
    const client = reader.u32();
    if (client <= before) reader.refuse(`client ${client} is named twice or out of order`);
    before = client;
    each(client);
  }
}

/** A client's first message: what it was told and what it is bound to. */
export interface Commitment {
  readonly client: number;
  /** Digest of the model that it was given. */
  readonly model: Uint8Array;
  /** Of its keys. */
  readonly keys: Uint8Array;
  /** Context of the round as it knows it. */
  readonly context: Uint8Array;
  readonly signature: Uint8Array;
}

export const commitBody = (model: Uint8Array, keys: Uint8Array): Uint8Array =>
  new ByteWriter().raw(model).raw(keys).finish();

export function readCommitBody(body: Uint8Array): Pick<Commitment, 'model' | 'keys'> {
  const reader = new ByteReader(body, 'message "commit"');
  const found = { model: reader.raw(KEY_BYTES), keys: reader.raw(KEY_BYTES) };
  reader.end();
  return found;
}

/** The commitments of all clients as the server passes them on. */
export function writeCommitments(list: readonly Commitment[]): Uint8Array {
  const writer = new ByteWriter(8 + list.length * 170).u32(list.length);
  for (const { client, context, model, keys, signature } of list)
    writer.u32(client).raw(context).raw(model).raw(keys).raw(signature);
  return writer.finish();
}

export function readCommitments(reader: ByteReader): Commitment[] {
  const list: Commitment[] = [];
  readRising(reader, reader.count(MOST_CLIENTS, 4 + 3 * KEY_BYTES + SIGNATURE_BYTES), client =>
    list.push({
      client,
      context: reader.raw(KEY_BYTES),
      model: reader.raw(KEY_BYTES),
      keys: reader.raw(KEY_BYTES),
      signature: reader.raw(SIGNATURE_BYTES),
    }),
  );
  reader.end();
  return list;
}

/** A client's keys of one round. */
export interface RoundKeys {
  readonly client: number;
  /** X25519, for what it is sent. */
  readonly sealing: Uint8Array;
  /** X25519, for the masks that it shares with neighbours. */
  readonly masking: Uint8Array;
  /** Digest of the seed of its own mask. */
  readonly seed: Uint8Array;
  /** Makes the commitment hide them. */
  readonly nonce: Uint8Array;
}

export function keysBody({ sealing, masking, seed, nonce }: Omit<RoundKeys, 'client'>): Uint8Array {
  return new ByteWriter().raw(sealing).raw(masking).raw(seed).raw(nonce).finish();
}

function readKeysOf(reader: ByteReader, client: number): RoundKeys {
  const [sealing, masking] = [reader.raw(KEY_BYTES), reader.raw(KEY_BYTES)];
  return { client, sealing, masking, seed: reader.raw(KEY_BYTES), nonce: reader.raw(KEY_BYTES) };
}

export function readKeysBody(client: number, body: Uint8Array): RoundKeys {
  const reader = new ByteReader(body, 'message "keys"');
  const found = readKeysOf(reader, client);
  reader.end();
  return found;
}

export function writeKeys(list: readonly RoundKeys[]): Uint8Array {
  const writer = new ByteWriter(8 + list.length * 132).u32(list.length);
  for (const keys of list) writer.u32(keys.client).raw(keysBody(keys));
  return writer.finish();
}

export function readKeys(reader: ByteReader): RoundKeys[] {
  const list: RoundKeys[] = [];
  readRising(reader, reader.count(MOST_CLIENTS, 4 + 4 * KEY_BYTES), client => list.push(readKeysOf(reader, client)));
  reader.end();
  return list;
}

/** Both shares of a client for one neighbour, sealed, with the digests that the server holds opened shares against. */
export interface SealedShare {
  readonly to: number;
  readonly sealed: Uint8Array;
  readonly seedShare: Uint8Array;
  readonly keyShare: Uint8Array;
}

export function sharesBody(threshold: number, shares: readonly SealedShare[]): Uint8Array {
  const writer = new ByteWriter(8 + shares.length * 160).u32(threshold).u32(shares.length);
  for (const { to, sealed, seedShare, keyShare } of shares) writer.u32(to).raw(sealed).raw(seedShare).raw(keyShare);
  return writer.finish();
}

export function readSharesBody(body: Uint8Array): {
  readonly threshold: number;
  readonly shares: readonly SealedShare[];
} {
  const reader = new ByteReader(body, 'message "shares"');
  const threshold = reader.u32();
  const shares: SealedShare[] = [];
  readRising(reader, reader.count(MOST_NEIGHBOURS, 4 + SEALED_BYTES + 2 * KEY_BYTES), to =>
    shares.push({
      to,
      sealed: reader.raw(SEALED_BYTES),
      seedShare: reader.raw(KEY_BYTES),
      keyShare: reader.raw(KEY_BYTES),
    }),
  );
  reader.end();
  return { threshold, shares };
}

/** Shares for one client, by who sent them. */
export function writeDelivered(list: readonly { readonly from: number; readonly sealed: Uint8Array }[]): Uint8Array {
  const writer = new ByteWriter(8 + list.length * 90).u32(list.length);
  for (const { from, sealed } of list) writer.u32(from).raw(sealed);
  return writer.finish();
}

export function readDelivered(reader: ByteReader): { readonly from: number; readonly sealed: Uint8Array }[] {
  const list: { from: number; sealed: Uint8Array }[] = [];
  readRising(reader, reader.count(MOST_NEIGHBOURS, 4 + SEALED_BYTES), from =>
    list.push({ from, sealed: reader.raw(SEALED_BYTES) }),
  );
  reader.end();
  return list;
}

/** Whose vectors have come, and whose shares were passed on and whose vectors have not. */
export interface Survivors {
  readonly alive: readonly number[];
  readonly lost: readonly number[];
}

export function writeSurvivors({ alive, lost }: Survivors): Uint8Array {
  const writer = new ByteWriter(8 + 4 * (alive.length + lost.length));
  for (const list of [alive, lost]) {
    writer.u32(list.length);
    for (const client of list) writer.u32(client);
  }
  return writer.finish();
}

export function readSurvivors(reader: ByteReader): Survivors {
  const list = (): number[] => {
    const found: number[] = [];
    readRising(reader, reader.count(MOST_CLIENTS, 4), client => found.push(client));
    return found;
  };
  const survivors = { alive: list(), lost: list() };
  reader.end();
  return survivors;
}

export interface Confirmation {
  readonly client: number;
  readonly signature: Uint8Array;
}

export function writeConfirmations(list: readonly Confirmation[]): Uint8Array {
  const writer = new ByteWriter(8 + list.length * 68).u32(list.length);
  for (const { client, signature } of list) writer.u32(client).raw(signature);
  return writer.finish();
}

export function readConfirmations(reader: ByteReader): Confirmation[] {
  const list: Confirmation[] = [];
  readRising(reader, reader.count(MOST_CLIENTS, 4 + SIGNATURE_BYTES), client =>
    list.push({ client, signature: reader.raw(SIGNATURE_BYTES) }),
  );
  reader.end();
  return list;
}

/** A share that a client opens: of the seed of a survivor's own mask, or of the masking key of one that was lost. */
export interface OpenedShare {
  readonly about: number;
  readonly kind: 'seed' | 'key';
  readonly share: Uint8Array;
}

export function unmaskBody(list: readonly OpenedShare[]): Uint8Array {
  const writer = new ByteWriter(8 + list.length * 38).u32(list.length);
  for (const { about, kind, share } of list)
    writer
      .u32(about)
      .u8(kind === 'seed' ? 0 : 1)
      .raw(share);
  return writer.finish();
}

export function readUnmaskBody(body: Uint8Array): OpenedShare[] {
  const reader = new ByteReader(body, 'message "unmask"');
  const list: OpenedShare[] = [];
  readRising(reader, reader.count(MOST_NEIGHBOURS + 1, 5 + SHARE_BYTES), about => {
    const kind = reader.u8();
    if (kind > 1) reader.refuse(`a share of kind ${kind}, expected 0 or 1`);
    list.push({ about, kind: kind === 0 ? 'seed' : 'key', share: reader.raw(SHARE_BYTES) });
  });
  reader.end();
  return list;
}
