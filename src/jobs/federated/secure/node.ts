import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { openVectorKernel } from './kernel/node.ts';
import { PART_ENTRIES } from './packing.ts';
import { type KeyPair, type Primitives, TAG_BYTES } from './primitives.ts';

/** What stands before the 32 bytes of a key in DER (RFC 8410, section 7 and 4). */
const DER = {
  X25519: {
    secret: Buffer.from('302e020100300506032b656e04220420', 'hex'),
    public: Buffer.from('302a300506032b656e032100', 'hex'),
  },
  Ed25519: {
    secret: Buffer.from('302e020100300506032b657004220420', 'hex'),
    public: Buffer.from('302a300506032b6570032100', 'hex'),
  },
} as const;
type Kind = keyof typeof DER;

/** As text, since Node's reader of an object with bytes throws and catches an error each time, which costs more than the key. */
const pemOf = (label: string, start: Buffer, key: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.concat([start, key]).toString('base64')}\n-----END ${label}-----\n`;

/** Reading a secret key computes its public half: once for each, as long as its bytes are held. */
const secrets: Readonly<Record<Kind, WeakMap<Uint8Array, KeyObject>>> = {
  X25519: new WeakMap(),
  Ed25519: new WeakMap(),
};

function secretKey(kind: Kind, bytes: Uint8Array): KeyObject {
  const found = secrets[kind].get(bytes);
  if (found !== undefined) return found;
  const made = createPrivateKey(pemOf('PRIVATE KEY', DER[kind].secret, bytes));
  secrets[kind].set(bytes, made);
  return made;
}

const publicKey = (kind: Kind, bytes: Uint8Array): KeyObject =>
  createPublicKey(pemOf('PUBLIC KEY', DER[kind].public, bytes));

function keyPair(kind: Kind, secret: Uint8Array): KeyPair {
  const spki = createPublicKey(secretKey(kind, secret)).export({ format: 'der', type: 'spki' });
  return { secret, public: new Uint8Array(spki.subarray(spki.length - 32)) };
}

const plainBytes = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);

/** Long-lived keys are read once; a roster has so many. */
const MOST_KNOWN = 4096;
const known = new Map<string, KeyObject>();
function signerKey(bytes: Uint8Array): KeyObject {
  const name = Buffer.from(bytes).toString('latin1');
  const found = known.get(name) ?? publicKey('Ed25519', bytes);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(name, found);
  return found;
}

const ZERO_NONCE = Buffer.alloc(12);
const ZERO_COUNTER = Buffer.alloc(16);
const ZEROS = Buffer.alloc(4 * PART_ENTRIES);

/** The primitives by Node's own OpenSSL. */
export const nodePrimitives: Primitives = {
  randomBytes: count => new Uint8Array(randomBytes(count)),
  sha256: (...parts) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return plainBytes(hash.digest());
  },
  hkdf: (secret, { salt, info, length }) => new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
  exchangeKey: secret => keyPair('X25519', secret),
  exchange: (secret, other) => {
    try {
      // OpenSSL refuses a result of zeros, which keys of low order give.
      return plainBytes(
        diffieHellman({ privateKey: secretKey('X25519', secret), publicKey: publicKey('X25519', other) }),
      );
    } catch {
      return null;
    }
  },
  signingKey: secret => keyPair('Ed25519', secret),
  sign: (secret, message) => plainBytes(sign(null, message, secretKey('Ed25519', secret))),
  verify: (key, message, signature) => {
    try {
      return verify(null, message, signerKey(key), signature);
    } catch {
      return false;
    }
  },
  seal: (key, plain, bound) => {
    const cipher = createCipheriv('aes-256-gcm', key, ZERO_NONCE).setAAD(bound);
    const body = [cipher.update(plain), cipher.final()];
    return plainBytes(Buffer.concat([...body, cipher.getAuthTag()]));
  },
  open: (key, sealed, bound) => {
    if (sealed.length < TAG_BYTES) return null;
    try {
      const cut = sealed.length - TAG_BYTES;
      const decipher = createDecipheriv('aes-256-gcm', key, ZERO_NONCE).setAAD(bound);
      decipher.setAuthTag(sealed.subarray(cut));
      return plainBytes(Buffer.concat([decipher.update(sealed.subarray(0, cut)), decipher.final()]));
    } catch {
      return null;
    }
  },
  keystream: key => {
    const cipher = createCipheriv('aes-256-ctr', key, ZERO_COUNTER);
    let last: ArrayBuffer | null = null;
    return count => {
      // Freed at once, so that the next bytes get the same memory, which is in the cache: twice as fast as waiting for a collection.
      last?.transfer(0);
      const bytes = cipher.update(count <= ZEROS.length ? ZEROS.subarray(0, count) : Buffer.alloc(count));
      const { buffer } = bytes;
      last = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length ? buffer : null;
      return plainBytes(bytes);
    };
  },
  kernel: openVectorKernel(),
};
