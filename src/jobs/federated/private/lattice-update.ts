import { BiolensError } from '../../../ground/errors.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import { jointNorm, openDiscreteGaussian, type RandomIntegers } from '../../../kit/privacy/index.ts';
import { maskOf } from '../secure/packing.ts';
import type { Words } from '../secure/quantise.ts';
import { paddedLength, rotate, rotateBack } from './rotation.ts';

/*
 * The distributed discrete Gaussian (Kairouz, Liu and Steinke 2021, algorithm 1): a client clips its update, rotates it, rounds it to a lattice
 * so that its norm stays bounded, and adds discrete Gaussian noise before the masks. The server sees no sum without noise.
 */

/** How updates of one round are made private. */
export interface NoisyLattice {
  /** Entries of an update; padded to a power of two. */
  readonly size: number;
  readonly padded: number;
  /** Length that updates are clipped to. */
  readonly clip: number;
  /** Real numbers in a step of the lattice. */
  readonly step: number;
  /** Entries are cut to −most … most steps. */
  readonly most: number;
  /** Deviation of a client's noise, in steps; its square is a whole number. */
  readonly noiseStdDev: number;
  /** Bound on the length of a rounded update, in steps: the sensitivity of the sum. */
  readonly sensitivity: number;
  /** The sum is taken modulo 2^bits. */
  readonly bits: number;
}

/** Noise this fine is drawn fast, and coarse enough for few bits. */
const FINEST_NOISE = 512;
/** Entries of a rotated vector that lie further out than this many deviations are cut; one in 10¹⁵ does. */
const SPREAD = 8;
/** A sum beyond this many deviations of its noise, with probability below 10⁻³², would be read wrongly. */
const ROOM = 12;
/** ln 1/β with β = e^−1/2: roundings whose norm is above the bound are drawn again, at most this share of them. */
const REJECTED_EXPONENT = 0.5;

/** The largest length of a rounded vector that was c steps long (their equation 3). */
export function roundedNorm(c: number, dimension: number): number {
  const root = Math.sqrt(dimension);
  const likely = Math.sqrt(c * c + dimension / 4 + Math.sqrt(2 * REJECTED_EXPONENT) * (c + root / 2));
  return Math.min(c + root, likely);
}

/** The length before rounding whose bound after it is this. */
function lengthWithin(sensitivity: number, dimension: number): number {
  let [low, high] = [0, sensitivity];
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (roundedNorm(middle, dimension) <= sensitivity) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * Plans the lattice of a round: of every sum that comes about, the noise is `noiseMultiplier` times what one client can change.
 *
 * @param fewest clients whose noise is in each sum, besides the one that is protected
 * @param most clients whose vectors can be in it
 */
export function planLattice({
  size,
  clip,
  noiseMultiplier,
  fewest,
  most: clients,
}: {
  readonly size: number;
  readonly clip: number;
  readonly noiseMultiplier: number;
  readonly fewest: number;
  readonly most: number;
}): NoisyLattice {
  if (!(fewest >= 1) || !(clip > 0) || !(noiseMultiplier > 0))
    throw new BiolensError('usage', 'noise: expected a clip and a multiplier above 0, and another client in each sum');
  const padded = paddedLength(size);
  const sensitivityOf = (noise: number): number => (noise * Math.sqrt(fewest)) / noiseMultiplier;
  let noiseStdDev = FINEST_NOISE;
  // Rounding must not use the sensitivity up.
  while (sensitivityOf(noiseStdDev) < 2 * Math.sqrt(padded)) noiseStdDev *= 2;
  const sensitivity = sensitivityOf(noiseStdDev);
  const length = lengthWithin(sensitivity, padded);
  const most = Math.ceil(Math.min(length, (SPREAD * length) / Math.sqrt(padded)));
  const reach = clients * most + ROOM * noiseStdDev * Math.sqrt(clients);
  const bits = Math.ceil(Math.log2(2 * reach + 1));
  if (bits > 32) throw new BiolensError('input', `noise: a sum needs ${bits} bits, expected at most 32`);
  return { size, padded, clip, step: clip / length, most, noiseStdDev, sensitivity, bits };
}

/** Rounds up or down by chance until the length is within the bound. */
function roundWithin(exact: Float64Array, bound: number, words: Words): Int32Array {
  const rounded = new Int32Array(exact.length);
  const random = new Uint32Array(Math.min(65_536, exact.length));
  for (let tries = 0; tries < 1000; tries++) {
    let squares = 0;
    for (let i = 0; i < exact.length; i++) {
      const at = i % random.length;
      if (at === 0) words(random);
      const whole = Math.floor(exact[i]!);
      const value = whole + (random[at]! < (exact[i]! - whole) * 2 ** 32 ? 1 : 0);
      rounded[i] = value;
      squares += value * value;
    }
    if (squares <= bound * bound) return rounded;
  }
  throw new BiolensError('external', 'noise: no rounding of the update is within its bound');
}

/**
 * A client's clipped, rotated, rounded and noisy update as whole numbers modulo 2^bits.
 *
 * Adversary: sees exact sums of at least so many such vectors as the lattice was planned for, and knows everything but the noise.
 *
 * @param update `[size]`
 * @returns `[padded]`
 * @throws {BiolensError} `input` for an entry that is no finite number
 */
export function makeNoisy(
  update: Float32Array,
  {
    lattice,
    rotation,
    words,
    integers,
  }: {
    readonly lattice: NoisyLattice;
    readonly rotation: RandomKey;
    readonly words: Words;
    readonly integers: RandomIntegers;
  },
): Uint32Array {
  const { padded, clip, step, most, noiseStdDev, sensitivity, bits } = lattice;
  const norm = jointNorm([update]);
  const scale = Math.min(1, clip / norm) / step;
  const exact = new Float64Array(padded);
  for (let i = 0; i < update.length; i++) exact[i] = update[i]! * (norm === 0 ? 0 : scale);
  rotate(exact, rotation);
  for (let i = 0; i < padded; i++) exact[i] = Math.max(-most, Math.min(most, exact[i]!));
  const rounded = roundWithin(exact, sensitivity, words);
  const noise = openDiscreteGaussian(noiseStdDev ** 2, integers);
  const mask = maskOf(bits);
  const entries = new Uint32Array(padded);
  for (let i = 0; i < padded; i++) entries[i] = (rounded[i]! + noise()) & mask;
  return entries;
}

/** A whole number modulo 2^bits as the one nearest to 0. */
export function signed(value: number, bits: number): number {
  const reduced = (value & maskOf(bits)) >>> 0;
  return reduced >= 2 ** (bits - 1) ? reduced - 2 ** bits : reduced;
}

/** The noisy sum of updates. `[size]` */
export function decodeNoisy(
  sum: Uint32Array,
  { lattice, rotation }: { readonly lattice: NoisyLattice; readonly rotation: RandomKey },
): Float64Array {
  const { size, padded, step, bits } = lattice;
  const vector = new Float64Array(padded);
  for (let i = 0; i < padded; i++) vector[i] = signed(sum[i]!, bits) * step;
  rotateBack(vector, rotation);
  return vector.subarray(0, size);
}
