import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLACES } from './stores.ts';
import { storm } from './storm.ts';

for (const place of PLACES)
  describe.skipIf(place.skip !== null)(
    `biolens gallery serve in ${place.name}${place.skip === null ? '' : ` (skipped: ${place.skip})`}`,
    () => {
      beforeAll(() => place.begin());
      afterAll(() => place.end());

      test('killed while eight clients use it, it keeps what it acknowledged and refuses what was revoked', async () => {
        const serverKillsAtMs = place.killServer === undefined ? [] : [3000];
        const { enrolled, revoked, wrong } = await storm(place, {
          clients: 8,
          ms: 5000,
          killsAtMs: [1500],
          serverKillsAtMs,
        });
        expect(wrong).toEqual([]);
        expect(enrolled).toBeGreaterThan(10);
        expect(revoked).toBeGreaterThan(1);
      });
    },
  );
