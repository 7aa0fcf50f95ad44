import { BiolensError } from '../errors.ts';
import { checkWhole } from './check.ts';
import { normalUpperQuantile } from './normal-quantile.ts';
import { philoxBlock } from './philox.ts';

/** Names one random stream: 64 bits in two words. Plain data, so it can be stored and sent. */
export interface RandomKey {
  readonly high: number;
  readonly low: number;
}

/** Where a stream stands; {@link restoreStream} goes on from exactly there. */
export interface RandomStreamState {
  readonly key: RandomKey;
  /** 32-bit words consumed so far. */
  readonly position: number;
}

/** An array or typed array whose entries can be swapped. */
export interface MutableList<T> {
  readonly length: number;
  [index: number]: T;
}

const TWO_32 = 2 ** 32;
/** Counter words 2 and 3 of a stream's blocks are 0; those of {@link foldIn} carry one of these, so the two never meet. */
const FOLD_NUMBER = 0x80000001;
const FOLD_STRING = 0x80000002;
const scratch = new Uint32Array(4);
const utf8 = new TextEncoder();

/**
 * The key that a seed stands for.
 *
 * @param seed whole number, 0 to 2⁵³ − 1
 * @throws BiolensError `usage` for any other number
 */
export function randomKey(seed: number): RandomKey {
  checkWhole('seed', seed, 0);
  return { high: Math.floor(seed / TWO_32), low: seed >>> 0 };
}

function fold(key: RandomKey, words: readonly [number, number, number, number]): RandomKey {
  philoxBlock(scratch, words[0], words[1], words[2], words[3], key.low, key.high);
  return { high: scratch[1]!, low: scratch[0]! };
}

/**
 * Derives the key of a named sub-stream: the same key and name give the same stream, whatever else has been drawn. Different
 * names, and different chains of names, give unrelated streams.
 *
 * @param data a name, or a whole number of at least 0 such as an item's index
 * @throws BiolensError `usage` for a number that is negative or not whole
 * @example
 * const key = foldIn(foldIn(randomKey(7), 'augment'), itemIndex);
 */
export function foldIn(key: RandomKey, data: string | number): RandomKey {
  if (typeof data === 'number') {
    checkWhole('data', data, 0);
    return fold(key, [data >>> 0, Math.floor(data / TWO_32), 0, FOLD_NUMBER]);
  }
  const bytes = utf8.encode(data);
  const word = (at: number): number => {
    let value = 0;
    for (let i = 0; i < 4; i++) value |= (bytes[at + i] ?? 0) << (8 * i);
    return value >>> 0;
  };
  // Eight bytes a link; the count of bytes left keeps 'ab' then 'c' apart from 'abc'.
  let derived = key;
  let at = 0;
  do {
    derived = fold(derived, [word(at), word(at + 4), bytes.length - at, FOLD_STRING]);
    at += 8;
  } while (at < bytes.length);
  return derived;
}

/**
 * A stream of random numbers under one key. Every number is a function of the key and of how many words came before it, in
 * IEEE arithmetic that all engines round alike: the same draws on every machine.
 */
export class RandomStream {
  readonly key: RandomKey;
  readonly #block = new Uint32Array(4);
  /** Blocks generated so far. */
  #blocks: number;
  /** Words of the current block that are used. */
  #used = 4;

  constructor(key: RandomKey, position = 0) {
    checkWhole('position', position, 0);
    this.key = key;
    this.#blocks = Math.floor(position / 4);
    if (position % 4 !== 0) {
      this.#generate();
      this.#used = position % 4;
    }
  }

  /** What {@link restoreStream} needs to go on from here. */
  get state(): RandomStreamState {
    return { key: this.key, position: this.#blocks * 4 - 4 + this.#used };
  }

  #generate(): void {
    philoxBlock(this.#block, this.#blocks, Math.floor(this.#blocks / TWO_32), 0, 0, this.key.low, this.key.high);
    this.#blocks++;
    this.#used = 0;
  }

  /** 32 random bits. */
  uint32(): number {
    if (this.#used === 4) this.#generate();
    return this.#block[this.#used++]!;
  }

  /** Uniform on [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) * 2 ** -53;
  }

  /**
   * Uniform on 0, 1, …, `n` − 1, without bias.
   *
   * @param n 1 to 2⁵³ − 1
   * @throws BiolensError `usage` for any other number
   */
  integer(n: number): number {
    checkWhole('n', n, 1);
    if (n <= TWO_32) {
      let word = this.uint32();
      // Words past the last whole multiple of n would favour small numbers; only the last n words can be such.
      while (word >= TWO_32 - n && word >= TWO_32 - (TWO_32 % n)) word = this.uint32();
      // The remainder, exact below 2⁵³ and several times quicker than `%` on doubles.
      return word - Math.floor(word / n) * n;
    }
    const limit = 2 ** 53 - (2 ** 53 % n);
    for (;;) {
      const high = this.uint32() >>> 11;
      const value = high * TWO_32 + this.uint32();
      if (value < limit) return value % n;
    }
  }

  /** True with probability `p`. */
  bool(p = 0.5): boolean {
    return this.uniform() < p;
  }

  /**
   * Standard normal, by inversion of 53 random bits: |x| < 8.3, and one draw uses two words, always.
   */
  normal(): number {
    const first = this.uint32();
    const second = this.uint32();
    const tail = ((first & 0x7fffffff) * 2097152 + (second >>> 11) + 0.5) * 2 ** -53;
    const x = normalUpperQuantile(tail);
    return first >= 0x80000000 ? x : -x;
  }

  /**
   * One entry, each as likely.
   *
   * @throws BiolensError `usage` when the list is empty
   */
  pick<T>(list: ArrayLike<T>): T {
    if (list.length === 0) throw new BiolensError('usage', '"list" expected an entry to pick, got none');
    const index = this.integer(list.length);
    // The index is in range, so the entry is a T, even where T admits undefined.
    return list[index]!;
  }

  /** Shuffles in place (Fisher-Yates), every order as likely, and returns the same list. */
  shuffle<L extends MutableList<unknown>>(list: L): L {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = list[i];
      list[i] = list[j];
      list[j] = kept;
    }
    return list;
  }

  /**
   * `k` different numbers of 0 … `n` − 1 in random order, every ordered choice as likely. Costs O(k).
   *
   * @throws BiolensError `usage` when k is more than n
   */
  sampleWithoutReplacement(n: number, k: number): number[] {
    checkWhole('n', n, 0);
    checkWhole('k', k, 0);
    if (k > n) throw new BiolensError('usage', `"k" expected at most ${n} of ${n} without replacement, got ${k}`);
    // A Fisher-Yates shuffle of 0 … n − 1 that is cut off after k steps and stores the displaced numbers only.
    const displaced = new Map<number, number>();
    const sample: number[] = [];
    for (let i = 0; i < k; i++) {
      const j = i + this.integer(n - i);
      sample.push(displaced.get(j) ?? j);
      displaced.set(j, displaced.get(i) ?? i);
    }
    return sample;
  }

  /** Fills with uniforms on [0, 1), 24 random bits and one word each. */
  fillUniform(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i++) out[i] = (this.uint32() >>> 8) * 2 ** -24;
    return out;
  }

  /** Fills with standard normals by inversion of 32 random bits, one word each: |x| < 6.4. */
  fillNormal(out: Float32Array): Float32Array {
    for (let i = 0; i < out.length; i++) {
      const word = this.uint32();
      const x = normalUpperQuantile(((word & 0x7fffffff) + 0.5) * 2 ** -32);
      out[i] = word >= 0x80000000 ? x : -x;
    }
    return out;
  }
}

/** The stream of a key, from its start. */
export function openStream(key: RandomKey): RandomStream {
  return new RandomStream(key);
}

/** The stream that stood at `state`, ready to draw what would have come next. */
export function restoreStream(state: RandomStreamState): RandomStream {
  return new RandomStream(state.key, state.position);
}
