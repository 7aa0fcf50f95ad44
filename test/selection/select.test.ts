import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { correctShares } from '../../src/jobs/audit/index.ts';
import { acceptanceRates, confusionOfKept, KeptCounts } from '../../src/jobs/mitigation/index.ts';
import { type Candidate, selectCandidates } from '../../src/jobs/selection/index.ts';

const candidate = (row: number, rest: Partial<Candidate> = {}): Candidate => ({
  ...{ file: `${row}.png`, row, content: `digest ${row}`, attributes: {}, toTraining: 0.1, toHeldout: 0.1 },
  ...rest,
});
const all = { keep: 100, limit: 0.8, rates: {}, key: randomKey(1) } as const;
const rowsOf = (candidates: readonly Candidate[], options: Parameters<typeof selectCandidates>[1] = all) =>
  selectCandidates(candidates, options).kept.map(({ row }) => row);

describe('candidates that are kept', () => {
  test('are none that is near a training image, a held-out one, or another candidate', () => {
    const candidates = [
      candidate(0),
      candidate(1, { toTraining: 0.8 }),
      candidate(2, { toHeldout: 0.9 }),
      candidate(3, { toTraining: 0.85, toHeldout: 0.95 }),
      candidate(4, { content: 'digest 0' }),
      candidate(5, { toTraining: 0.79, toHeldout: null }),
    ];
    const { kept, looked, rejected } = selectCandidates(candidates, all);
    expect(kept.map(({ row }) => row)).toEqual([0, 5]);
    expect({ looked, ...rejected }).toEqual({ looked: 6, repeated: 1, nearTraining: 1, nearHeldout: 2, shares: 0 });
  });

  test('may be near where copies are no goal, but never a repeat', () => {
    const candidates = [candidate(0, { toTraining: 1 }), candidate(1, { content: 'digest 0' })];
    expect(rowsOf(candidates, { ...all, limit: null })).toEqual([0]);
  });

  test('are the first ones, and no more are looked at than it takes', () => {
    const candidates = Array.from({ length: 20 }, (_, row) => candidate(row));
    const { kept, looked } = selectCandidates(candidates, { ...all, keep: 3 });
    expect(kept.map(({ row }) => row)).toEqual([0, 1, 2]);
    expect(looked).toBe(3);
  });

  test('depend on the shares alike whether copies are a goal or not', () => {
    const attributes = { kind: 'warm' };
    const candidates = Array.from({ length: 200 }, (_, row) => candidate(row, { attributes }));
    const rates = { kind: { warm: 0.3, cold: 1 } };
    const kept = rowsOf(candidates, { ...all, rates });
    expect(kept.length).toBeGreaterThan(35);
    expect(kept.length).toBeLessThan(85);
    const nearer = candidates.map(one => (one.row % 2 === 0 ? one : { ...one, toTraining: 0.9 }));
    expect(rowsOf(nearer, { ...all, rates })).toEqual(kept.filter(row => row % 2 === 0));
    // A class that nothing is known of is no class that is wanted.
    expect(rowsOf([candidate(0, { attributes: { kind: 'grey' } })], { ...all, rates })).toEqual([]);
  });
});

describe('a classifier that errs', () => {
  const classes = ['male', 'female'] as const;
  const right = [0.92, 0.8] as const;

  test('is corrected by its errors on what it selected, not by those on all samples', () => {
    const stream = openStream(randomKey(7));
    const guess = (truth: number): number => (stream.uniform() < right[truth]! ? truth : 1 - truth);
    const confusion = classes.map(() => classes.map(() => 0));
    for (let i = 0; i < 4000; i++) confusion[guess(i % 2)]![i % 2]!++;
    const male = 0.9;
    const columns = confusion.map(line => line.map(count => count / 2000));
    const rates = acceptanceRates([male, 1 - male], [0.5, 0.5], columns);
    const counts = new KeptCounts();
    const truths = [0, 0];
    const predicted = [0, 0];
    for (let i = 0; i < 40_000; i++) {
      const truth = stream.uniform() < male ? 0 : 1;
      const said = guess(truth);
      const keep = stream.uniform() < rates[said]!;
      counts.count({ gender: classes[said]! }, keep);
      if (!keep) continue;
      truths[truth]!++;
      predicted[said]!++;
    }
    const n = truths[0]! + truths[1]!;
    const truth = truths[0]! / n;
    const shareOf = (errors: readonly (readonly number[])[]): number =>
      correctShares(predicted, errors, { key: randomKey(1) })[0]!.value!;
    const after = confusionOfKept(confusion, counts.ratesOf('gender', classes));
    expect(Math.abs(shareOf(after) - truth)).toBeLessThan(0.03);
    expect(Math.abs(shareOf(confusion) - truth)).toBeGreaterThan(0.08);
  });

  test('knows no rate of a class that it never saw', () => {
    const counts = new KeptCounts();
    counts.count({ gender: 'male' }, true);
    counts.count({ gender: 'male' }, false);
    expect(counts.ratesOf('gender', classes)).toEqual([0.5, 0]);
  });
});
