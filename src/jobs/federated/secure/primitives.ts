import { ctr, gcm } from '@noble/ciphers/aes.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { plainKernel, type VectorKernel } from './packing.ts';

/** Bytes of a key, a digest or a seed. */
export const KEY_BYTES = 32;
export const SIGNATURE_BYTES = 64;
/** What AES-GCM adds to what it seals. */
export const TAG_BYTES = 16;

export interface KeyPair {
  readonly secret: Uint8Array;
  readonly public: Uint8Array;
}

/** Gives the next bytes of a stream: they can be read until it is called again. */
export type Keystream = (count: number) => Uint8Array | Promise<Uint8Array>;

/**
 * The cryptography that the protocol is made of: X25519 (RFC 7748), Ed25519 (RFC 8032), SHA-256, HKDF (RFC 5869), AES-256-GCM and
 * AES-256-CTR. Both sets give the same bytes: {@link browserPrimitives} and `nodePrimitives`.
 */
export interface Primitives {
  /** From the system's generator. */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly sha256: (...parts: readonly Uint8Array[]) => Uint8Array;
  readonly hkdf: (
    secret: Uint8Array,
    about: { readonly salt: Uint8Array; readonly info: Uint8Array; readonly length: number },
  ) => Uint8Array;
  /** Key pair of X25519 from its 32 secret bytes. */
  readonly exchangeKey: (secret: Uint8Array) => KeyPair;
  /** Null for a public key of low order, whose secrets anybody knows. */
  readonly exchange: (secret: Uint8Array, other: Uint8Array) => Uint8Array | null;
  /** Key pair of Ed25519 from its 32 secret bytes. */
  readonly signingKey: (secret: Uint8Array) => KeyPair;
  readonly sign: (secret: Uint8Array, message: Uint8Array) => Uint8Array;
  readonly verify: (key: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
  /** AES-256-GCM with a nonce of zeros: every key seals once. */
  readonly seal: (key: Uint8Array, plain: Uint8Array, bound: Uint8Array) => Uint8Array;
  /** Null where the bytes were not sealed with this key for this purpose. */
  readonly open: (key: Uint8Array, sealed: Uint8Array, bound: Uint8Array) => Uint8Array | null;
  /** The keystream of AES-256-CTR from block 0 on: each call gives the next so many bytes, a multiple of 16 in all calls but the last. */
  readonly keystream: (key: Uint8Array) => Keystream | Promise<Keystream>;
  /** What is done with whole vectors. */
  readonly kernel: VectorKernel;
}

const ZERO_NONCE = new Uint8Array(12);
/** What browsers give at once. */
const MOST_RANDOM_BYTES = 65_536;

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const orNull = <T>(make: () => T): T | null => {
  try {
    return make();
  } catch {
    return null;
  }
};

/** The block counter as WebCrypto and CTR take it: 128 bits, big-endian. */
function counterAt(block: number): Uint8Array<ArrayBuffer> {
  const counter = new Uint8Array(16);
  new DataView(counter.buffer).setBigUint64(8, BigInt(block));
  return counter;
}

/** Block after block, whatever makes them. */
function streamOf(
  encrypt: (counter: Uint8Array<ArrayBuffer>, zeros: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>,
): Keystream {
  let block = 0;
  return count => {
    const counter = counterAt(block);
    block += Math.ceil(count / 16);
    return encrypt(counter, new Uint8Array(count));
  };
}

async function webKeystream(subtle: SubtleCrypto, key: Uint8Array): Promise<Keystream> {
  const imported = await subtle.importKey('raw', key.slice(), 'AES-CTR', false, ['encrypt']);
  return streamOf(
    async (counter, zeros) =>
      new Uint8Array(await subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, imported, zeros)),
  );
}

/** The primitives in JavaScript, by the audited `@noble` packages; keystreams by WebCrypto where the page is served securely. */
export const browserPrimitives: Primitives = {
  randomBytes: count => {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at += MOST_RANDOM_BYTES)
      crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM_BYTES));
    return bytes;
  },
  sha256: (...parts) => sha256(joined(parts)),
  hkdf: (secret, { salt, info, length }) => hkdf(sha256, secret, salt, info, length),
  exchangeKey: secret => ({ secret, public: x25519.getPublicKey(secret) }),
  exchange: (secret, other) => orNull(() => x25519.getSharedSecret(secret, other)),
  signingKey: secret => ({ secret, public: ed25519.getPublicKey(secret) }),
  sign: (secret, message) => ed25519.sign(message, secret),
  // As RFC 8032 and OpenSSL have it: without the cofactor, so that all agree on every signature.
  verify: (key, message, signature) =>
    orNull(() => ed25519.verify(signature, message, key, { zip215: false })) ?? false,
  seal: (key, plain, bound) => gcm(key, ZERO_NONCE, bound).encrypt(plain),
  open: (key, sealed, bound) => orNull(() => gcm(key, ZERO_NONCE, bound).decrypt(sealed)),
  keystream: key => {
    const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
    return subtle === undefined
      ? streamOf((counter, zeros) => ctr(key, counter).encrypt(zeros))
      : webKeystream(subtle, key);
  },
  kernel: plainKernel,
};
