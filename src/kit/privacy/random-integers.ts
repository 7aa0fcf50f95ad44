import { BiolensError } from '../../ground/errors.ts';
import { type ByteSource, cryptoBytes } from './byte-source.ts';

const BUFFER_WORDS = 4096;
const TWO_32 = 2 ** 32;

/**
 * Uniform whole numbers, exact, from random bytes: bits are drawn and those that reach the bound are thrown away, so that no value is
 * ever more likely than another by a rounding.
 *
 * The time that a draw takes depends on its value: an adversary who can time single draws learns of it.
 */
export class RandomIntegers {
  readonly #fill: ByteSource;
  readonly #bytes = new Uint8Array(4 * BUFFER_WORDS);
  readonly #words = new Uint32Array(this.#bytes.buffer);
  #next = BUFFER_WORDS;
  #bits = 0;
  #bitsLeft = 0;

  constructor(fill: ByteSource = cryptoBytes) {
    this.#fill = fill;
  }

  /** 32 uniform bits, 0 to 2³² − 1. */
  word(): number {
    if (this.#next === BUFFER_WORDS) {
      this.#fill(this.#bytes);
      this.#next = 0;
    }
    const word = this.#words[this.#next]!;
    // What is used is not kept: memory that leaks later tells nothing of noise that was drawn.
    this.#words[this.#next++] = 0;
    return word;
  }

  /** A fair coin. */
  bit(): boolean {
    if (this.#bitsLeft === 0) {
      this.#bits = this.word();
      this.#bitsLeft = 32;
    }
    const bit = (this.#bits & 1) === 1;
    this.#bits >>>= 1;
    this.#bitsLeft--;
    return bit;
  }

  /**
   * A uniform whole number of 0 to `bound` − 1.
   *
   * @param bound 1 to 2⁵³
   * @throws BiolensError `usage` outside of that
   */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 53)
      throw new BiolensError('usage', `"bound" expected a whole number from 1 to 2^53, got ${bound}`);
    if (bound === 1) return 0;
    if (bound <= TWO_32) {
      const shift = Math.clz32(bound - 1);
      for (;;) {
        const value = this.word() >>> shift;
        if (value < bound) return value;
      }
    }
    const highBound = Math.ceil(bound / TWO_32);
    const shift = Math.clz32(highBound - 1);
    for (;;) {
      const high = highBound === 1 ? 0 : this.word() >>> shift;
      const value = high * TWO_32 + this.word();
      if (value < bound) return value;
    }
  }

  /** A uniform whole number of 0 to `bound` − 1, of any size. @throws BiolensError `usage` unless bound is at least 1 */
  belowLarge(bound: bigint): bigint {
    if (bound < 1n) throw new BiolensError('usage', `"bound" expected at least 1, got ${bound}`);
    const bits = (bound - 1n).toString(2).length;
    const words = Math.ceil(bits / 32);
    const excess = BigInt(32 * words - bits);
    for (;;) {
      let value = 0n;
      for (let i = 0; i < words; i++) value = (value << 32n) | BigInt(this.word());
      value >>= excess;
      if (value < bound) return value;
    }
  }
}
