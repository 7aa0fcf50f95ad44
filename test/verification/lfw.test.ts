import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { bestThreshold, foldAccuracy, imageStem, parsePairList } from '../../src/jobs/verification/index.ts';

/** A list of ten folds of 300 and 300 pairs in which fold f has 3 f + 1 pairs on the wrong side of 0.5. */
function planted() {
  const stream = openStream(randomKey(3));
  const lines: string[] = [];
  const scores: number[] = [];
  for (let fold = 0; fold < 10; fold++) {
    const wrong = 3 * fold + 1;
    const own = Array.from({ length: 600 }, (_, i) => {
      const mated = i < 300;
      const right = i >= wrong;
      const score = mated === right ? 0.6 + 0.4 * stream.uniform() : 0.4 * stream.uniform();
      // One person has a name with a space, another one image alone.
      const name = i % 7 === 0 ? 'Anna Maria' : `Person_${fold}_${i}`;
      const line = mated ? `${name}\t1\t2` : `${name}\t1\tSolo_${fold}_${i}\t1`;
      return { line, score };
    });
    stream.shuffle(own);
    lines.push(...own.map(({ line }) => line));
    scores.push(...own.map(({ score }) => score));
  }
  return { text: `10\t300\n${lines.join('\n')}\n`, scores };
}

test('LFW as published: 6,000 shuffled pairs with a known answer', () => {
  const { text, scores } = planted();
  const list = parsePairList(text, 'pairs.txt');
  expect(list).toMatchObject({ folds: 10, perFold: 300 });
  const result = foldAccuracy({
    scores,
    mated: list.pairs.map(({ mated }) => (mated ? 1 : 0)),
    fold: list.pairs.map(({ fold }) => fold),
  });
  const accuracies = Array.from({ length: 10 }, (_, fold) => 1 - (3 * fold + 1) / 600);
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / 10;
  const deviation = Math.sqrt(accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 9);
  expect(result.accuracy.value).toBeCloseTo(mean, 9);
  expect(result.standardError).toBeCloseTo(deviation / Math.sqrt(10), 9);
  expect(result.folds.every(({ threshold }) => threshold > 0.4 && threshold <= 0.6)).toBe(true);
});

describe('lists of pairs', () => {
  test('names with spaces between tabs and without, a list for development, mated pairs in either form', () => {
    const { pairs } = parsePairList('1 2\nAnna Maria 1 2\nJo 3 4\nAnna Maria 1 Jo Ann 2\nJo\t1\tAl\t12\n', 'x');
    expect(
      pairs.map(({ mated, reference, probe }) => [
        mated,
        reference.person,
        reference.number,
        probe.person,
        probe.number,
      ]),
    ).toEqual([
      [true, 'Anna Maria', 1, 'Anna Maria', 2],
      [true, 'Jo', 3, 'Jo', 4],
      [false, 'Anna Maria', 1, 'Jo Ann', 2],
      [false, 'Jo', 1, 'Al', 12],
    ]);
    expect(parsePairList('1\nA\t1\t2\nA\t1\tB\t1\n', 'x').folds).toBe(1);
    expect(imageStem({ person: 'Anna Maria', number: 3 })).toBe('Anna_Maria/Anna_Maria_0003');
  });

  test.each([
    ['', 'line 1'],
    ['ten 300\n', 'line 1'],
    ['1\nA\t1\t2\n', 'announces 2 pairs'],
    ['1\nA\t1\t2\nA\tone\tB\t1\n', 'line 3'],
    ['1\nA\t1\t2\nA\t1\n', 'line 3'],
    ['1\nA\t1\t2\n\t1\tB\t1\n', 'line 3'],
    [`1\nA\t1\t2\n${'x'.repeat(3000)}\t1\tB\t1\n`, 'longer than'],
    ['999999999\nA\t1\t2\n', 'line 1'],
  ])('%j is refused', (text, message) => {
    expect(() => parsePairList(text, 'pairs.txt')).toThrow(message);
  });
});

test('a pair that could not be compared never matches', () => {
  const scores = [0.9, Number.NEGATIVE_INFINITY, 0.2, Number.NEGATIVE_INFINITY];
  expect(bestThreshold(scores, [1, 1, 0, 0]).accuracy).toBe(0.75);
  expect(bestThreshold([Number.NEGATIVE_INFINITY, 0.5], [0, 1])).toEqual({ threshold: 0.5, accuracy: 1 });
});
