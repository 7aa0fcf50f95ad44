import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  freezePage,
  frozenPageSchema,
  type Pair,
  packedPairsSchema,
  packPairs,
  thawPage,
  unpackPairs,
} from '../../src/ground/contracts/index.ts';
import { hostilePage, largePage, makePairs, reportPage } from './fixtures.ts';

const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a/0001.png', 'a/0002.png', 'half\ud83d', ''));
const probability = fc.option(
  fc.double({ min: 0, max: 1, noNaN: true }).map(p => p + 0),
  { nil: null },
);
/** JSON has no −0, so a similarity of −0 is +0 on the other side of any file. */
const cosine = (single: boolean): fc.Arbitrary<number> =>
  fc.double({ min: -1, max: 1, noNaN: true }).map(value => (single ? Math.fround(value) : value) + 0);

const pairsOf = (single: boolean): fc.Arbitrary<Pair[]> =>
  fc.array(
    fc.record({
      generated: name,
      training: name,
      similarity: cosine(single),
      pValue: probability,
      qValue: probability,
      copy: fc.boolean(),
    }),
  );

describe('pairs packed by columns', () => {
  test('come back exactly, through JSON, in single and in double precision', () => {
    fc.assert(
      fc.property(fc.boolean().chain(pairsOf), pairs => {
        const packed = packedPairsSchema.parse(JSON.parse(JSON.stringify(packPairs(pairs))));
        expect(unpackPairs(packed)).toEqual(pairs);
      }),
    );
  });

  test('take under a half of the plain list, and single precision is seen', () => {
    const pairs = makePairs(5000, 100);
    const packed = packPairs(pairs);
    expect(packed.similarity.single).toBe(true);
    expect(JSON.stringify(packed).length).toBeLessThan(0.5 * JSON.stringify(pairs).length);
  });

  test('a short column makes fewer rows, not wrong ones', () => {
    const pairs = makePairs(10, 2);
    const packed = packPairs(pairs);
    const short = { ...packed, qValue: { values: packed.qValue.values, counts: [3] } };
    expect(unpackPairs(short)).toHaveLength(3);
  });

  test('a frozen page thaws to the same page', () => {
    for (const page of [reportPage(), hostilePage(), largePage(1000), reportPage({ report: null })]) {
      const frozen = freezePage(page);
      expect(thawPage(frozenPageSchema.parse(JSON.parse(JSON.stringify(frozen))))).toEqual(page);
    }
  });
});
