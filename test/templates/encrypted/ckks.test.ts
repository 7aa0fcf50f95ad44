import { describe, expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { planMatching } from '../../../src/jobs/templates/encrypted/index.ts';
import { toUnit } from '../../../src/jobs/templates/encrypted/quantise.ts';
import { ClientEngine } from '../../../src/jobs/templates/encrypted/seal/client-engine.ts';
import { loadSeal, openContext } from '../../../src/jobs/templates/encrypted/seal/context.ts';
import { ServerEngine } from '../../../src/jobs/templates/encrypted/seal/server-engine.ts';
import { openBoth, randomRows } from './matching.ts';

describe('CKKS stays within the bound that the plan proves', () => {
  test.each([
    { packing: 'dimensions', dimension: 64 },
    { packing: 'dimensions', dimension: 128 },
    { packing: 'rotations', dimension: 128 },
    { packing: 'rotations', dimension: 1000 },
  ] as const)('%j', async ({ packing, dimension }) => {
    const plan = planMatching({ mode: 'both-encrypted', scheme: 'ckks', packing, dimension });
    const n = packing === 'rotations' ? 1 : 300;
    const [gallery, probes] = [randomRows(n, dimension, 1), randomRows(3, dimension, 2)];
    const seal = await loadSeal();
    const client = new ClientEngine(openContext(seal, plan.parameters), plan);
    const server = new ServerEngine(openContext(seal, plan.parameters), plan);
    server.loadKeys(client.evaluationKeys());
    const unit = Array.from({ length: n }, (_, i) => toUnit(row(gallery, i), { field: 'gallery', dimension }));
    server.loadBlock(0, client.encryptBlock(Float64Array.from(unit.flatMap(values => [...values]))));
    let worst = 0;
    for (let i = 0; i < probes.rows; i++) {
      const probe = toUnit(row(probes, i), { field: 'probe', dimension });
      const [sum] = server.match([0], client.encryptProbe(probe));
      const scores = client.decrypt(sum!, n);
      unit.forEach((values, k) => {
        const exact = values.reduce((total, value, j) => total + value * probe[j]!, 0);
        worst = Math.max(worst, Math.abs(scores[k]! - exact));
      });
    }
    expect(worst).toBeLessThan(plan.proof.error);
    expect(worst).toBeGreaterThan(0);
    client.close();
    server.close();
  });

  test('its scores do not leave the client, its decisions do', async () => {
    const plan = planMatching({ mode: 'both-encrypted', scheme: 'ckks', dimension: 16 });
    const gallery = randomRows(3, 16, 1);
    await using both = await openBoth(plan, gallery);
    const probe = async () => both.server.match(await both.client.probe(row(gallery, 1)));
    await expect(both.client.scores(await probe())).rejects.toThrow('CKKS');
    const matches = await both.client.decide(await probe(), { threshold: 0.9, identities: ['a', 'b', 'c'] });
    expect(matches).toEqual([{ identity: 'b', accepted: true }]);
  });
});
