import { describe, expect, test } from 'vitest';
import { replicationSchema } from '../../src/ground/contracts/index.ts';
import { foldIn, openStream } from '../../src/ground/math/index.ts';
import { plainPairwise } from '../../src/jobs/audit/pairwise.ts';
import { measureReplication } from '../../src/jobs/audit/replication.ts';
import {
  callsNothing,
  findsPlantedCopies,
  judge,
  keepsItsLevel,
  key,
  replicationOf,
  seesThroughCrowd,
} from './replication-rounds.ts';
import { drawSets, finish, plant } from './simulated-sets.ts';

describe('planted copies', () => {
  findsPlantedCopies(2);

  test('are found in a training set that is full of duplicates, which are named', async () => {
    const sizes = { training: 300, generated: 160, heldout: 0, copies: 32, duplicates: 45 };
    const sets = drawSets(foldIn(key, 300), sizes);
    const { result } = await finish(
      measureReplication(sets, { pairwise: plainPairwise, key, embedder: 'simulated', permutations: 19 }),
    );
    // The copied items are duplicates themselves, so either of the two may be the nearest.
    const called = result.pairs.filter(pair => pair.copy);
    expect(called.filter(pair => Number(pair.generated.slice(1)) < 32).length).toBeGreaterThanOrEqual(0.95 * 32);
    expect(result.duplicates.share).toMatchObject({ value: 90 / 300, n: 300 });
    expect(result.duplicates.clusters).toHaveLength(45);
    expect(result.duplicates.clusters[0]?.files).toEqual(['t0', 't299']);
  });
});

test('generated items that are nearly the same are counted and named, and different ones are not', async () => {
  const sets = drawSets(foldIn(key, 310), { training: 300, generated: 160, heldout: 0, duplicates: 10 });
  const { rows } = sets.generated;
  const alike = Array.from({ length: 12 }, (_, i) => [100, 101 + i] as const);
  plant(openStream(foldIn(key, 311)), rows, rows, { pairs: [...alike, [0, 1]], noise: 0.03 });
  const { result } = await finish(
    measureReplication(sets, { pairwise: plainPairwise, key, embedder: 'simulated', permutations: 19 }),
  );
  const { generatedDuplicates: found, duplicates } = result;
  expect(found?.share).toMatchObject({ value: 15 / 160, n: 160 });
  expect(found?.threshold).toBe(duplicates.threshold);
  expect(found?.clusters.map(({ files }) => files)).toEqual([
    Array.from({ length: 13 }, (_, i) => `g${100 + i}`),
    ['g0', 'g1'],
  ]);
});

describe('one image that fills a fifth of the training set', () => seesThroughCrowd(1));

describe('nothing planted', () => callsNothing(24));

describe('the relabelling test where one set holds every image several times', () => {
  keepsItsLevel(30, 6);

  test('leaves out held-out images that are in the training set', async () => {
    const sets = drawSets(foldIn(key, 5000), { training: 90, generated: 40, heldout: 90 });
    const training = await sets.training.rows.read(0, 90);
    const heldout = sets.heldout!.rows;
    heldout.data.set(training.subarray(0, 20 * heldout.cols));
    const options = { pairwise: plainPairwise, key, embedder: 'simulated', permutations: 19 };
    const { permutation } = (await finish(measureReplication(sets, options))).result;
    expect(permutation.units).toEqual({ training: 90, heldout: 70 });
    heldout.data.set(training);
    const none = (await finish(measureReplication(sets, options))).result.permutation;
    expect(none).toMatchObject({ p: null, reason: 'every held-out image is in the training set too' });
  });
});

describe('the report', () => {
  const sizes = { training: 120, generated: 60, heldout: 80, copies: 6, duplicates: 3 };

  test('fits its schema, and its parts fit each other', async () => {
    const result = await replicationOf(sizes, 5);
    expect(replicationSchema.parse(result)).toEqual(result);
    expect(result.pairs).toHaveLength(60);
    for (let i = 1; i < result.pairs.length; i++)
      expect(result.pairs[i]!.similarity).toBeLessThanOrEqual(result.pairs[i - 1]!.similarity);
    for (const { copy, qValue, similarity } of result.pairs)
      expect(copy).toBe((qValue ?? 1) <= 0.05 && similarity >= (result.threshold ?? 2));
    for (const shares of [result.histogram.generated, result.histogram.training, result.histogram.heldout ?? []]) {
      expect(shares).toHaveLength(result.histogram.edges.length - 1);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
    expect(result.aboveThreshold.heldout.n).toBe(80);
    expect(result.identityLeakage.generated.value).toBeGreaterThan(result.identityLeakage.heldout.value ?? 1);
    expect(result.authPct.interval?.method).toBe('wilson');
    expect(result.embedder).toEqual({ name: 'simulated', width: 32 });
  });

  test('says from which similarity on a lone copy would be called', async () => {
    const result = await replicationOf({ training: 300, generated: 200, heldout: 0 }, 10);
    const callable = result.callable ?? Number.NaN;
    expect(callable).toBeGreaterThanOrEqual(result.threshold ?? Number.NaN);
    expect(callable).toBeLessThan(0.97);
    // More generated items need a nearer copy, since each is a chance for a look-alike.
    const more = await replicationOf({ training: 300, generated: 2000, heldout: 0 }, 10);
    expect(more.callable).toBeGreaterThan(callable);
    const few = await replicationOf({ training: 8, generated: 8, heldout: 0 }, 10);
    expect(few.callable).toBeNull();
  });

  test('is the same for the same seed', async () => {
    expect(await replicationOf(sizes, 6)).toEqual(await replicationOf(sizes, 6));
  });

  test('held-out items that are in the training set are counted, and are no control', async () => {
    const sets = drawSets(foldIn(key, 7), { training: 200, generated: 60, heldout: 100, copies: 10 });
    sets.heldout?.rows.data.set((await sets.training.rows.read(0, 20)).slice());
    const { result } = await finish(
      measureReplication(sets, { pairwise: plainPairwise, key, embedder: 'simulated', permutations: 19 }),
    );
    expect(result.heldoutOverlap).toMatchObject({ value: 0.2, n: 100 });
    expect(result.calibration.source).toBe('heldout-to-training');
    expect(judge(result, 10).found).toBeGreaterThanOrEqual(9);
  });

  test('raw cosines are compared without centring', async () => {
    const result = await replicationOf(sizes, 8, { centre: false });
    expect(result.similarity).toBe('cosine');
    // The part that all faces share keeps every cosine high.
    expect(result.top1.heldout?.mean.value).toBeGreaterThan(0.9);
  });

  test('too few items give reasons, not zeros', async () => {
    const result = await replicationOf({ training: 3, generated: 2, heldout: 0 }, 9);
    expect(result.threshold).toBeNull();
    expect(result.calibration.method).toBe('none');
    for (const metric of [result.copied, result.aboveThreshold.generated, result.duplicates.share, result.ct])
      expect(metric).toMatchObject({ value: null, reason: expect.any(String) });
    expect(result.pairs.map(({ pValue, copy }) => ({ pValue, copy }))).toEqual([
      { pValue: null, copy: false },
      { pValue: null, copy: false },
    ]);
  });

  test('settings out of range are refused', async () => {
    await expect(replicationOf(sizes, 1, { falseMatchRate: 0 })).rejects.toThrow('"falseMatchRate"');
    await expect(replicationOf(sizes, 1, { falseDiscoveryRate: 1 })).rejects.toThrow('"falseDiscoveryRate"');
  });

  test('progress grows and says what is done', async () => {
    const options = { pairwise: plainPairwise, key, embedder: 'x', permutations: 19 };
    const { events } = await finish(measureReplication(drawSets(key, sizes), options));
    expect(events.map(event => event.done)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(new Set(events.map(event => event.total))).toEqual(new Set([7]));
  });

  test('stops when aborted', async () => {
    const options = { pairwise: plainPairwise, key, embedder: 'x', signal: AbortSignal.abort() };
    await expect(finish(measureReplication(drawSets(key, sizes), options))).rejects.toMatchObject({
      code: 'interrupted',
    });
  });
});
