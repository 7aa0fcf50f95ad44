import { BiolensError } from '../../../ground/errors.ts';

/** A key on P-384 as a JSON Web Key has it, in base64url. */
export interface EllipticKey {
  readonly kty: 'EC';
  readonly crv: 'P-384';
  readonly x: string;
  readonly y: string;
  readonly d: string;
}

const MAGIC = 'openssh-key-v1\0';
const SIZE = 48;
const ARMOUR = /-----(?:BEGIN|END) OPENSSH PRIVATE KEY-----/g;

const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** Strings with their length before them, as SSH writes all it writes (RFC 4251, section 5). */
class SshReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  skip(count: number): void {
    this.#at += count;
  }

  string(): Uint8Array {
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    const length = this.#at + 4 <= view.byteLength ? view.getUint32(this.#at) : Number.POSITIVE_INFINITY;
    const start = this.#at + 4;
    if (start + length > this.#bytes.length) throw new BiolensError('input', 'cut short');
    this.#at = start + length;
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string {
    return new TextDecoder('latin1').decode(this.string());
  }
}

/** Whether a text is a private key as `ssh-keygen` writes it. */
export const isOpenSsh = (text: string): boolean => text.includes('-----BEGIN OPENSSH PRIVATE KEY-----');

/**
 * Reads a private key as `ssh-keygen -t ecdsa -b 384` writes it (PROTOCOL.key of OpenSSH).
 *
 * @throws BiolensError `input`: a password, another kind of key, damaged
 */
export function readOpenSshKey(text: string): EllipticKey {
  const refuse = (why: string): never => {
    throw new BiolensError('input', why);
  };
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(text.replace(ARMOUR, '').replace(/\s+/g, '')), character => character.charCodeAt(0));
  } catch {
    return refuse('no base64');
  }
  if (new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) return refuse('no OpenSSH key');
  const outer = new SshReader(bytes.subarray(MAGIC.length));
  if (outer.text() !== 'none') return refuse('the key has a password');
  outer.string();
  outer.string();
  outer.skip(4);
  outer.string();
  const inner = new SshReader(outer.string());
  inner.skip(8);
  if (inner.text() !== 'ecdsa-sha2-nistp384' || inner.text() !== 'nistp384')
    return refuse('expected a key on the curve P-384');
  const point = inner.string();
  const scalar = inner.string();
  // A leading zero keeps the number positive; leading zeros of the number itself are left out.
  const digits = scalar.subarray(scalar.findIndex(byte => byte !== 0));
  if (point.length !== 1 + 2 * SIZE || point[0] !== 4 || digits.length > SIZE)
    return refuse('expected a key on the curve P-384');
  const d = new Uint8Array(SIZE);
  d.set(digits, SIZE - digits.length);
  return {
    kty: 'EC',
    crv: 'P-384',
    x: base64url(point.subarray(1, 1 + SIZE)),
    y: base64url(point.subarray(1 + SIZE)),
    d: base64url(d),
  };
}
