import { expect, test } from 'vitest';
import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import { meanTop1Statistic, RELABELLING_LISTED, relabelLists, relabellingTest } from '../../../src/jobs/audit/index.ts';

test('nearest items of each set by itself give the test of the nearest of both', () => {
  const [training, heldout, items] = [90, 70, 12];
  const stream = openStream(randomKey(31));
  const rows = Array.from({ length: items }, () =>
    Array.from({ length: training + heldout }, (_, index) => ({
      index,
      // Exact in 32 bits, and higher for training items.
      similarity: stream.integer(1 << 20) / (1 << 20) + (index < training ? 0.125 : 0),
    })),
  );
  const nearest = (row: (typeof rows)[number]) =>
    row.toSorted((a, b) => b.similarity - a.similarity || a.index - b.index).slice(0, RELABELLING_LISTED);
  const pooled = rows.flatMap(nearest);
  const how = { permutations: 199, key: randomKey(5) };
  const wanted = relabellingTest(
    meanTop1Statistic({
      k: RELABELLING_LISTED,
      indices: Int32Array.from(pooled, ({ index }) => index),
      scores: Float32Array.from(pooled, ({ similarity }) => similarity),
    }),
    { training, heldout, ...how },
  );
  const lists = rows.map(row => ({
    training: nearest(row.slice(0, training)),
    heldout: nearest(row.slice(training)).map(({ index, similarity }) => ({ index: index - training, similarity })),
  }));
  expect(relabelLists(lists, { units: { training, heldout }, ...how })).toEqual({
    ...wanted,
    units: { training, heldout },
  });
  expect(wanted.p).toBeLessThan(0.05);
});
