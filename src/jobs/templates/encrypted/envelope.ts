import { BiolensError } from '../../../ground/errors.ts';
import { describePlan, type Plan } from './plan.ts';

/** What an envelope carries, and which way: `keys`, `block` and `probe` go to the server, `result` comes back. */
export const KINDS = ['keys', 'block', 'probe', 'result'] as const;
export type Kind = (typeof KINDS)[number];

const MAGIC = [0x42, 0x4c, 0x45, 0x4d];
const VERSION = 1;
const ID_BYTES = 16;
const TAG_BYTES = 32;
const HEADER_BYTES = 128;
/** No envelope has more parts than dimensions of the widest embedding, twice. */
const MOST_PARTS = 4096;

const at = {
  version: 4,
  kind: 6,
  plan: 8,
  tenant: 24,
  key: 40,
  id: 56,
  replyTo: 72,
  time: 88,
  block: 96,
  count: 100,
  parts: 104,
  body: 108,
} as const;

const utf8 = new TextEncoder();
const hex = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

/** Names who talks to whom about what; both sides hold the same. */
export interface Channel {
  readonly plan: Plan;
  /** Whose gallery: envelopes of one tenant are refused by another. */
  readonly tenant: string;
  /** First 16 bytes of a digest of the secret key. */
  readonly keyId: Uint8Array;
  /** 32 secret bytes that the client and the server share; they authenticate, and decrypt nothing. */
  readonly linkKey: Uint8Array;
}

/** What an envelope says besides its parts. */
export interface Header {
  readonly kind: Kind;
  /** Number of the block; 0 where there is none. */
  readonly block: number;
  /** Templates in it, or scores. */
  readonly count: number;
}

export interface Opened extends Header {
  /** Hexadecimal, different for every envelope. */
  readonly id: string;
  /** The id of the probe that a result answers; zeros elsewhere. */
  readonly replyTo: string;
  /** Milliseconds since 1970 by the clock of whoever sealed it. */
  readonly time: number;
  /** Views of the envelope, not copies. */
  readonly parts: readonly Uint8Array[];
}

export interface SealOptions extends Header {
  readonly parts: readonly Uint8Array[];
  readonly replyTo?: string;
  readonly time?: number;
}

const subtle = globalThis.crypto.subtle;

/** First 16 bytes of SHA-256. */
export async function shortDigest(text: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof text === 'string' ? utf8.encode(text) : text;
  return new Uint8Array(await subtle.digest('SHA-256', Uint8Array.from(bytes))).subarray(0, ID_BYTES);
}

const isToServer = (kind: Kind): boolean => kind !== 'result';

async function authenticator(linkKey: Uint8Array, direction: 'up' | 'down'): Promise<CryptoKey> {
  const secret = await subtle.importKey('raw', Uint8Array.from(linkKey), 'HKDF', false, ['deriveKey']);
  const how = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(32),
    info: utf8.encode(`biolens/encrypted/${VERSION}/${direction}`),
  };
  return subtle.deriveKey(how, secret, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign', 'verify']);
}

export interface EnvelopeLimits {
  /** Parts of each kind, and bytes that a part may have at least and at most. */
  readonly [kind: string]: { readonly parts: number; readonly least: number; readonly most: number };
}

/**
 * Seals and opens the messages between a client and a server with HMAC-SHA-256, keys by HKDF from the link key, one a direction.
 *
 * Adversary: whoever can read, change, repeat or invent messages or stored blocks without the link key. Everything is checked before a byte
 * reaches SEAL: length, version, kind, plan, tenant, key, the number and sizes of the parts, then the tag. What is sealed is not hidden:
 * ciphertexts hide themselves, and the probe of `encrypted-gallery` is in the clear, so carry it over TLS.
 */
export class Envelopes {
  readonly #channel: Channel;
  readonly #plan: Uint8Array;
  readonly #tenant: Uint8Array;
  readonly #keys: { readonly up: CryptoKey; readonly down: CryptoKey };

  private constructor(
    channel: Channel,
    digests: { readonly plan: Uint8Array; readonly tenant: Uint8Array },
    keys: { readonly up: CryptoKey; readonly down: CryptoKey },
  ) {
    this.#channel = channel;
    this.#plan = digests.plan;
    this.#tenant = digests.tenant;
    this.#keys = keys;
  }

  /** @throws {BiolensError} `usage` for a tenant or a key of another length */
  static async open(channel: Channel): Promise<Envelopes> {
    const { tenant, linkKey, keyId, plan } = channel;
    if (tenant.length < 1 || tenant.length > 200)
      throw new BiolensError('usage', `"tenant" expected 1 to 200 characters, got ${tenant.length}`);
    if (linkKey.length !== 32) throw new BiolensError('usage', `"linkKey" expected 32 bytes, got ${linkKey.length}`);
    if (keyId.length !== ID_BYTES) throw new BiolensError('usage', `"keyId" expected 16 bytes, got ${keyId.length}`);
    const [up, down] = await Promise.all([authenticator(linkKey, 'up'), authenticator(linkKey, 'down')]);
    const digests = { plan: await shortDigest(describePlan(plan)), tenant: await shortDigest(tenant) };
    return new Envelopes(channel, digests, { up, down });
  }

  async seal({ kind, block, count, parts, replyTo, time = Date.now() }: SealOptions): Promise<Uint8Array> {
    const size = HEADER_BYTES + parts.length * 4 + parts.reduce((sum, part) => sum + part.length, 0);
    const out = new Uint8Array(size + TAG_BYTES);
    const view = new DataView(out.buffer);
    out.set(MAGIC);
    view.setUint16(at.version, VERSION, true);
    out[at.kind] = KINDS.indexOf(kind);
    out.set(this.#plan, at.plan);
    out.set(this.#tenant, at.tenant);
    out.set(this.#channel.keyId, at.key);
    globalThis.crypto.getRandomValues(out.subarray(at.id, at.id + ID_BYTES));
    if (replyTo !== undefined)
      out.set(
        Uint8Array.from(replyTo.match(/../g) ?? [], byte => Number.parseInt(byte, 16)),
        at.replyTo,
      );
    view.setFloat64(at.time, time, true);
    view.setUint32(at.block, block, true);
    view.setUint32(at.count, count, true);
    view.setUint32(at.parts, parts.length, true);
    view.setUint32(at.body, size - HEADER_BYTES, true);
    let offset = HEADER_BYTES + parts.length * 4;
    parts.forEach((part, i) => {
      view.setUint32(HEADER_BYTES + i * 4, part.length, true);
      out.set(part, offset);
      offset += part.length;
    });
    const key = this.#keys[isToServer(kind) ? 'up' : 'down'];
    out.set(new Uint8Array(await subtle.sign('HMAC', key, out.subarray(0, size))), size);
    return out;
  }

  /**
   * Checks an envelope and takes it apart.
   *
   * @throws {BiolensError} `input` saying what is wrong with it; no content is repeated
   */
  async open(given: Uint8Array, kind: Kind, limits: EnvelopeLimits): Promise<Opened> {
    const wrong = (why: string): BiolensError => new BiolensError('input', `${kind}: ${why}`, { details: { kind } });
    const limit = limits[kind];
    if (limit === undefined) throw wrong('not expected in this mode');
    const most = HEADER_BYTES + limit.parts * (4 + limit.most) + TAG_BYTES;
    if (given.length > most) throw wrong(`${given.length} bytes, expected at most ${most}`);
    if (given.length < HEADER_BYTES + TAG_BYTES) throw wrong('cut short');
    // A copy, so that nobody changes between check and use what lies in shared memory.
    const bytes = given.buffer instanceof ArrayBuffer ? given : Uint8Array.from(given);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw wrong('not an envelope of biolens');
    const version = view.getUint16(at.version, true);
    if (version !== VERSION) throw wrong(`version ${version}, expected ${VERSION}`);
    if (KINDS[bytes[at.kind]!] !== kind) throw wrong('holds something else');
    const same = (offset: number, expected: Uint8Array): boolean =>
      expected.every((byte, i) => bytes[offset + i] === byte);
    if (!same(at.plan, this.#plan)) throw wrong('made for another mode, dimension, scale or parameters');
    if (!same(at.tenant, this.#tenant)) throw wrong('of another tenant');
    if (!same(at.key, this.#channel.keyId)) throw wrong('of another key');
    const count = view.getUint32(at.parts, true);
    const size = HEADER_BYTES + view.getUint32(at.body, true);
    if (count > MOST_PARTS || count > limit.parts) throw wrong(`${count} parts, expected at most ${limit.parts}`);
    if (size !== bytes.length - TAG_BYTES) throw wrong('its length is not what it says');
    const parts: Uint8Array[] = [];
    let offset = HEADER_BYTES + count * 4;
    for (let i = 0; i < count; i++) {
      if (HEADER_BYTES + i * 4 + 4 > size) throw wrong('cut short');
      const length = view.getUint32(HEADER_BYTES + i * 4, true);
      if (length < limit.least || length > limit.most || offset + length > size)
        throw wrong(`part ${i} has ${length} bytes, expected ${limit.least} to ${limit.most}`);
      parts.push(bytes.subarray(offset, offset + length));
      offset += length;
    }
    if (offset !== size) throw wrong('its parts are not as long as it says');
    const key = this.#keys[isToServer(kind) ? 'up' : 'down'];
    const body = bytes.subarray(0, size) as Uint8Array<ArrayBuffer>;
    const tag = bytes.subarray(size) as Uint8Array<ArrayBuffer>;
    if (!(await subtle.verify('HMAC', key, tag, body))) throw wrong('its tag is wrong');
    return {
      kind,
      id: hex(bytes.subarray(at.id, at.id + ID_BYTES)),
      replyTo: hex(bytes.subarray(at.replyTo, at.replyTo + ID_BYTES)),
      time: view.getFloat64(at.time, true),
      block: view.getUint32(at.block, true),
      count: view.getUint32(at.count, true),
      parts,
    };
  }
}
