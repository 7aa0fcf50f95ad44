import { BiolensError } from '../../../ground/errors.ts';
import { lengthBound } from './quantise.ts';

/** What was shown about a dimension and a scale. */
export interface Proof {
  /** No product of two embeddings exceeds this, in units of scale². */
  readonly scoreBound: number;
  /** Noise at the end as a share of what decryption takes; below 1. */
  readonly noise: number;
  /** Largest difference from the exact cosine that computing under encryption makes: 0 where whole numbers come out exactly. */
  readonly error: number;
  /** Probability over the randomness of encryption that the bounds do not hold, as a power of two; −Infinity where they always do. */
  readonly failureBits: number;
}

export interface BfvQuestion {
  readonly dimension: number;
  readonly scale: number;
  readonly degree: number;
  readonly primeBits: readonly number[];
  readonly plainModulus: number;
}

/** SEAL's errors are centred binomial of 21 pairs of bits: at most 21, and sub-Gaussian with variance factor 42/4. */
const ERROR_MOST = 21;
const ERROR_FACTOR = Math.sqrt(42 / 4);
/** Of q·m/t to whole numbers, in encryption. */
const ROUNDING = 0.5;
const FAILURE_BITS = -64;

/** How many deviations a sum of sub-Gaussian terms stays within, in each of `places` places at once, but for 2^FAILURE_BITS. */
const deviations = (places: number): number => Math.sqrt(2 * Math.LN2 * (1 + Math.log2(places) - FAILURE_BITS));

/**
 * A prime of b bits is at least this share of 2^b: SEAL takes the largest there are. Whoever makes a context checks it; see `openContext`.
 */
export const PRIME_SHARE = 1 - 2 ** -10;

/** The data are kept modulo the product of all but the last prime, or of the only one. */
function dataModulus(primeBits: readonly number[]): number {
  const data = primeBits.length === 1 ? primeBits : primeBits.slice(0, -1);
  return data.reduce((product, bits) => product * PRIME_SHARE * 2 ** bits, 1);
}

function refuse({ dimension, scale }: { readonly dimension: number; readonly scale: number }, why: string): never {
  throw new BiolensError('usage', `"scale" ${scale} cannot be proved for ${dimension} dimensions: ${why}`, {
    details: { scale, dimension },
  });
}

function checkScore(question: BfvQuestion): number {
  const { dimension, scale, plainModulus } = question;
  // Cauchy-Schwarz, with both lengths checked when the numbers come in.
  const scoreBound = lengthBound(scale, dimension) ** 2 * (1 + 1e-9);
  if (2 * scoreBound >= plainModulus)
    refuse(question, `a score of ${Math.ceil(scoreBound)} would wrap at ${plainModulus}`);
  if (plainModulus > 2 ** 24) refuse(question, 'the plain modulus would exceed 24 bits');
  return scoreBound;
}

function conclude(question: BfvQuestion, scoreBound: number, noise: number, failureBits: number): Proof {
  // Decryption rounds rightly while the invariant noise is below 1/2.
  const share = 2 * noise;
  if (!(share < 1)) refuse(question, `noise of ${share.toPrecision(3)} times what decryption takes`);
  return { scoreBound, noise: share, error: 0, failureBits };
}

/**
 * Encrypted gallery, clear probe: Σ_j p_j·c_j. Each fresh ciphertext has invariant noise of at most (t/q)(B + ½), where the ½ is for rounding
 * q·m/t, and a whole number p multiplies it by |p|; Σ|p_j| ≤ √d‖p‖. Holds for all randomness.
 */
export function proveGallery(question: BfvQuestion): Proof {
  const { dimension, scale, plainModulus, primeBits } = question;
  const scoreBound = checkScore(question);
  const sum = Math.sqrt(dimension) * lengthBound(scale, dimension);
  const noise = (plainModulus / dataModulus(primeBits)) * (ERROR_MOST + ROUNDING) * sum;
  return conclude(question, scoreBound, noise, Number.NEGATIVE_INFINITY);
}

/**
 * Encrypted probe, clear gallery: Σ_j c_j·g_j(X), where g_j holds dimension j of as many templates as the ring has coefficients. A coefficient of
 * the noise is at most (t/q)(B + ½)·Σ_i‖g_i‖₁. Holds for all randomness.
 */
export function proveProbe(question: BfvQuestion): Proof {
  const { dimension, scale, degree, plainModulus, primeBits } = question;
  const scoreBound = checkScore(question);
  const sum = degree * Math.sqrt(dimension) * lengthBound(scale, dimension);
  const noise = (plainModulus / dataModulus(primeBits)) * (ERROR_MOST + ROUNDING) * sum;
  return conclude(question, scoreBound, noise, Number.NEGATIVE_INFINITY);
}

/**
 * Both encrypted, BFV. With (t/q)·c(s) = m + v + a·t, the product's noise is v₁v₂ + m₁v₂ + m₂v₁ + t(a₁v₂ + a₂v₁) + (t/q)·r(s): ‖a‖∞ ≤ N + 2,
 * and the rounding r of three parts is at most 3 each (SEAL's approximate base conversion), so ‖r(s)‖ ≤ 3(1 + N + N²). Given the other ciphertext,
 * an error polynomial is independent of a, so a coefficient of Σ_j a_j·e_j is sub-Gaussian with factor σ√(dN)‖a‖∞; the rounding of q·m/t, at most ½,
 * is summed absolutely. Switching keys adds (t/P)-scaled errors, 2·N·σ-bounded below, for the relinearisation and for each rotation. Rotating and
 * adding sums as many products as there are dimensions, up to a power of two.
 */
export function provePair(question: BfvQuestion & { readonly packing: 'dimensions' | 'rotations' }): Proof {
  const { dimension, degree, plainModulus: t, primeBits, packing } = question;
  const scoreBound = checkScore(question);
  const q = dataModulus(primeBits);
  const most = degree + 3;
  const wide = deviations(degree);
  const one = (count: number): number => {
    const random = wide * ERROR_FACTOR * Math.sqrt(count * degree) * most;
    const rounding = count * degree * most * ROUNDING;
    const square = (count * degree * (ERROR_MOST + ROUNDING) ** 2) / q;
    return (t / q) * t * (2 * random + 2 * rounding + square) + (t / q) * count * 3 * (1 + degree + degree ** 2);
  };
  // Digits below a data prime times errors, divided by the special prime (at most as large as 2:1), and rounding times the secret.
  const digits = primeBits.length - 1;
  const switching = (t / q) * (2 * wide * ERROR_FACTOR * Math.sqrt(digits * degree) + (degree + 1));
  if (packing === 'dimensions') return conclude(question, scoreBound, one(dimension) + switching, FAILURE_BITS);
  const stages = Math.ceil(Math.log2(dimension));
  return conclude(question, scoreBound, 2 ** stages * (one(1) + (stages + 1) * switching), FAILURE_BITS);
}

export interface CkksQuestion {
  readonly dimension: number;
  /** A power of two. */
  readonly scale: number;
  readonly degree: number;
  readonly primeBits: readonly number[];
  readonly packing: 'dimensions' | 'rotations';
}

/**
 * Both encrypted, CKKS at one level, not rescaled. A slot of a fresh ciphertext differs from scale·x by the rounding of N coefficients, at most N/2
 * absolutely, and by an error that is sub-Gaussian with factor σ√N. Over Σ_j p_j·g_j of unit vectors the errors of either side sum to one such
 * term; roundings sum absolutely, √d·N/2; products of two errors are bounded each. Switching keys, relinearisation and rotations alike, adds at
 * most N(2·K·σ√N + N + 1) to a slot, once per stage.
 */
export function proveCkks(question: CkksQuestion): Proof {
  const { dimension, scale, degree, primeBits, packing } = question;
  if (Math.log2(scale) % 1 !== 0) refuse(question, 'expected a power of two');
  const places = degree * dimension;
  const wide = deviations(places) * ERROR_FACTOR * Math.sqrt(degree);
  const round = degree / 2;
  const fresh = wide + round;
  const stages = packing === 'rotations' ? Math.ceil(Math.log2(dimension)) : 0;
  const switching = degree * (2 * deviations(degree) * ERROR_FACTOR * Math.sqrt(degree) + degree + 1);
  const sum = scale * (2 * wide + 2 * Math.sqrt(dimension) * round) + dimension * fresh ** 2;
  const absolute = packing === 'rotations' ? 2 ** stages * (stages + 1) * switching + sum : sum + switching;
  // A part in 2⁴⁰ for the double precision of encoding and decoding.
  const error = absolute / scale ** 2 + 2 ** -40 * dimension;
  const scoreBound = 1 + error;
  const share = (2 * scoreBound * scale ** 2) / dataModulus(primeBits);
  if (!(share < 1)) refuse(question, `a score of 1 would wrap at 2^${Math.log2(dataModulus(primeBits))}`);
  if (error > 0.01) refuse(question, `an error of ${error.toPrecision(2)} in a cosine, at most .01 is allowed`);
  return { scoreBound, noise: share, error, failureBits: FAILURE_BITS };
}
