import { KeyStream } from '../key-stream.ts';
import { project, type Scheme, shareEqual, type Template } from '../scheme.ts';

const HASHES = 128;
const VECTORS = 16;

/** Index-of-max hashing with Gaussian random projections. */
export const iomGrp: Scheme = {
  name: 'iom-grp',
  title: 'Index of max, Gaussian',
  source:
    'Jin et al., "Ranking-Based Locality Sensitive Hashing-Enabled Cancelable Biometrics", TIFS 13(2), 2018, section IV-A.',
  byDefault: true,
  holds: 'indices',
  bytes: () => (HASHES * Math.log2(VECTORS)) / 8,
  length: () => HASHES,
  open(key, width) {
    const rows = new KeyStream(key).normals(HASHES * VECTORS * width);
    return {
      protect(unit) {
        const y = project(rows, unit);
        return Uint8Array.from({ length: HASHES }, (_, hash) => {
          let best = 0;
          for (let v = 1; v < VECTORS; v++) if (y[hash * VECTORS + v]! > y[hash * VECTORS + best]!) best = v;
          return best;
        });
      },
      // The vector that won leans towards the embedding; the mean of the others leans away.
      estimate(template: Template) {
        const out = new Float64Array(width);
        for (let hash = 0; hash < HASHES; hash++)
          for (let v = 0; v < VECTORS; v++) {
            const weight = v === template[hash] ? 1 : -1 / (VECTORS - 1);
            const from = (hash * VECTORS + v) * width;
            for (let j = 0; j < width; j++) out[j]! += weight * rows[from + j]!;
          }
        return out;
      },
    };
  },
  compare: shareEqual,
};
