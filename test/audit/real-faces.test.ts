import { beforeAll, describe, expect, test } from 'vitest';
import { embedPortraits, findPlanted, havePortraits, type Portraits } from './portraits.ts';

const SIZES = { training: 60, generated: 40, copies: 20 };
const HELDOUT = 20;

// With all portraits: real-faces.slow.test.ts.
describe.skipIf(!havePortraits)('planted copies of real portraits (needs ../shared/data/congress)', () => {
  let portraits: Portraits;

  beforeAll(async () => {
    portraits = await embedPortraits(SIZES.copies, SIZES.training + SIZES.generated + HELDOUT);
  }, 240_000);

  test.each([HELDOUT, 0])('20 altered copies among 60 are found (held-out portraits: %s)', async heldout => {
    const { found, called } = await findPlanted(portraits, { ...SIZES, heldout });
    expect(found).toBeGreaterThanOrEqual(0.95 * SIZES.copies);
    expect(called - found).toBeLessThanOrEqual(0.05 * called);
  });
});
