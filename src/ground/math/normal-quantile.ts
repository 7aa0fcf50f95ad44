/**
 * The normal quantile of Wichura, "Algorithm AS 241" (Applied Statistics 37(3), 1988, PPND16), relative error near 1e-16,
 * written in additions, multiplications, divisions and square roots alone. Those are rounded the same way by every engine
 * (IEEE 754), whereas `Math.log` and `Math.cos` may differ in the last bit: random normals made here are equal on every
 * machine.
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const doubleView = new Float64Array(1);
const wordView = new Uint32Array(doubleView.buffer);
doubleView[0] = 1;
/** Where the word with sign and exponent lies in a double on this machine. */
const HIGH_WORD = wordView[0] === 0 ? 1 : 0;

/** Natural logarithm of a positive normal double, to about one unit in the last place, the same on every machine. */
function portableLog(x: number): number {
  doubleView[0] = x;
  const high = wordView[HIGH_WORD]!;
  let exponent = (high >>> 20) - 1023;
  wordView[HIGH_WORD] = (high & 0x000fffff) | 0x3ff00000;
  let mantissa = doubleView[0]!;
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  // ln m = 2 artanh s with |s| ≤ 0.172: the first term left out is below 1e-18.
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = 1 / 23;
  for (let odd = 21; odd >= 3; odd -= 2) series = series * z + 1 / odd;
  return exponent * LN2_HIGH + (2 * s + (2 * s * z * series + exponent * LN2_LOW));
}

/** Coefficients of the paper, lowest power first, as the doubles nearest to its decimals. */
const CENTRAL_NUMERATOR = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const CENTRAL_DENOMINATOR = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
];
const NEAR_NUMERATOR = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const NEAR_DENOMINATOR = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const FAR_NUMERATOR = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
];
const FAR_DENOMINATOR = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
  1.421511758316446e-7, 2.0442631033899397e-15,
];

function polynomial(c: readonly number[], x: number): number {
  return ((((((c[7]! * x + c[6]!) * x + c[5]!) * x + c[4]!) * x + c[3]!) * x + c[2]!) * x + c[1]!) * x + c[0]!;
}

/**
 * The x ≥ 0 with P(Z > x) = `tail` for a standard normal Z.
 *
 * @param tail probability in [2.3e-308, 0.5]; smaller ones give the quantile of the smallest normal double
 */
export function normalUpperQuantile(tail: number): number {
  if (tail >= 0.075) {
    const q = 0.5 - tail;
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRAL_NUMERATOR, r)) / polynomial(CENTRAL_DENOMINATOR, r);
  }
  const r = Math.sqrt(-portableLog(Math.max(tail, 2.2250738585072014e-308)));
  if (r <= 5) return polynomial(NEAR_NUMERATOR, r - 1.6) / polynomial(NEAR_DENOMINATOR, r - 1.6);
  return polynomial(FAR_NUMERATOR, r - 5) / polynomial(FAR_DENOMINATOR, r - 5);
}
