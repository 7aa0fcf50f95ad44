import { expect, test } from 'vitest';
import type { Replication } from '../../src/ground/contracts/index.ts';
import { foldIn, type Matrix, openStream, randomKey } from '../../src/ground/math/index.ts';
import { plainPairwise } from '../../src/jobs/audit/pairwise.ts';
import { meanTop1Statistic, relabellingTest } from '../../src/jobs/audit/replication/relabelling.ts';
import { measureReplication, type ReplicationSettings } from '../../src/jobs/audit/replication.ts';
import { appendRows, mapSource, meanRow, normaliseRows } from '../../src/jobs/audit/rows.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { drawFaces, drawSets, finish, plant, type SetSizes } from './simulated-sets.ts';

// What is shown over many rounds: a few in the ordinary tests, enough for a proof in the slow ones.

export const key = randomKey(31);

export async function replicationOf(
  sizes: SetSizes,
  seed: number,
  settings: ReplicationSettings = {},
): Promise<Replication> {
  const sets = drawSets(foldIn(key, seed), sizes);
  const options = { pairwise: plainPairwise, key: foldIn(key, 'audit'), embedder: 'simulated', permutations: 199 };
  return (await finish(measureReplication(sets, { ...options, ...settings }))).result;
}

/** Calls that are right and wrong; the first `copies` generated items are copies of the training items of the same number. */
export function judge({ pairs }: Replication, copies: number): { readonly found: number; readonly wrong: number } {
  const called = pairs.filter(pair => pair.copy);
  const right = called.filter(pair => Number(pair.generated.slice(1)) < copies);
  for (const pair of right) expect(pair.training).toBe(`t${pair.generated.slice(1)}`);
  return { found: right.length, wrong: called.length - right.length };
}

/** Planted copies, in so many rounds: at least 95 % are found and at most 5 % of the calls are false, as in the promise of the product. */
export function findsPlantedCopies(rounds: number): void {
  test.each([
    { name: 'with a held-out set', sizes: { training: 200, generated: 160, heldout: 120, copies: 32 } },
    { name: 'with a small held-out set', sizes: { training: 300, generated: 200, heldout: 30, copies: 40 } },
    { name: 'without one', sizes: { training: 300, generated: 200, heldout: 0, copies: 40 } },
  ])('are found $name', async ({ sizes }) => {
    const totals = { found: 0, wrong: 0 };
    for (let round = 0; round < rounds; round++) {
      const result = await replicationOf(sizes, round);
      const { found, wrong } = judge(result, sizes.copies);
      totals.found += found;
      totals.wrong += wrong;
      expect(result.copied).toMatchObject({ n: sizes.generated, interval: { method: 'wilson' } });
      if (sizes.heldout > 100) expect(result.permutation.p).toBeLessThan(0.02);
      else if (sizes.heldout === 0)
        expect(result.permutation).toMatchObject({ p: null, reason: 'needs a held-out set' });
    }
    expect(totals.found / (rounds * sizes.copies)).toBeGreaterThanOrEqual(0.95);
    expect(totals.wrong / (totals.found + totals.wrong)).toBeLessThanOrEqual(0.05);
  });

  test('are found in a set of thirty, by the tail of pairs', async () => {
    let [found, wrong] = [0, 0];
    for (let round = 0; round < 2 * rounds; round++) {
      const result = await replicationOf({ training: 30, generated: 30, heldout: 0, copies: 6 }, 100 + round);
      expect(result.control).toBe('tail of real pairs');
      const verdict = judge(result, 6);
      found += verdict.found;
      wrong += verdict.wrong;
    }
    expect(found).toBeGreaterThan(0.6 * 12 * rounds);
    expect(wrong).toBeLessThanOrEqual(0.05 * 12 * rounds);
  });

  test('one copy in four hundred is found', async () => {
    let found = 0;
    for (let round = 0; round < rounds; round++)
      found += judge(
        await replicationOf({ training: 400, generated: 400, heldout: 0, copies: 1 }, 200 + round),
        1,
      ).found;
    expect(found).toBeGreaterThanOrEqual(Math.ceil(0.8 * rounds));
  });
}

/**
 * One image that fills a fifth of the training set hides no copies of itself, in so many rounds, and raises no false alarm in ten times
 * as many.
 */
export function seesThroughCrowd(rounds: number): void {
  const crowd = { training: 500, crowd: 100, generated: 300 };

  test.each([
    { name: 'with a held-out set', heldout: 1000 },
    { name: 'without one', heldout: 0 },
  ])('does not hide its own copies $name', async ({ heldout }) => {
    let [found, wrong] = [0, 0];
    for (let round = 0; round < rounds; round++) {
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
    expect(found / (30 * rounds)).toBeGreaterThanOrEqual(0.95);
    expect(wrong / (found + wrong)).toBeLessThanOrEqual(0.05);
  });

  test('raises no false alarm', async () => {
    let called = 0;
    for (let round = 0; round < 10 * rounds; round++) {
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
}

/** Where nothing is planted no pair is called, in so many rounds, and p-values are uniform. */
export function callsNothing(rounds: number): void {
  test.each([
    { name: 'with a held-out set', sizes: { training: 150, generated: 100, heldout: 120 } },
    { name: 'without one', sizes: { training: 150, generated: 100, heldout: 0 } },
  ])('no pair is called and p-values are uniform $name', async ({ sizes }) => {
    // A call in a round is a false alarm of at most 5 %, and the matching threshold makes it far rarer. Of 3 equal bins,
    // χ² with 2 degrees of freedom is below 13.8 in 99.9 % of cases.
    let called = 0;
    const bins = [0, 0, 0];
    for (let round = 0; round < rounds; round++) {
      const { pairs, permutation } = await replicationOf(sizes, 1000 + round, { permutations: 59 });
      if (pairs.some(pair => pair.copy)) called++;
      if (permutation.p !== null) bins[Math.min(2, Math.floor((permutation.p - 1 / 120) * 3))]!++;
    }
    expect(called).toBeLessThanOrEqual(rounds / 30);
    if (sizes.heldout > 0)
      expect(bins.reduce((sum, count) => sum + (3 * count - rounds) ** 2 / (3 * rounds), 0)).toBeLessThan(13.8);
  });

  test('a generator whose faces all look alike is not taken for one that copies', async () => {
    // All generated faces lie around one real face of the law that is in no set: nearer to some training face than real people are.
    let called = 0;
    for (let round = 0; round < rounds / 6; round++) {
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
}

const tripledSizes = { training: 90, generated: 40, heldout: 90 };

/** Sets of 90 images, of which one holds 30 different ones, three times each with a little noise. */
function tripled(round: number, which: 'training' | 'heldout') {
  const sets = drawSets(foldIn(key, 3000 + round), tripledSizes);
  const stream = openStream(foldIn(key, 4000 + round));
  const several = drawFaces(stream, 90);
  const pairs = Array.from({ length: 60 }, (_, i) => [i % 30, 30 + i] as const);
  plant(stream, several, several, { pairs, noise: 0.02 });
  return which === 'training'
    ? { ...sets, training: { ...sets.training, rows: sourceOf(several) } }
    : { ...sets, heldout: { rows: several, id: (row: number) => `h${row}` } };
}

/**
 * The relabelling test keeps its level of 5 % where a set holds every image several times.
 *
 * @param most rounds that may be rejected: the binomial passes it with probability 1e-3 or less
 */
export function keepsItsLevel(rounds: number, most: number): void {
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
    expect(byClusters).toBeLessThanOrEqual(most);
    // Fewer different held-out images than a relabelling has make every generator look like one that copies; the other way round, like none.
    if (which === 'heldout') expect(byImages).toBeGreaterThan(0.4 * rounds);
    else expect(byImages).toBe(0);
  });
}
