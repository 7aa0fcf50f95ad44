import { KeyStream } from '../key-stream.ts';
import { type Scheme, shareEqual } from '../scheme.ts';

const HASHES = 512;
const FACTORS = 2;
/** Entries of each product that are looked at. */
const WINDOW = 32;

/** Index-of-max hashing with uniformly random permutations. */
export const iomUrp: Scheme = {
  name: 'iom-urp',
  title: 'Index of max, permutations',
  source:
    'Jin et al., "Ranking-Based Locality Sensitive Hashing-Enabled Cancelable Biometrics", TIFS 13(2), 2018, section IV-B: products of permuted embeddings, the place of the largest of the first entries.',
  byDefault: true,
  holds: 'indices',
  bytes: () => (HASHES * Math.log2(WINDOW)) / 8,
  length: () => HASHES,
  open(key, width) {
    const stream = new KeyStream(key);
    const window = Math.min(WINDOW, width);
    const places = Array.from({ length: HASHES * FACTORS }, () => stream.permutation(width).subarray(0, window));
    return {
      protect: unit =>
        Uint8Array.from({ length: HASHES }, (_, hash) => {
          let best = 0;
          let most = Number.NEGATIVE_INFINITY;
          for (let k = 0; k < window; k++) {
            let product = 1;
            for (let f = 0; f < FACTORS; f++) product *= unit[places[hash * FACTORS + f]![k]!]!;
            if (product > most) {
              most = product;
              best = k;
            }
          }
          return best;
        }),
    };
  },
  compare: shareEqual,
};
