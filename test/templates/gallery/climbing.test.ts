import { expect, test } from 'vitest';
import { limitsSchema } from '../../../src/jobs/templates/gallery/index.ts';
import { isRecognised, lookalikeOf, openTarget } from './climbing.ts';

// From the first query on, and 1,000 times: climbing.slow.test.ts.

const limits = limitsSchema.parse({ client: { rejections: 1e9 }, global: { rejections: 1e9 } });

test('whoever was accepted once climbs to the face where nothing limits the attempts', async () => {
  await using target = await openTarget({ people: 1, limits: null });
  const start = lookalikeOf(0);
  expect(isRecognised({ found: start }, 0)).toBe(false);
  expect(isRecognised(await target.climb(0, { budget: 1000, start }), 0)).toBe(true);
});

test('the limits end it, whether or not a lookalike was accepted before', async () => {
  await using target = await openTarget({ people: 10, limits });
  for (let person = 0; person < 10; person++) {
    if (person % 2 === 0) {
      const { found, queries } = await target.climb(person, { budget: 100_000 });
      expect([found, queries]).toEqual([null, limits.subject.lockAfter]);
    } else {
      const climb = await target.climb(person, { budget: 100_000, start: lookalikeOf(person) });
      expect(isRecognised(climb, person)).toBe(false);
      expect(climb.queries).toBeLessThan(200);
    }
  }
});
