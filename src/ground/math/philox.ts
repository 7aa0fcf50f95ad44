/**
 * Philox4x32-10, a counter-based random function: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as
 * 1, 2, 3" (SC 2011), section 4.3 and table 3. Four counter words and two key words go in, four random words come out;
 * there is no other state, so any block of any stream can be computed on its own and everywhere the same.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Upper 32 bits of the 64-bit product of two unsigned words; no intermediate exceeds 2³² and so none leaves exact range. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carry >>> 16)) >>> 0;
}

/**
 * Writes the block at counter `(c0, c1, c2, c3)` under the key `(k0, k1)` into `out`, all as 32-bit words.
 * The words stay separate arguments because this is the inner loop of every random number drawn.
 */
export function philoxBlock(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  let w0 = c0 >>> 0;
  let w1 = c1 >>> 0;
  let w2 = c2 >>> 0;
  let w3 = c3 >>> 0;
  let key0 = k0 | 0;
  let key1 = k1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(w0, MULTIPLIER_0);
    const low0 = Math.imul(w0, MULTIPLIER_0) >>> 0;
    const high1 = multiplyHigh(w2, MULTIPLIER_1);
    const low1 = Math.imul(w2, MULTIPLIER_1) >>> 0;
    w0 = (high1 ^ w1 ^ key0) >>> 0;
    w1 = low1;
    w2 = (high0 ^ w3 ^ key1) >>> 0;
    w3 = low0;
    key0 = (key0 + WEYL_0) | 0;
    key1 = (key1 + WEYL_1) | 0;
  }
  out[0] = w0;
  out[1] = w1;
  out[2] = w2;
  out[3] = w3;
}
