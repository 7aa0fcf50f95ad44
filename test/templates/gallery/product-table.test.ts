import { expect, test } from 'vitest';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import { Matcher } from '../../../src/jobs/templates/gallery/matcher.ts';
import { plainTable } from '../../../src/jobs/templates/gallery/product-table/index.ts';
import { loadTables } from '../../../src/jobs/templates/gallery/product-table/node.ts';

const random = openStream(randomKey(3));
const rowOf = (width: number): Int16Array => Int16Array.from({ length: width }, () => random.integer(533) - 266);

test('the compiled table has the numbers of the plain one, while it grows, shrinks and is asked (needs npm run build)', async () => {
  const open = await loadTables();
  expect(open, 'dist/kernels/dots.wasm is not there: npm run build').not.toBe(plainTable);
  for (const width of [2, 15, 16, 17, 128, 512]) {
    const [one, other] = [open(width), plainTable(width)];
    for (let turn = 0, count = 0; turn < 6; turn++) {
      for (let i = 0; i < 700; i++, count++) {
        const values = rowOf(width);
        one.set(count, values);
        other.set(count, values);
      }
      for (const table of [one, other]) {
        table.copy(count - 1, turn);
        table.clear(count - 1);
      }
      count--;
      // Whole lengths of 32 rows and not; no probe, one and several.
      for (const probes of [0, 1, 5].map(n => Array.from({ length: n }, () => rowOf(width)))) {
        expect(Array.from(one.products(probes, count))).toEqual(Array.from(other.products(probes, count)));
        if (probes[0] !== undefined) expect(one.product(turn, probes[0])).toBe(other.product(turn, probes[0]));
      }
    }
  }
});

test('searches of one turn share a pass, and each gets its own answer', async () => {
  let passes = 0;
  const matcher = new Matcher({
    ...{ width: 16, least: 1, open: () => Promise.reject(new Error('none is sealed')) },
    table: width => {
      const table = plainTable(width);
      return {
        ...table,
        products: (probes, count) => {
          passes++;
          return table.products(probes, count);
        },
      };
    },
  });
  const axis = (i: number): Int16Array => Int16Array.from({ length: 16 }, (_, j) => (i === j ? 250 : 0));
  for (let i = 0; i < 16; i++) matcher.add(`template ${i}`, `person ${i % 8}`, axis(i));
  const found = await Promise.all(Array.from({ length: 16 }, (_, i) => matcher.search(axis(i), 3)));
  expect(found).toEqual(Array.from({ length: 16 }, (_, i) => [`person ${i % 8}`]));
  expect(passes).toBe(1);
});
