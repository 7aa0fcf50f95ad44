import { KeyStream } from '../key-stream.ts';
import { cosine, type Scheme } from '../scheme.ts';

/** Numbers of a polynomial, and how many of them the next one shares. */
const TERMS = 7;
const OVERLAP = 2;
const LARGEST = 100;
const FLOAT_BYTES = 4;

const windowsOf = (width: number): number => Math.ceil(Math.max(0, width - OVERLAP) / (TERMS - OVERLAP));

/** PolyProtect: polynomials over windows of the embedding. */
export const polyProtect: Scheme = {
  name: 'polyprotect',
  title: 'PolyProtect',
  source:
    'Hahn and Marcel, "Towards Protecting Face Embeddings in Mobile Face Verification Scenarios", T-BIOM 4(1), 2022: distinct coefficients within ±100 without 0, exponents a permutation of 1 to 7, overlap 2; the last window is filled up with zeros.',
  patent: 'US 11,514,918 is listed for it: named explicitly, or not used',
  byDefault: false,
  holds: 'numbers',
  bytes: width => windowsOf(width) * FLOAT_BYTES,
  length: windowsOf,
  open(key, width) {
    const stream = new KeyStream(key);
    const coefficients = Array.from(stream.permutation(2 * LARGEST).subarray(0, TERMS), place =>
      place < LARGEST ? place - LARGEST : place - LARGEST + 1,
    );
    const exponents = [...stream.permutation(TERMS)].map(place => place + 1);
    return {
      protect: unit =>
        Float32Array.from({ length: windowsOf(width) }, (_, window) => {
          let sum = 0;
          for (let i = 0; i < TERMS; i++)
            sum += coefficients[i]! * (unit[window * (TERMS - OVERLAP) + i] ?? 0) ** exponents[i]!;
          return sum;
        }),
    };
  },
  compare: cosine,
};
