import { expect, test } from 'vitest';
import { type Matrix, randomKey } from '../../src/ground/math/index.ts';
import { meanTemplates, measureIdentification, searchGallery, unitRows } from '../../src/jobs/verification/index.ts';
import { drawPeople } from './people.ts';

const rowsOf = (...rows: number[][]): Matrix => ({
  rows: rows.length,
  cols: rows[0]!.length,
  data: Float32Array.from(rows.flat()),
});

test('ties go to the other person, and the best template of a person counts', () => {
  const gallery = { rows: rowsOf([1, 0], [1, 0], [0, 1]), person: [0, 1, 0] };
  const probes = { rows: rowsOf([1, 0], [0, 1], [1, 0]), person: [0, 0, 2] };
  expect(searchGallery(gallery, probes)).toEqual([
    { person: 0, rank: 2, bestOther: 1, mate: 1 },
    { person: 0, rank: 1, bestOther: 0, mate: 1 },
    { person: 2, rank: null, bestOther: 1, mate: null },
  ]);
});

test('open-set rates against counts by hand', () => {
  // 100 strangers with best scores 0.01 … 1; 10 people found first with mates at 0.05, 0.15, …, 0.95.
  const strangers = Array.from({ length: 3000 }, (_, i) => ({
    person: 10 + i,
    rank: null,
    bestOther: (i + 1) / 3000,
    mate: null,
  }));
  const mated = Array.from({ length: 10 }, (_, i) => ({ person: i, rank: 1, bestOther: 0, mate: i / 10 + 0.05 }));
  const rates = measureIdentification([...strangers, ...mated], { people: 3010, key: randomKey(1) });
  // At FPIR 0.1 the threshold is 0.9 and a bit, the 300 highest of 3,000; one mate in ten is above.
  expect(rates.dirThresholds['0.1']).toBeCloseTo(2701 / 3000, 9);
  expect(rates.dir['0.1']).toMatchObject({ value: 0.1, n: 10 });
  expect(rates.dir['0.01']).toMatchObject({ value: 0 });
  expect(rates.probes).toEqual({ mated: 10, nonMated: 3000 });
});

test('without strangers there is no false positive identification rate, and it says so', () => {
  const rates = measureIdentification([{ person: 0, rank: 1, bestOther: 0, mate: 1 }], {
    people: 1,
    key: randomKey(1),
  });
  expect(rates.dir['0.1']).toMatchObject({ value: null, reason: expect.stringContaining('outside the gallery') });
  expect(() => measureIdentification([], { people: 1, key: randomKey(1) })).toThrow('no probe');
});

test('everybody found first is no certainty: a person counts as one observation', () => {
  const searches = Array.from({ length: 40 }, (_, i) => ({ person: i >> 1, rank: 1, bestOther: 0, mate: 1 }));
  const { ranks } = measureIdentification(searches, { people: 20, key: randomKey(1) });
  // Wilson's interval of 20 of 20: 1/(1 + 1.96²/20).
  expect(ranks['1']).toMatchObject({ value: 1, n: 40, interval: { low: expect.closeTo(0.8389, 4), high: 1 } });
});

test('a search among the images that a verification compares finds what its pairs say', () => {
  const { matrix, identities } = drawPeople({ people: 20, each: 3, noise: 1.6 });
  const unit = unitRows(matrix);
  const person = identities.map(name => Number(name.slice(1)));
  const searches = searchGallery(
    { rows: unit, person },
    { rows: unit, person },
    { exclude: (probe, t) => probe === t },
  );
  const dot = (i: number, j: number) =>
    unit.data.subarray(i * 64, i * 64 + 64).reduce((sum, value, k) => sum + value * unit.data[j * 64 + k]!, 0);
  searches.forEach(({ mate, bestOther }, i) => {
    const own = person.flatMap((who, j) => (j !== i && who === person[i] ? [dot(i, j)] : []));
    const other = person.flatMap((who, j) => (who === person[i] ? [] : [dot(i, j)]));
    expect(mate).toBeCloseTo(Math.max(...own), 6);
    expect(bestOther).toBeCloseTo(Math.max(...other), 6);
  });
});

test('templates are means of unit vectors, weighted where asked, and of unit length', () => {
  const unit = rowsOf([1, 0], [0, 1]);
  expect([...meanTemplates(unit, [[0, 1]]).data].map(value => value.toFixed(6))).toEqual(['0.707107', '0.707107']);
  expect([...meanTemplates(unit, [[0, 1]], [1, 0]).data]).toEqual([1, 0]);
  expect(() => meanTemplates(unit, [[0, 1]], [1, -1])).toThrow('weight of item 1');
});

test('embeddings that are none are refused by row; a length that would overflow is not lost', () => {
  expect(() => unitRows(rowsOf([1, 0], [0, 0]))).toThrow('row 1 is all zeros');
  expect(() => unitRows(rowsOf([1, Number.NaN]))).toThrow('row 0 holds');
  expect(() => unitRows(rowsOf([1, Number.POSITIVE_INFINITY]))).toThrow('row 0 holds');
  expect([...unitRows(rowsOf([3e38, 3e38], [1e-44, 0])).data].map(value => value.toFixed(4))).toEqual([
    '0.7071',
    '0.7071',
    '1.0000',
    '0.0000',
  ]);
});
