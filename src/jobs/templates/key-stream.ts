import { chacha20 } from '@noble/ciphers/chacha.js';
import { BiolensError } from '../../ground/errors.ts';
import { KEY_BYTES } from './keys.ts';

const BLOCK_BYTES = 16_384;
const BLOCK_WORDS = BLOCK_BYTES / 4;
const ZEROS = new Uint8Array(BLOCK_BYTES);
const TWO_32 = 2 ** 32;
const NONCE_BYTES = 12;

/**
 * Numbers under a key, from the keystream of ChaCha20 (RFC 8439): whoever does not have the key cannot tell them from random ones. A stream
 * from a small seed, as many programs use, can be tried out.
 */
export class KeyStream {
  readonly #key: Uint8Array;
  readonly #nonce: Uint8Array;
  readonly #words = new Uint32Array(BLOCK_WORDS);
  #used = BLOCK_WORDS;
  #block = 0;
  #spare: number | null = null;

  /**
   * @param key 32 bytes
   * @param stream different numbers give different streams of one key
   * @throws BiolensError `usage` for a key of another length
   */
  constructor(key: Uint8Array, stream = 0) {
    if (key.length !== KEY_BYTES)
      throw new BiolensError('usage', `"key" expected ${KEY_BYTES} bytes, got ${key.length}`);
    this.#key = key;
    this.#nonce = new Uint8Array(NONCE_BYTES);
    new DataView(this.#nonce.buffer).setUint32(0, stream, true);
  }

  /** 32 bits. */
  uint32(): number {
    if (this.#used === this.#words.length) this.#refill();
    return this.#words[this.#used++]!;
  }

  #refill(): void {
    const counter = (this.#block * BLOCK_BYTES) / 64;
    const bytes = chacha20(this.#key, this.#nonce, ZEROS, undefined, counter);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < BLOCK_WORDS; i++) this.#words[i] = view.getUint32(4 * i, true);
    this.#used = 0;
    this.#block++;
  }

  /** Uniform on [0, 1), 32 bits. */
  uniform(): number {
    return this.uint32() / TWO_32;
  }

  /** Uniform on 0 … n − 1, without bias. @param n 1 to 2³² */
  integer(n: number): number {
    const limit = TWO_32 - (TWO_32 % n);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % n;
  }

  /** Standard normal, two of two uniforms (Box and Muller, 1958). */
  normal(): number {
    const spare = this.#spare;
    if (spare !== null) {
      this.#spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 0.5) / TWO_32));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  normals(count: number): Float64Array {
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = this.normal();
    return out;
  }

  /** 0 … n − 1 in random order (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
    }
    return order;
  }
}
