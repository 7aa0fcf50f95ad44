import { expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { planMatching } from '../../../src/jobs/templates/encrypted/index.ts';
import { toUnit } from '../../../src/jobs/templates/encrypted/quantise.ts';
import { ClientEngine } from '../../../src/jobs/templates/encrypted/seal/client-engine.ts';
import { loadSeal, openContext } from '../../../src/jobs/templates/encrypted/seal/context.ts';
import { ServerEngine } from '../../../src/jobs/templates/encrypted/seal/server-engine.ts';
import { clearScores, openBoth, randomRows } from './matching.ts';

const DIMENSIONS = [64, 128, 512, 1024];
/** 2,000 templates and 5 probes: 10,000 pairs. */
const [TEMPLATES, PROBES] = [2000, 5];

test.each(
  DIMENSIONS.flatMap(dimension =>
    (['encrypted-gallery', 'encrypted-probe', 'both-encrypted'] as const).map(mode => ({ mode, dimension })),
  ),
)('10,000 pairs are exact: %j', async setting => {
  const plan = planMatching(setting);
  const [gallery, probes] = [randomRows(TEMPLATES, plan.dimension, 11), randomRows(PROBES, plan.dimension, 12)];
  await using both = await openBoth(plan, gallery, { workers: 2 });
  for (let i = 0; i < PROBES; i++) {
    const result = await both.server.match(await both.client.probe(row(probes, i)));
    expect(await both.client.scores(result)).toEqual(clearScores(plan, gallery, row(probes, i)));
  }
});

test.each(DIMENSIONS)('200 pairs 1:1 by rotations are exact, in %i dimensions', async dimension => {
  const plan = planMatching({ mode: 'both-encrypted', packing: 'rotations', dimension });
  const [gallery, probes] = [randomRows(20, dimension, 11), randomRows(10, dimension, 12)];
  await using both = await openBoth(plan, gallery);
  for (let i = 0; i < probes.rows; i++) {
    const result = await both.server.match(await both.client.probe(row(probes, i)));
    expect(await both.client.scores(result)).toEqual(clearScores(plan, gallery, row(probes, i)));
  }
});

test.each(
  DIMENSIONS.flatMap(dimension => (['dimensions', 'rotations'] as const).map(packing => ({ packing, dimension }))),
)('CKKS stays within its bound: %j', async ({ packing, dimension }) => {
  const plan = planMatching({ mode: 'both-encrypted', scheme: 'ckks', packing, dimension });
  const [templates, tries] = packing === 'dimensions' ? [TEMPLATES, PROBES] : [1, 200];
  const [gallery, probes] = [randomRows(templates, dimension, 11), randomRows(tries, dimension, 12)];
  const seal = await loadSeal();
  const client = new ClientEngine(openContext(seal, plan.parameters), plan);
  const server = new ServerEngine(openContext(seal, plan.parameters), plan);
  server.loadKeys(client.evaluationKeys());
  const unit = Array.from({ length: templates }, (_, i) => toUnit(row(gallery, i), { field: 'gallery', dimension }));
  server.loadBlock(0, client.encryptBlock(Float64Array.from(unit.flatMap(values => [...values]))));
  let worst = 0;
  for (let i = 0; i < tries; i++) {
    const probe = toUnit(row(probes, i), { field: 'probe', dimension });
    const [sum] = server.match([0], client.encryptProbe(probe));
    const scores = client.decrypt(sum!, templates);
    unit.forEach((values, k) => {
      const exact = values.reduce((total, value, j) => total + value * probe[j]!, 0);
      worst = Math.max(worst, Math.abs(scores[k]! - exact));
    });
  }
  expect(worst).toBeLessThan(plan.proof.error);
  client.close();
  server.close();
});
