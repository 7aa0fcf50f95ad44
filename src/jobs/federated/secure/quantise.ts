import { BiolensError } from '../../../ground/errors.ts';
import { maskOf } from './packing.ts';

/** How real numbers become integers that can be summed under masks. */
export interface Quantiser {
  /** Entries are cut to −range … range. */
  readonly range: number;
  /** An entry has 2^levelBits levels. */
  readonly levelBits: number;
  /** Weights are whole numbers from 1 to this. */
  readonly mostWeight: number;
}

/** 32 random bits at a time: the system's in a real client, a keyed stream in a simulation. */
export type Words = (into: Uint32Array) => void;

const MOST_MODULUS_BITS = 32;

/**
 * Bits of an entry in a sum of n clients: ⌈log₂(n · mostWeight · 2^levelBits)⌉, so that no sum overflows.
 *
 * @throws {BiolensError} `input` where that is more than 32
 */
export function sumBits({ levelBits, mostWeight, range }: Quantiser, n: number): number {
  if (!Number.isInteger(levelBits) || levelBits < 2 || levelBits > 24)
    throw new BiolensError('input', `quantiser: "levelBits" expected 2 to 24, got ${levelBits}`);
  if (!Number.isInteger(mostWeight) || mostWeight < 1)
    throw new BiolensError('input', `quantiser: "mostWeight" expected a whole number from 1, got ${mostWeight}`);
  if (!(range > 0 && Number.isFinite(range)))
    throw new BiolensError('input', `quantiser: "range" expected a number above 0, got ${range}`);
  const most = n * mostWeight * 2 ** levelBits;
  const bits = Math.ceil(Math.log2(most));
  if (bits > MOST_MODULUS_BITS)
    throw new BiolensError(
      'input',
      `quantiser: ${n} clients × weight ${mostWeight} × 2^${levelBits} levels need ${bits} bits, expected at most ${MOST_MODULUS_BITS}; take fewer levels or smaller weights`,
    );
  return bits;
}

function checkUpdate(update: Float32Array): void {
  for (let i = 0; i < update.length; i++)
    if (!Number.isFinite(update[i]!))
      throw new BiolensError('input', `update: entry ${i} is ${update[i]}, expected a finite number`);
}

const CHUNK = 65_536;

/**
 * Weighs and rounds an update to integers whose sum is decoded by {@link decodeSum}. Rounding is stochastic, so that its error has mean zero
 * within the range: up with the probability of the fraction that is cut off.
 *
 * @param update `[n]`
 * @param options.weight whole number, 1 to `mostWeight`
 * @returns `[n + 1]`, the weight at the end, and how many entries were beyond the range
 * @throws {BiolensError} `input` for an entry that is no finite number, or a weight out of bounds
 */
export function quantise(
  update: Float32Array,
  { quantiser, weight, words }: { readonly quantiser: Quantiser; readonly weight: number; readonly words: Words },
): { readonly entries: Uint32Array; readonly cut: number } {
  const { range, levelBits, mostWeight } = quantiser;
  if (!Number.isInteger(weight) || weight < 1 || weight > mostWeight)
    throw new BiolensError('input', `update: "weight" expected a whole number from 1 to ${mostWeight}, got ${weight}`);
  checkUpdate(update);
  const top = 2 ** levelBits - 1;
  const scale = top / (2 * range);
  const entries = new Uint32Array(update.length + 1);
  const random = new Uint32Array(Math.min(CHUNK, update.length));
  let cut = 0;
  for (let start = 0; start < update.length; start += CHUNK) {
    const count = Math.min(CHUNK, update.length - start);
    words(random);
    for (let i = 0; i < count; i++) {
      const exact = (update[start + i]! + range) * scale;
      const within = exact < 0 ? 0 : exact > top ? top : exact;
      if (within !== exact) cut++;
      const whole = Math.floor(within);
      const up = random[i]! < (within - whole) * 2 ** 32 ? 1 : 0;
      entries[start + i] = (whole + up) * weight;
    }
  }
  entries[update.length] = weight;
  return { entries, cut };
}

/** A sum of weighted updates, and of their weights. */
export interface DecodedSum {
  /** Σ weight · update. `[n]` */
  readonly total: Float64Array;
  readonly weight: number;
}

/**
 * The real numbers of a sum of integers, whole modulo 2^bits.
 *
 * @param sum `[n + 1]` as {@link quantise} makes its parts
 * @throws {BiolensError} `input` for a weight that no clients can have
 */
export function decodeSum(
  sum: Uint32Array,
  { quantiser, bits, clients }: { readonly quantiser: Quantiser; readonly bits: number; readonly clients: number },
): DecodedSum {
  const { range, levelBits, mostWeight } = quantiser;
  const mask = maskOf(bits);
  const reduce = (value: number): number => (value & mask) >>> 0;
  const n = sum.length - 1;
  const weight = reduce(sum[n] ?? 0);
  if (weight < clients || weight > clients * mostWeight)
    throw new BiolensError('input', `sum: the weights of ${clients} clients cannot come to ${weight}`);
  const top = 2 ** levelBits - 1;
  const step = (2 * range) / top;
  const total = new Float64Array(n);
  for (let i = 0; i < n; i++) total[i] = reduce(sum[i]!) * step - weight * range;
  return { total, weight };
}
