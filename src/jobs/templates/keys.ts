import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { BiolensError } from '../../ground/errors.ts';

/** Bytes of a secret, a salt and a key. */
export const KEY_BYTES = 32;
export const SALT_BYTES = 16;
/** Shortest secret that keys are derived from: 128 bits, which no password of a person has. */
const LEAST_SECRET_BYTES = 16;

const utf8 = new TextEncoder();

/** Random bytes of the platform's generator, in Node and in a browser. */
export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** A new secret of a user or a server. Kept apart from templates: whoever has both has what the claims call a thief with keys. */
export const newSecret = (): Uint8Array => randomBytes(KEY_BYTES);

/**
 * Derives a key from a secret by HKDF-SHA-256 (RFC 5869).
 *
 * Adversary: whoever knows the salt and the purpose, which are stored with the template. They leak nothing of the key as long as the secret is
 * unknown and was chosen at random; a key derived from a name or a number that people know protects nothing, so no function here takes one.
 *
 * @param secret 16 random bytes or more
 * @param about.salt random, 16 bytes; a new one makes a new key
 * @param about.purpose what the key is for, such as `template/biohash`
 * @returns 32 bytes
 * @throws BiolensError `usage` for a secret or a salt that is too short
 */
export function deriveKey(
  secret: Uint8Array,
  about: { readonly salt: Uint8Array; readonly purpose: string },
): Uint8Array {
  if (secret.length < LEAST_SECRET_BYTES)
    throw new BiolensError(
      'usage',
      `"secret" expected ${LEAST_SECRET_BYTES} random bytes or more, got ${secret.length}`,
    );
  if (about.salt.length < SALT_BYTES)
    throw new BiolensError('usage', `"salt" expected ${SALT_BYTES} random bytes, got ${about.salt.length}`);
  return hkdf(sha256, secret, about.salt, utf8.encode(`biolens/${about.purpose}`), KEY_BYTES);
}
