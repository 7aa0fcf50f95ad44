import { DEGREE, ERROR_BITS } from './parameters.ts';

// Streams come from AES-256-CTR with a counter from zero, under a key that HKDF-SHA-256 gives for one purpose and number.

const subtle = globalThis.crypto.subtle;
const utf8 = new TextEncoder();

/**
 * The first `length` bytes of a stream.
 *
 * @param root 32 bytes
 * @param purpose names the stream; different ones are independent
 */
export async function stream(root: Uint8Array, purpose: string, length: number): Promise<Uint8Array> {
  const secret = await subtle.importKey('raw', Uint8Array.from(root), 'HKDF', false, ['deriveKey']);
  const how = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(32),
    info: utf8.encode(`biolens/additive/1/${purpose}`),
  };
  const key = await subtle.deriveKey(how, secret, { name: 'AES-CTR', length: 256 }, false, ['encrypt']);
  const counter = new Uint8Array(16);
  return new Uint8Array(await subtle.encrypt({ name: 'AES-CTR', counter, length: 64 }, key, new Uint8Array(length)));
}

const view32 = (bytes: Uint8Array): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(4 * i, true));
};

/** Public polynomial of a dimension: N uniform words. */
export async function publicPolynomial(seed: Uint8Array, dimension: number): Promise<Int32Array> {
  return view32(await stream(seed, `public/${dimension}`, 4 * DEGREE));
}

/**
 * Secret polynomial of a block: N coefficients of −1, 0, 1, each as likely. Pairs of bits, lowest first, that are 3 are passed over.
 *
 * @throws when 16 bits a coefficient were not enough, which has a probability below 2^−1000
 */
export async function secretPolynomial(master: Uint8Array, block: number): Promise<Int8Array> {
  const bytes = await stream(master, `secret/${block}`, 2 * DEGREE);
  const out = new Int8Array(DEGREE);
  let filled = 0;
  for (let i = 0; i < 4 * bytes.length && filled < DEGREE; i++) {
    const pair = (bytes[i >> 2]! >> (2 * (i & 3))) & 3;
    if (pair < 3) out[filled++] = pair - 1;
  }
  if (filled < DEGREE) throw new Error('the stream was too short');
  return out;
}

const MASK = 2 ** ERROR_BITS - 1;

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Fresh errors: differences of two sums of 21 random bits. @param random fills with bytes no one else knows */
export function freshErrors(
  count: number,
  random: (bytes: Uint32Array) => void = words => {
    // At most 65,536 bytes at a time.
    for (let at = 0; at < words.length; at += 16_384)
      globalThis.crypto.getRandomValues(words.subarray(at, at + 16_384) as Uint32Array<ArrayBuffer>);
  },
): Int8Array {
  const words = new Uint32Array(2 * count);
  random(words);
  return Int8Array.from({ length: count }, (_, i) => ones(words[2 * i]! & MASK) - ones(words[2 * i + 1]! & MASK));
}
