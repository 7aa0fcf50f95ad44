import { ByteWriter } from '../wire/bytes.ts';
import { type Commitment, keysBody, type RoundKeys, writeCommitments } from './frames.ts';
import { MOST_STREAMS, PART_ENTRIES, streamBytes } from './packing.ts';
import { KEY_BYTES, type Primitives } from './primitives.ts';
import type { RoundRecord } from './record.ts';

/** All that keys of a round are derived from, besides a secret. */
export interface Binding {
  readonly context: Uint8Array;
  readonly record: RoundRecord;
  /** Digest of all clients' commitments. */
  readonly list: Uint8Array;
  readonly primitives: Primitives;
}

/** What a client is bound to before it sees another one's keys. */
export function commitmentOf(
  keys: RoundKeys,
  { context, primitives }: Pick<Binding, 'context' | 'primitives'>,
): Uint8Array {
  return primitives.sha256(
    new ByteWriter().text('biolens keys').raw(context).u32(keys.client).raw(keysBody(keys)).finish(),
  );
}

export function listDigest(
  list: readonly Commitment[],
  { context, primitives }: Pick<Binding, 'context' | 'primitives'>,
): Uint8Array {
  return primitives.sha256(new ByteWriter().text('biolens list').raw(context).raw(writeCommitments(list)).finish());
}

export const seedDigest = (seed: Uint8Array, { sha256 }: Pick<Primitives, 'sha256'>): Uint8Array =>
  sha256(new ByteWriter().text('biolens seed').raw(seed).finish());

export const shareDigest = (share: Uint8Array, { sha256 }: Pick<Primitives, 'sha256'>): Uint8Array =>
  sha256(new ByteWriter().text('biolens share').raw(share).finish());

function derive(
  secret: Uint8Array,
  { context, primitives }: Pick<Binding, 'context' | 'primitives'>,
  info: ByteWriter,
): Uint8Array {
  return primitives.hkdf(secret, { salt: context, info: info.finish(), length: KEY_BYTES });
}

/** The key that seals what goes from one client to another: one for each direction. */
export function sealingKey(secret: Uint8Array, binding: Binding, from: number, to: number): Uint8Array {
  return derive(secret, binding, new ByteWriter().text('seal').raw(binding.list).u32(from).u32(to));
}

/** What a sealed share is bound to. */
export function sealBinding({ context, list }: Binding, from: number, to: number): Uint8Array {
  return new ByteWriter().text('biolens shares').raw(context).raw(list).u32(from).u32(to).finish();
}

/**
 * Whether two clients are neighbours: a coin that both can toss and nobody else, made from keys that both were bound to before either saw
 * the other's. So a server can neither choose an honest client's neighbours nor know them before the shares are sent.
 */
export function areNeighbours(
  secret: Uint8Array,
  binding: Binding,
  { first, second, edge }: { readonly first: number; readonly second: number; readonly edge: number },
): boolean {
  if (edge >= 1) return true;
  const info = new ByteWriter()
    .text('edge')
    .raw(binding.list)
    .u32(Math.min(first, second))
    .u32(Math.max(first, second));
  const coin = derive(secret, binding, info);
  const view = new DataView(coin.buffer, coin.byteOffset);
  return (view.getUint32(0, true) * 2 ** 21 + (view.getUint32(4, true) >>> 11)) * 2 ** -53 < edge;
}

/** The key of the mask that two neighbours share; the lower number adds it, the higher one takes it off. */
export function pairKey(
  secret: Uint8Array,
  binding: Omit<Binding, 'list'>,
  pair: readonly [
    { readonly client: number; readonly masking: Uint8Array },
    { readonly client: number; readonly masking: Uint8Array },
  ],
): Uint8Array {
  const [low, high] = pair[0].client < pair[1].client ? pair : [pair[1], pair[0]];
  const info = new ByteWriter().text('mask').raw(binding.record.roster).u32(low.client).u32(high.client);
  return derive(secret, binding, info.raw(low.masking).raw(high.masking));
}

/** The key of a client's own mask. */
export function selfKey(seed: Uint8Array, binding: Omit<Binding, 'list'>, client: number): Uint8Array {
  return derive(seed, binding, new ByteWriter().text('self').raw(binding.record.roster).u32(client));
}

/** A mask by its key: added or taken off. */
export interface Mask {
  readonly key: Uint8Array;
  readonly sign: 1 | -1;
}

/** Adds masks to a vector modulo 2^32, all of them to one part after the other. */
export async function addMasks(
  vector: Uint32Array,
  masks: readonly Mask[],
  { bits, primitives }: { readonly bits: number; readonly primitives: Primitives },
): Promise<void> {
  const bytesEach = streamBytes(bits);
  for (let first = 0; first < masks.length; first += MOST_STREAMS) {
    const some = masks.slice(first, first + MOST_STREAMS);
    const streams = await Promise.all(some.map(({ key }) => primitives.keystream(key)));
    for (let start = 0; start < vector.length; start += PART_ENTRIES) {
      const part = vector.subarray(start, start + PART_ENTRIES);
      const parts = streams.map(next => next(bytesEach * part.length));
      const made = await Promise.all(parts);
      primitives.kernel.addStreams(
        part,
        made.map((bytes, i) => ({ bytes, sign: some[i]!.sign })),
        bytesEach,
      );
    }
  }
}
