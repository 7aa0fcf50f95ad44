import { describe, expect, test } from 'vitest';
import { type Replication, replicationSchema } from '../../src/ground/contracts/index.ts';
import { foldIn, type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import { plainPairwise } from '../../src/jobs/audit/pairwise.ts';
import { meanTop1Statistic, relabellingTest } from '../../src/jobs/audit/replication/relabelling.ts';
import { measureReplication, type ReplicationSettings } from '../../src/jobs/audit/replication.ts';
import { appendRows, mapSource, meanRow, normaliseRows } from '../../src/jobs/audit/rows.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { drawFaces, drawSets, finish, plant, type SetSizes } from './simulated-sets.ts';

const key = randomKey(31);

async function replicationOf(sizes: SetSizes, seed: number, settings: ReplicationSettings = {}): Promise<Replication> {
  const sets = drawSets(foldIn(key, seed), sizes);
  const options = { pairwise: plainPairwise, key: foldIn(key, 'audit'), embedder: 'simulated', permutations: 199 };
  return (await finish(measureReplication(sets, { ...options, ...settings }))).result;
}

/** Calls that are right and wrong; the first `copies` generated items are copies of the training items of the same number. */
function judge({ pairs }: Replication, copies: number): { readonly found: number; readonly wrong: number } {
  const called = pairs.filter(pair => pair.copy);
  const right = called.filter(pair => Number(pair.generated.slice(1)) < copies);
  for (const pair of right) expect(pair.training).toBe(`t${pair.generated.slice(1)}`);
  return { found: right.length, wrong: called.length - right.length };
}

describe('planted copies', () => {
  // As in the promise of the product: at least 95 % found, at most 5 % of the calls false.
  test.each([
    { name: 'with a held-out set', sizes: { training: 200, generated: 160, heldout: 120, copies: 32 } },
    { name: 'with a small held-out set', sizes: { training: 300, generated: 200, heldout: 30, copies: 40 } },
    { name: 'without one', sizes: { training: 300, generated: 200, heldout: 0, copies: 40 } },
  ])('are found $name', async ({ sizes }) => {
    const totals = { found: 0, wrong: 0 };
    for (let round = 0; round < 6; round++) {
      const result = await replicationOf(sizes, round);
      const { found, wrong } = judge(result, sizes.copies);
      totals.found += found;
      totals.wrong += wrong;
      expect(result.copied).toMatchObject({ n: sizes.generated, interval: { method: 'wilson' } });
      if (sizes.heldout > 100) expect(result.permutation.p).toBeLessThan(0.02);
      else if (sizes.heldout === 0)
        expect(result.permutation).toMatchObject({ p: null, reason: 'needs a held-out set' });
    }
    expect(totals.found / (6 * sizes.copies)).toBeGreaterThanOrEqual(0.95);
    expect(totals.wrong / (totals.found + totals.wrong)).toBeLessThanOrEqual(0.05);
  });

  test('are found in a set of thirty, by the tail of pairs', async () => {
    let [found, wrong] = [0, 0];
    for (let round = 0; round < 10; round++) {
      const result = await replicationOf({ training: 30, generated: 30, heldout: 0, copies: 6 }, 100 + round);
      expect(result.control).toBe('tail of real pairs');
      const verdict = judge(result, 6);
      found += verdict.found;
      wrong += verdict.wrong;
    }
    expect(found).toBeGreaterThan(0.6 * 60);
    expect(wrong).toBeLessThanOrEqual(0.05 * 60);
  });

  test('one copy in four hundred is found', async () => {
    let found = 0;
    for (let round = 0; round < 5; round++)
      found += judge(
        await replicationOf({ training: 400, generated: 400, heldout: 0, copies: 1 }, 200 + round),
        1,
      ).found;
    expect(found).toBeGreaterThanOrEqual(4);
  });

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

describe('one image that fills a fifth of the training set', () => {
  const crowd = { training: 500, crowd: 100, generated: 300 };

  test.each([
    { name: 'with a held-out set', heldout: 1000 },
    { name: 'without one', heldout: 0 },
  ])('does not hide its own copies $name', async ({ heldout }) => {
    let [found, wrong] = [0, 0];
    for (let round = 0; round < 3; round++) {
      const result = await replicationOf({ ...crowd, heldout, copies: 30 }, 400 + round, { permutations: 19 });
      const called = result.pairs.filter(pair => pair.copy);
      found += called.filter(pair => Number(pair.generated.slice(1)) < 30).length;
      wrong += called.filter(pair => Number(pair.generated.slice(1)) >= 30).length;
      // All different images give the same threshold, and see as much.
      const plain = await replicationOf({ ...crowd, training: 401, crowd: 0, heldout }, 400 + round, {
        permutations: 19,
      });
      expect(Math.abs((result.threshold ?? 2) - (plain.threshold ?? 0))).toBeLessThan(0.04);
      expect(result.duplicates.clusters[0]?.files).toHaveLength(101);
    }
    expect(found / 90).toBeGreaterThanOrEqual(0.95);
    expect(wrong / (found + wrong)).toBeLessThanOrEqual(0.05);
  });

  test('raises no false alarm', async () => {
    let called = 0;
    for (let round = 0; round < 30; round++) {
      const result = await replicationOf(
        { training: 180, crowd: 36, generated: 100, heldout: round % 2 === 0 ? 120 : 0 },
        500 + round,
        { permutations: 19 },
      );
      expect(result.duplicates.clusters[0]?.files).toHaveLength(37);
      if (result.pairs.some(pair => pair.copy)) called++;
    }
    expect(called).toBeLessThanOrEqual(1);
  });
});

describe('nothing planted', () => {
  test.each([
    { name: 'with a held-out set', sizes: { training: 150, generated: 100, heldout: 120 } },
    { name: 'without one', sizes: { training: 150, generated: 100, heldout: 0 } },
  ])('no pair is called and p-values are uniform $name', async ({ sizes }) => {
    // 60 rounds. A call in a round is a false alarm of at most 5 %: more than 9 rounds with one have probability 2e-3 at that rate; the
    // matching threshold makes it far rarer. Of 3 equal bins, χ² with 2 degrees of freedom is below 13.8 in 99.9 % of cases.
    let called = 0;
    const bins = [0, 0, 0];
    for (let round = 0; round < 60; round++) {
      const { pairs, permutation } = await replicationOf(sizes, 1000 + round, { permutations: 59 });
      if (pairs.some(pair => pair.copy)) called++;
      if (permutation.p !== null) bins[Math.min(2, Math.floor((permutation.p - 1 / 120) * 3))]!++;
    }
    expect(called).toBeLessThanOrEqual(2);
    if (sizes.heldout > 0) expect(bins.reduce((sum, count) => sum + (count - 20) ** 2 / 20, 0)).toBeLessThan(13.8);
  });

  test('a generator whose faces all look alike is not taken for one that copies', async () => {
    // All generated faces lie around one real face of the law that is in no set: nearer to some training face than real people are.
    let called = 0;
    for (let round = 0; round < 10; round++) {
      const sets = drawSets(foldIn(key, 2000 + round), { training: 200, generated: 100, heldout: 200 });
      const { data, cols } = sets.generated.rows;
      const first = data.slice(0, cols);
      for (let i = 1; i < 100; i++)
        for (let j = 0; j < cols; j++) data[i * cols + j] = first[j]! + 0.1 * Math.sin(31 * i + 17 * j);
      const { result } = await finish(
        measureReplication(sets, { pairwise: plainPairwise, key, embedder: 'simulated', permutations: 19 }),
      );
      called += result.pairs.filter(pair => pair.copy).length;
    }
    expect(called).toBe(0);
  });
});

describe('the relabelling test where one set holds every image several times', () => {
  const sizes = { training: 90, generated: 40, heldout: 90 };
  const rounds = 100;

  /** Sets of 90 images, of which one holds 30 different ones, three times each with a little noise. */
  function tripled(round: number, which: 'training' | 'heldout') {
    const sets = drawSets(foldIn(key, 3000 + round), sizes);
    const stream = openStream(foldIn(key, 4000 + round));
    const several = drawFaces(stream, 90);
    const pairs = Array.from({ length: 60 }, (_, i) => [i % 30, 30 + i] as const);
    plant(stream, several, several, { pairs, noise: 0.02 });
    return which === 'training'
      ? { ...sets, training: { ...sets.training, rows: sourceOf(several) } }
      : { ...sets, heldout: { rows: several, id: (row: number) => `h${row}` } };
  }

  test.each(['training', 'heldout'] as const)('keeps its level: %s', async which => {
    let [byClusters, byImages] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const sets = tripled(round, which);
      const options = { pairwise: plainPairwise, key: foldIn(key, round), embedder: 'simulated', permutations: 99 };
      const { permutation } = (await finish(measureReplication(sets, options))).result;
      expect(permutation.units).toEqual({ training: 90, heldout: 90, [which]: 30 });
      if ((permutation.p ?? 1) <= 0.05) byClusters++;
      // What relabelling image by image says of the same sets.
      const pool = appendRows(sets.training.rows, sets.heldout!.rows);
      const centre = await meanRow(pool);
      const unit = (matrix: Matrix) => normaliseRows(matrix, centre);
      const lists = await plainPairwise.neighbours(unit(sets.generated.rows), mapSource(pool, unit), {
        k: 32,
        metric: 'inner',
      });
      const settings = { training: 90, heldout: 90, permutations: 99, key: foldIn(key, round) };
      if (relabellingTest(meanTop1Statistic(lists), settings).p <= 0.05) byImages++;
    }
    // More than 13 of 100 at a level of 5 % have probability 5e-4.
    expect(byClusters).toBeLessThanOrEqual(13);
    // Fewer different held-out images than a relabelling has make every generator look like one that copies; the other way round, like none.
    if (which === 'heldout') expect(byImages).toBeGreaterThan(40);
    else expect(byImages).toBe(0);
  });

  test('leaves out held-out images that are in the training set', async () => {
    const sets = drawSets(foldIn(key, 5000), sizes);
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
