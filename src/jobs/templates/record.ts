import { equalBytes } from '@noble/ciphers/utils.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { deriveKey, SALT_BYTES } from './keys.ts';
import type { Template } from './scheme.ts';
import { findScheme } from './schemes.ts';

/** Longest record as text, and widest embedding: with a number of four bytes for each of its own, its template fits into a record. */
const MOST_CHARACTERS = 200_000;
export const MOST_WIDTH = 16_384;
const MOST_BASE64 = 150_000;

const hexDigest = z.string().regex(/^[0-9a-f]{64}$/);
const base64 = z
  .string()
  .max(MOST_BASE64)
  .regex(/^[A-Za-z0-9_-]*$/);

/** What has to be known to make a probe of the same kind: nothing of it is biometric (ISO/IEC 24745, auxiliary data). */
export const auxiliaryDataSchema = z.strictObject({
  schema: z.literal('biolens/auxiliary-data@1'),
  scheme: z.string().max(40),
  /** Numbers in the embedding. */
  width: z.number().int().min(2).max(MOST_WIDTH),
  /** Random; with the secret it gives the key. */
  salt: base64,
  /** 1 at enrolment, one more at every renewal. */
  version: z.number().int().min(1).max(1_000_000_000),
  /** SHA-256 of the embedder: of the model's file, or of its name where it is built in. */
  embedder: hexDigest,
  /** SHA-256 of the mean that is subtracted; null where nothing is. */
  centre: hexDigest.nullable(),
});
export type AuxiliaryData = z.infer<typeof auxiliaryDataSchema>;

/** The protected template (ISO/IEC 24745, pseudonymous identifier). Stored apart from the auxiliary data where that can be. */
export const pseudonymousIdentifierSchema = z.strictObject({
  schema: z.literal('biolens/pseudonymous-identifier@1'),
  template: base64,
  /** HMAC-SHA-256 over the auxiliary data and the template, by a key of the same secret. */
  mac: base64,
});
export type PseudonymousIdentifier = z.infer<typeof pseudonymousIdentifierSchema>;

/** A record: both parts. */
export interface TemplateRecord {
  readonly auxiliary: AuxiliaryData;
  readonly identifier: PseudonymousIdentifier;
}

const recordSchema = z.strictObject({ auxiliary: auxiliaryDataSchema, identifier: pseudonymousIdentifierSchema });

/** Bytes as text that needs no escaping in an address or a file name. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @throws BiolensError `input` for text that is not base64, or says its bytes in another way than {@link toBase64} */
export function fromBase64(text: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), c => c.charCodeAt(0));
  } catch (error) {
    throw new BiolensError('input', 'record: a field is not base64', { cause: error });
  }
  if (toBase64(bytes) !== text) throw new BiolensError('input', 'record: a field is not the base64 of its bytes');
  return bytes;
}

const utf8 = new TextEncoder();

/** SHA-256 as 64 hexadecimal digits, as records hold it. */
export function digestHex(bytes: Uint8Array): string {
  return bytesToHex(sha256(bytes));
}

/** The digest of a centre for records, of its numbers in double precision. */
export function digestCentre(centre: ArrayLike<number> | null): string | null {
  if (centre === null) return null;
  const bytes = new DataView(new ArrayBuffer(8 * centre.length));
  for (let i = 0; i < centre.length; i++) bytes.setFloat64(8 * i, centre[i]!, true);
  return digestHex(new Uint8Array(bytes.buffer));
}

/** What the authentication covers: all fields in a fixed order, so that two writers agree. */
function signedBytes(auxiliary: AuxiliaryData, template: string): Uint8Array {
  const { schema, scheme, width, salt, version, embedder, centre } = auxiliary;
  return utf8.encode(JSON.stringify([schema, scheme, width, salt, version, embedder, centre, template]));
}

function macOf(secret: Uint8Array, auxiliary: AuxiliaryData, template: string): Uint8Array {
  const key = deriveKey(secret, { salt: fromBase64(auxiliary.salt), purpose: 'template/authentication' });
  return hmac(sha256, key, signedBytes(auxiliary, template));
}

/** A template as bytes: bits packed, indices one byte each, numbers as little-endian float32. */
export function packTemplate(scheme: string, template: Template): Uint8Array {
  const { holds } = findScheme(scheme);
  if (holds === 'bits') {
    const bytes = new Uint8Array(Math.ceil(template.length / 8));
    template.forEach((bit, i) => {
      bytes[i >> 3]! |= bit << (i & 7);
    });
    return bytes;
  }
  if (holds === 'indices') return Uint8Array.from(template);
  const view = new DataView(new ArrayBuffer(4 * template.length));
  template.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  return new Uint8Array(view.buffer);
}

/** @throws BiolensError `input` for bytes of another length, or numbers that are not finite */
export function unpackTemplate(scheme: string, bytes: Uint8Array, width: number): Template {
  const { holds, length: lengthOf } = findScheme(scheme);
  const length = lengthOf(width);
  const expected = holds === 'bits' ? Math.ceil(length / 8) : holds === 'indices' ? length : 4 * length;
  if (bytes.length !== expected)
    throw new BiolensError('input', `"template" expected ${expected} bytes of ${scheme}, got ${bytes.length}`);
  if (holds === 'bits') return Uint8Array.from({ length }, (_, i) => (bytes[i >> 3]! >> (i & 7)) & 1);
  if (holds === 'indices') return Uint8Array.from(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
  if (!numbers.every(Number.isFinite)) throw new BiolensError('input', '"template" holds a number that is not finite');
  return numbers;
}

/** Seals a template into a record. */
export function sealRecord(secret: Uint8Array, auxiliary: AuxiliaryData, template: Template): TemplateRecord {
  const text = toBase64(packTemplate(auxiliary.scheme, template));
  return {
    auxiliary,
    identifier: {
      schema: 'biolens/pseudonymous-identifier@1',
      template: text,
      mac: toBase64(macOf(secret, auxiliary, text)),
    },
  };
}

/**
 * Opens a record: checks its form, its authentication and its length, in this order, before anything is computed from the template.
 *
 * Adversary: whoever can change records but has no secret. A record that was changed, or that is of another secret, is refused; which of the
 * two is not told.
 *
 * @throws BiolensError `input`
 */
export function openRecord(
  secret: Uint8Array,
  record: unknown,
): { readonly auxiliary: AuxiliaryData; readonly template: Template } {
  const parsed = recordSchema.safeParse(record);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new BiolensError('input', `record: "${issue?.path.join('.')}" ${issue?.message ?? 'is wrong'}`);
  }
  const { auxiliary, identifier } = parsed.data;
  const salt = fromBase64(auxiliary.salt);
  if (salt.length !== SALT_BYTES)
    throw new BiolensError('input', `record: "auxiliary.salt" expected ${SALT_BYTES} bytes, got ${salt.length}`);
  // All bytes are looked at, so that time says nothing of how many agree.
  if (!equalBytes(macOf(secret, auxiliary, identifier.template), fromBase64(identifier.mac)))
    throw new BiolensError('input', 'record: not authentic, or of another secret');
  return { auxiliary, template: unpackTemplate(auxiliary.scheme, fromBase64(identifier.template), auxiliary.width) };
}

/** Reads a record from text. @throws BiolensError `input` */
export function parseRecord(text: string): unknown {
  if (text.length > MOST_CHARACTERS)
    throw new BiolensError('input', `record: ${text.length} characters, more than ${MOST_CHARACTERS}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BiolensError('input', 'record: not JSON', { cause: error });
  }
}
