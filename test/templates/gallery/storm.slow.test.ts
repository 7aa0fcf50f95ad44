import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PLACES } from './stores.ts';
import { storm } from './storm.ts';

for (const place of PLACES)
  describe.skipIf(place.skip !== null)(
    `biolens gallery serve in ${place.name}${place.skip === null ? '' : ` (skipped: ${place.skip})`}`,
    () => {
      beforeAll(() => place.begin());
      afterAll(() => place.end());

      test('a minute of 200 clients, with the service killed twice and the database server twice', async () => {
        const serverKillsAtMs = place.killServer === undefined ? [] : [25_000, 45_000];
        const options = { clients: 200, ms: 60_000, killsAtMs: [15_000, 35_000], serverKillsAtMs };
        const { enrolled, revoked, answers, wrong } = await storm(place, options);
        console.log(`${place.name}: ${enrolled} enrolled, ${revoked} revoked, ${answers} attempts answered`);
        expect(wrong).toEqual([]);
        expect(enrolled).toBeGreaterThan(200);
        expect(revoked).toBeGreaterThan(20);
      });
    },
  );
