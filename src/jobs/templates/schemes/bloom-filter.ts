import { KeyStream } from '../key-stream.ts';
import { orthonormalRows } from '../orthonormal.ts';
import { project, type Scheme, type Template } from '../scheme.ts';

/** Bits of a column, columns of a block, blocks. */
const WORD = 4;
const COLUMNS = 8;
const BLOCKS = 32;
const SIZE = 2 ** WORD;
const BITS = WORD * COLUMNS * BLOCKS;

/** The bits of an embedding before the key comes in: public, the same for everybody. */
const publicRows = new Map<number, Float64Array>();
function rowsFor(width: number): Float64Array {
  const known = publicRows.get(width);
  if (known !== undefined) return known;
  const rows = orthonormalRows(new KeyStream(new Uint8Array(32), 1), BITS, width);
  publicRows.set(width, rows);
  return rows;
}

/** Bloom filters of the columns of a binary code that the key permutes. */
export const bloomFilter: Scheme = {
  name: 'bloom-filter',
  title: 'Bloom filter',
  source:
    'Rathgeb, Breitinger and Busch, "Alignment-free cancelable iris biometric templates based on adaptive Bloom filters", ICB 2013; with the permutation of Gomez-Barrero et al., Information Sciences 370, 2016. The binary code is of signs of public projections.',
  byDefault: true,
  holds: 'bits',
  bytes: () => (BLOCKS * SIZE) / 8,
  length: () => BLOCKS * SIZE,
  open(key, width) {
    const order = new KeyStream(key).permutation(BITS);
    const rows = rowsFor(width);
    return {
      protect(unit) {
        const code = project(rows, unit);
        const filters = new Uint8Array(BLOCKS * SIZE);
        for (let column = 0; column < BLOCKS * COLUMNS; column++) {
          let word = 0;
          for (let bit = 0; bit < WORD; bit++) word = 2 * word + (code[order[column * WORD + bit]!]! > 0 ? 1 : 0);
          filters[Math.floor(column / COLUMNS) * SIZE + word] = 1;
        }
        return filters;
      },
    };
  },
  // Mean over the blocks of 1 − Hamming distance over the bits set in both.
  compare(a: Template, b: Template) {
    let sum = 0;
    for (let block = 0; block < BLOCKS; block++) {
      let differ = 0;
      let set = 0;
      for (let i = block * SIZE; i < (block + 1) * SIZE; i++) {
        if (a[i] !== b[i]) differ++;
        set += a[i]! + b[i]!;
      }
      sum += 1 - differ / set;
    }
    return sum / BLOCKS;
  },
};
