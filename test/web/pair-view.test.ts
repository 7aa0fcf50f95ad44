import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pair } from '../../src/ground/contracts/index.ts';
import { FIRST_QUERY, isFiltered, nextSort, type PairColumn, selectPairs } from '../../web/audit/pair-view.ts';

const probability = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null });
const pairs: fc.Arbitrary<Pair[]> = fc.array(
  fc.record({
    generated: fc.string({ maxLength: 6 }),
    training: fc.string({ maxLength: 6 }),
    similarity: fc.double({ min: -1, max: 1, noNaN: true }),
    pValue: probability,
    qValue: probability,
    copy: fc.boolean(),
  }),
);
const columns: PairColumn[] = ['generated', 'training', 'similarity', 'pValue', 'qValue', 'copy'];

describe('the pairs that are shown', () => {
  test('sorting keeps every pair, puts numbers in order and missing ones last', () => {
    fc.assert(
      fc.property(pairs, fc.constantFrom(...columns), fc.boolean(), (given, column, descending) => {
        const before = [...given];
        const sorted = selectPairs(given, { ...FIRST_QUERY, sort: { column, descending } });
        expect(given).toEqual(before);
        expect(new Set(sorted)).toEqual(new Set(given));
        expect(sorted).toHaveLength(given.length);
        if (column === 'generated' || column === 'training') return;
        const values = sorted.map(pair => pair[column]);
        const known = values.filter(value => value !== null).map(Number);
        expect(values.slice(known.length).every(value => value === null)).toBe(true);
        expect(known).toEqual([...known].sort((a, b) => (descending ? b - a : a - b)));
      }),
    );
  });

  test('filters keep exactly what they say', () => {
    fc.assert(
      fc.property(pairs, fc.boolean(), fc.string({ maxLength: 2 }), (given, onlyCopies, text) => {
        const shown = selectPairs(given, { ...FIRST_QUERY, onlyCopies, text, low: -0.5, high: 0.5 });
        const fits = (pair: Pair): boolean =>
          (!onlyCopies || pair.copy) &&
          Math.abs(pair.similarity) <= 0.5 &&
          `${pair.generated}\n${pair.training}`.toLowerCase().includes(text.trim().toLowerCase());
        expect(new Set(shown)).toEqual(new Set(given.filter(fits)));
      }),
    );
  });

  test('numbers in names count as numbers', () => {
    const named = ['face10.png', 'face9.png', 'Face1.png'].map(generated => ({
      generated,
      training: 'a',
      similarity: 0,
      pValue: null,
      qValue: null,
      copy: false,
    }));
    const sorted = selectPairs(named, { ...FIRST_QUERY, sort: { column: 'generated', descending: false } });
    expect(sorted.map(pair => pair.generated)).toEqual(['Face1.png', 'face9.png', 'face10.png']);
  });

  test('a heading sorts by its telling end first, then turns round', () => {
    const once = nextSort(FIRST_QUERY.sort, 'qValue');
    expect(once).toEqual({ column: 'qValue', descending: false });
    expect(nextSort(once, 'qValue')).toEqual({ column: 'qValue', descending: true });
    expect(nextSort(once, 'copy')).toEqual({ column: 'copy', descending: true });
    expect(isFiltered(FIRST_QUERY)).toBe(false);
    expect(isFiltered({ ...FIRST_QUERY, low: 0 })).toBe(true);
  });
});
