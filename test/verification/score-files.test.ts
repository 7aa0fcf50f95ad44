import { describe, expect, test } from 'vitest';
import { errorAgainstDiscard, hardestPeople, parseScores, worstPairs } from '../../src/jobs/verification/index.ts';

const read = (text: string, meaning: 'similarity' | 'distance' = 'similarity') =>
  parseScores(text, { source: 'scores.txt', meaning });

describe('score files', () => {
  test('two columns, with marks of bob and in words; distances are turned around', () => {
    const found = read(
      '# made elsewhere\n1 0.9\n-1\t0.1\ngenuine 2e-1\nimpostor, -.5\n'.replace(', ', ' '),
      'distance',
    );
    expect([...found.scores]).toEqual([-0.9, -0.1, -0.2, 0.5]);
    expect([...found.mated]).toEqual([1, 0, 1, 0]);
    expect(found.persons).toBeNull();
  });

  test('four and five columns of bob say whom they compare', () => {
    const four = read('ann ann probe/1 0.9\nann bob probe/2 0.1\n');
    expect([...four.mated]).toEqual([1, 0]);
    expect(four).toMatchObject({ people: 2, columns: 4, names: ['ann', 'bob'] });
    const five = read('ann model1 ann probe/1 0.9\nann model1 bob probe/2 0.1\n');
    expect([...five.mated]).toEqual([1, 0]);
    expect(five.names).toEqual(['ann', 'bob']);
  });

  test.each([
    ['', 'no scores'],
    ['1 2 3\n', 'line 1: expected 2, 4 or 5 columns'],
    ['1 0.5\n1 0.5 3 4\n', 'line 2: expected 2 columns'],
    ['2 0.5\n', 'line 1: expected 1 or -1'],
    ['1 nan\n', 'line 1: expected a finite score'],
    ['1 1e9999\n', 'line 1: expected a finite score'],
    ['1 0x10\n', 'line 1: expected a finite score'],
    ['constructor 0.5\n', 'line 1: expected 1 or -1'],
    [`1 ${'9'.repeat(5000)}\n`, 'longer than'],
  ])('%j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe('who is hard', () => {
  const comparisons = {
    scores: Float64Array.of(0.2, 0.9, 0.8, 0.1, 0.7),
    mated: Uint8Array.of(1, 1, 0, 0, 0),
    persons: { reference: Uint32Array.of(0, 1, 0, 0, 1), probe: Uint32Array.of(0, 1, 1, 2, 2) },
    people: 3,
  };
  const pairs = { reference: Uint32Array.of(0, 2, 0, 1, 3), probe: Uint32Array.of(1, 3, 2, 4, 4) };

  test('errors of a person count both ways', () => {
    const [first, second, third] = hardestPeople(comparisons, 0.6);
    expect(first).toMatchObject({
      person: 0,
      genuine: 1,
      falseNonMatches: 1,
      impostor: 2,
      falseMatches: 1,
      meanGenuine: 0.2,
    });
    expect(second).toMatchObject({ person: 1, falseNonMatches: 0, falseMatches: 2, impostor: 2 });
    expect(third).toMatchObject({ person: 2, falseMatches: 1, impostor: 2, meanGenuine: null });
  });

  test('the worst pairs are the mated ones with the lowest scores and the others with the highest', () => {
    expect(worstPairs(comparisons, pairs, 2)).toEqual({
      mated: [
        { reference: 0, probe: 1, score: 0.2 },
        { reference: 2, probe: 3, score: 0.9 },
      ],
      nonMated: [
        { reference: 0, probe: 2, score: 0.8 },
        { reference: 3, probe: 4, score: 0.7 },
      ],
    });
  });

  test('discarding by a quality that knows lowers the error, and equal qualities go together', () => {
    const mated = {
      scores: Float64Array.of(0.1, 0.9, 0.9, 0.9),
      mated: new Uint8Array(4).fill(1),
      persons: null,
      people: 0,
    };
    const each = { reference: Uint32Array.of(0, 1, 2, 3), probe: Uint32Array.of(0, 1, 2, 3) };
    const points = errorAgainstDiscard(mated, each, { quality: [1, 2, 3, 4], threshold: 0.5 });
    expect(points[0]).toEqual({ discarded: 0, fnmr: 0.25 });
    expect(points.find(({ discarded }) => discarded === 0.25)).toEqual({ discarded: 0.25, fnmr: 0 });
    expect(errorAgainstDiscard(mated, each, { quality: [1, 1, 1, 1], threshold: 0.5 })).toEqual([
      { discarded: 0, fnmr: 0.25 },
    ]);
  });
});
