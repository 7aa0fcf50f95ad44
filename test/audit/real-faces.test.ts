import { beforeAll, describe, expect, test } from 'vitest';
import type { EmbeddedSets } from '../../src/jobs/audit/embedded-sets.ts';
import { enginePairwise } from '../../src/jobs/audit/pairwise.ts';
import { stackRows } from '../../src/jobs/audit/rows.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { embedPortraits, havePortraits, type Portraits, replicationOf, setsOf } from './portraits.ts';

const COPIES = 40;

describe.skipIf(!havePortraits)('planted copies of real portraits (needs ../shared/data/congress)', () => {
  let portraits: Portraits;

  beforeAll(async () => {
    portraits = await embedPortraits(COPIES);
  }, 240_000);

  /** 300 portraits as training, 160 others and 40 altered copies as generated; the other 30 held out, or nothing. */
  function plantedSets(heldout: boolean): EmbeddedSets {
    const { order, copies } = portraits;
    const sets = setsOf(portraits, {
      training: order.slice(0, 300),
      generated: order.slice(300, 460),
      heldout: heldout ? order.slice(460) : [],
    });
    const own = sets.generated.rows;
    const id = (row: number): string => (row < own.rows ? sets.generated.id(row) : `copy ${order[row - own.rows]}`);
    return { ...sets, generated: { rows: stackRows(own, copies), id } };
  }

  test.each([true, false])('40 altered copies among 200 are found (30 held-out portraits: %s)', async heldout => {
    const runtime = await openRuntime({ device: 'cpu' });
    try {
      const { pairs } = await replicationOf(plantedSets(heldout), 0, enginePairwise(runtime));
      const called = pairs.filter(pair => pair.copy);
      const found = called.filter(pair => pair.generated.replace('copy', 'real') === pair.training);
      expect(found.length).toBeGreaterThanOrEqual(0.95 * COPIES);
      expect(called.length - found.length).toBeLessThanOrEqual(0.05 * called.length);
    } finally {
      await runtime.close();
    }
  });
});
