import { describe, expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { planMatching, type Setting } from '../../../src/jobs/templates/encrypted/index.ts';
import { clearScores, openBoth, randomRows } from './matching.ts';

const EXACT: readonly Setting[] = [
  { mode: 'encrypted-gallery', dimension: 64 },
  { mode: 'encrypted-gallery', dimension: 512 },
  { mode: 'encrypted-probe', dimension: 128 },
  { mode: 'both-encrypted', dimension: 64 },
  { mode: 'both-encrypted', packing: 'rotations', dimension: 128 },
];

describe('scores under encryption equal those in the clear', () => {
  test.each(EXACT)('%j', async setting => {
    const plan = planMatching(setting);
    const n = plan.packing === 'rotations' ? 3 : 200;
    const gallery = randomRows(n, plan.dimension, 1);
    const probes = randomRows(2, plan.dimension, 2);
    await using both = await openBoth(plan, gallery, { workers: 2 });
    for (let i = 0; i < probes.rows; i++) {
      const probe = row(probes, i);
      const result = await both.server.match(await both.client.probe(probe));
      expect(await both.client.scores(result)).toEqual(clearScores(plan, gallery, probe));
    }
  });

  test('of the same vector: the largest score there is does not wrap', async () => {
    for (const mode of ['encrypted-gallery', 'encrypted-probe', 'both-encrypted'] as const) {
      const plan = planMatching({ mode, dimension: 16 });
      const gallery = randomRows(5, 16, 3);
      // The opposite of the first, for the most negative score.
      for (let j = 0; j < 16; j++) gallery.data[16 + j] = -gallery.data[j]!;
      await using both = await openBoth(plan, gallery);
      const result = await both.server.match(await both.client.probe(row(gallery, 0)));
      const scores = await both.client.scores(result);
      expect(scores).toEqual(clearScores(plan, gallery, row(gallery, 0)));
      expect(scores[0]).toBe(-scores[1]!);
    }
  });
});
