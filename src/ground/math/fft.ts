import { BiolensError } from '../errors.ts';

/**
 * The discrete Fourier transform of complex numbers, in place: Σ x_j e^(−2πi jk/n), radix 2, twiddle factors from a table.
 *
 * @param real `[n]`, n a power of two
 * @param imaginary `[n]`
 * @param inverse conjugate transform, divided by n
 * @throws BiolensError `usage` unless both have the same length, a power of two
 */
export function fourierTransform(
  real: Float64Array,
  imaginary: Float64Array,
  { inverse = false }: { readonly inverse?: boolean } = {},
): void {
  const n = real.length;
  if (n === 0 || (n & (n - 1)) !== 0 || imaginary.length !== n)
    throw new BiolensError('usage', `"real" expected as many numbers as "imaginary", a power of two, got ${n}`);
  reverseBits(real, imaginary);
  const { cosines, sines } = twiddles(n);
  const sign = inverse ? 1 : -1;
  for (let half = 1; half < n; half *= 2) {
    const stride = n / (2 * half);
    for (let start = 0; start < n; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const c = cosines[k * stride]!;
        const s = sign * sines[k * stride]!;
        const low = start + k;
        const high = low + half;
        const re = real[high]! * c - imaginary[high]! * s;
        const im = real[high]! * s + imaginary[high]! * c;
        real[high] = real[low]! - re;
        imaginary[high] = imaginary[low]! - im;
        real[low] = real[low]! + re;
        imaginary[low] = imaginary[low]! + im;
      }
    }
  }
  if (!inverse) return;
  for (let i = 0; i < n; i++) {
    real[i] = real[i]! / n;
    imaginary[i] = imaginary[i]! / n;
  }
}

function reverseBits(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [real[i], real[j]] = [real[j]!, real[i]!];
    [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
  }
}

/** The last table made: accountants ask for one size many times over. */
let kept = { n: 0, cosines: new Float64Array(0), sines: new Float64Array(0) };

function twiddles(n: number): { readonly cosines: Float64Array; readonly sines: Float64Array } {
  if (kept.n === n) return kept;
  const half = n / 2;
  const cosines = new Float64Array(half);
  const sines = new Float64Array(half);
  for (let k = 0; k < half; k++) {
    cosines[k] = Math.cos((Math.PI * k) / half);
    sines[k] = Math.sin((Math.PI * k) / half);
  }
  kept = { n, cosines, sines };
  return kept;
}
