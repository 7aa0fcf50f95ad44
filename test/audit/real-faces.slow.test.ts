import { beforeAll, describe, expect, test } from 'vitest';
import { foldIn, openStream } from '../../src/ground/math/index.ts';
import { plainPairwise } from '../../src/jobs/audit/pairwise.ts';
import {
  embedPortraits,
  findPlanted,
  havePortraits,
  type Portraits,
  portraitKey,
  replicationOf,
  setsOf,
} from './portraits.ts';

describe.skipIf(!havePortraits)('real portraits with none planted (needs ../shared/data/congress)', () => {
  let portraits: Portraits;

  beforeAll(async () => {
    portraits = await embedPortraits(0);
  }, 240_000);

  test.each([
    { training: 200, generated: 100, heldout: 190 },
    { training: 300, generated: 160, heldout: 30 },
  ])(
    'p-values are uniform over 200 random splits and no pair is called: $training/$generated/$heldout',
    async sizes => {
      // Of 10 equal bins of the 100 possible p-values, χ² with 9 degrees of freedom is below 27.9 in 99.9 % of cases. A call in a split
      // has probability 5 % at most, and far less beside the matching threshold: one is allowed for.
      const bins = new Array<number>(10).fill(0);
      let calls = 0;
      const { training, generated, heldout } = sizes;
      for (let split = 0; split < 200; split++) {
        const stream = openStream(foldIn(foldIn(portraitKey, training), split));
        const shuffled = stream.sampleWithoutReplacement(portraits.faces.rows, training + generated + heldout);
        const sets = setsOf(portraits, {
          training: shuffled.slice(0, training),
          generated: shuffled.slice(training, training + generated),
          heldout: shuffled.slice(training + generated),
        });
        const { pairs, permutation } = await replicationOf(sets, split, plainPairwise);
        if (pairs.some(pair => pair.copy)) calls++;
        bins[Math.min(9, Math.floor(((permutation.p ?? 1) - 0.005) * 10))]!++;
      }
      expect(bins.reduce((sum, count) => sum + (count - 20) ** 2 / 20, 0)).toBeLessThan(27.9);
      expect(calls).toBeLessThanOrEqual(1);
    },
  );
});

describe.skipIf(!havePortraits)('planted copies of real portraits (needs ../shared/data/congress)', () => {
  const SIZES = { training: 300, generated: 160, copies: 40 };
  let portraits: Portraits;

  beforeAll(async () => {
    portraits = await embedPortraits(SIZES.copies);
  }, 240_000);

  test.each([30, 0])('40 altered copies among 200 are found (held-out portraits: %s)', async heldout => {
    const { found, called } = await findPlanted(portraits, { ...SIZES, heldout });
    expect(found).toBeGreaterThanOrEqual(0.95 * SIZES.copies);
    expect(called - found).toBeLessThanOrEqual(0.05 * called);
  });
});
