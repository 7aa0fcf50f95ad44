import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import { jointNorm, openDiscreteGaussian, RandomIntegers } from '../../../kit/privacy/index.ts';
import { decodeNoisy, makeNoisy, type NoisyLattice, signed } from '../private/lattice-update.ts';
import { maskOf } from '../secure/packing.ts';
import { decodeSum, type Quantiser, quantise, type Words } from '../secure/quantise.ts';

/** How a client's update becomes whole numbers in a round, and their sum an update again. */
export interface Encoding {
  /** Entries of a vector. */
  readonly entries: number;
  /** The sum is taken modulo 2^bits. */
  readonly bits: number;
  /** Bits of one client's entry alone, which it takes in clear. */
  readonly bitsAlone: number;
  /** What every client signs with the round. */
  readonly about: string;
  readonly encode: (update: Float32Array, client: { readonly weight: number; readonly key: RandomKey }) => Encoded;
  /** The mean change, and the noisy count of short updates where there is one. */
  readonly decode: (
    sum: Uint32Array,
    clients: number,
  ) => { readonly change: Float64Array; readonly short: number | null };
}

export interface Encoded {
  readonly entries: Uint32Array;
  /** Entries of the update that were beyond the range. */
  readonly cut: number;
}

const wordsOf = (key: RandomKey): Words => {
  const stream = openStream(key);
  return into => {
    for (let i = 0; i < into.length; i++) into[i] = stream.uint32();
  };
};

/** A simulation's noise comes from its seed, so that it can be resumed and repeated; real clients take the system's. */
function integersOf(key: RandomKey): RandomIntegers {
  const words = wordsOf(key);
  return new RandomIntegers(target => words(new Uint32Array(target.buffer, target.byteOffset, target.length / 4)));
}

/** Weighted updates without noise. */
export function plainEncoding(
  quantiser: Quantiser,
  { bits, size }: { readonly bits: number; readonly size: number },
): Encoding {
  return {
    entries: size + 1,
    bits,
    bitsAlone: Math.ceil(Math.log2(quantiser.mostWeight * 2 ** quantiser.levelBits)),
    about: JSON.stringify({ quantiser }),
    encode: (update, { weight, key }) =>
      quantise(update, { quantiser, weight, words: wordsOf(foldIn(key, 'rounding')) }),
    decode: (sum, clients) => {
      const { total, weight } = decodeSum(sum, { quantiser, bits, clients });
      return { change: total.map(value => value / weight), short: null };
    },
  };
}

/**
 * Clipped updates with noise, all counted alike, over the clients expected in a round: the number of those who came would be one more thing
 * to protect.
 *
 * @param options.countStdDev deviation of a client's noise on the count of short updates; null where the norm is fixed
 */
export function noisyEncoding(
  lattice: NoisyLattice,
  {
    rotation,
    expected,
    countStdDev,
  }: {
    readonly rotation: RandomKey;
    readonly expected: number;
    readonly countStdDev: number | null;
  },
): Encoding {
  const { padded, bits, clip } = lattice;
  return {
    entries: padded + (countStdDev === null ? 0 : 1),
    bits,
    bitsAlone: bits,
    about: JSON.stringify({ lattice, rotation, expected, countStdDev }),
    encode: (update, { key }) => {
      const integers = integersOf(foldIn(key, 'noise'));
      const words = wordsOf(foldIn(key, 'rounding'));
      const noisy = makeNoisy(update, { lattice, rotation, words, integers });
      if (countStdDev === null) return { entries: noisy, cut: 0 };
      const entries = new Uint32Array(padded + 1);
      entries.set(noisy);
      const isShort = jointNorm([update]) <= clip ? 1 : -1;
      entries[padded] = (isShort + openDiscreteGaussian(countStdDev ** 2, integers)()) & maskOf(bits);
      return { entries, cut: 0 };
    },
    decode: sum => ({
      change: decodeNoisy(sum, { lattice, rotation }).map(value => value / expected),
      short: countStdDev === null ? null : signed(sum[padded]!, bits),
    }),
  };
}
