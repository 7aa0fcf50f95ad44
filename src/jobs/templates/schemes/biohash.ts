import { KeyStream } from '../key-stream.ts';
import { orthonormalRows } from '../orthonormal.ts';
import { project, type Scheme, shareEqual, type Template, unproject } from '../scheme.ts';

const BITS = 512;

/** BioHash with so many bits, thresholded at the mean of the projections or at zero. */
export function biohashOf({ bits = BITS, at }: { readonly bits?: number; readonly at: 'mean' | 'zero' }): Scheme {
  return {
    name: at === 'mean' ? 'biohash' : 'biohash-zero',
    title: at === 'mean' ? 'BioHash' : 'BioHash, threshold 0',
    source:
      'Jin, Ling and Goh, Pattern Recognition 37(11), 2004: projections on an orthonormal basis of the key, thresholded. More bits than the embedding has numbers are of several bases.',
    byDefault: at === 'mean',
    holds: 'bits',
    bytes: () => Math.ceil(bits / 8),
    length: () => bits,
    open(key, width) {
      const rows = orthonormalRows(new KeyStream(key), bits, width);
      return {
        protect(unit) {
          const y = project(rows, unit);
          const threshold = at === 'zero' ? 0 : y.reduce((sum, value) => sum + value, 0) / y.length;
          return Uint8Array.from(y, value => (value > threshold ? 1 : 0));
        },
        estimate: (template: Template) =>
          unproject(
            rows,
            Float64Array.from(template, bit => 2 * bit - 1),
            width,
          ),
      };
    },
    compare: shareEqual,
  };
}

export const biohash: Scheme = biohashOf({ at: 'mean' });
export const biohashZero: Scheme = biohashOf({ at: 'zero' });
