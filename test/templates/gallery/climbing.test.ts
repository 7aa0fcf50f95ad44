import { expect, test } from 'vitest';
import { limitsSchema } from '../../../src/jobs/templates/gallery/index.ts';
import { isRecognised, lookalikeOf, openTarget, similarityOf } from './climbing.ts';

// From the first query on, and 1,000 times: climbing.slow.test.ts.

const limits = limitsSchema.parse({ client: { rejections: 1e9 }, global: { rejections: 1e9 } });

test('whoever was accepted once climbs to the face where nothing limits the attempts', async () => {
  await using target = await openTarget({ people: 1, limits: null });
  const start = lookalikeOf(0);
  expect(isRecognised({ found: start }, 0)).toBe(false);
  const climb = await target.climb(0, { budget: 1000, start });
  expect(isRecognised(climb, 0)).toBe(true);
  expect(similarityOf(climb, 0)).toBeGreaterThan(0.85);
});

test('the limits end it, whether or not a lookalike was accepted before', async () => {
  await using target = await openTarget({ people: 10, limits });
  for (let person = 0; person < 10; person++) {
    if (person % 2 === 0) {
      const { found, queries } = await target.climb(person, { budget: 100_000 });
      expect([found, queries]).toEqual([null, limits.subject.lockAfter]);
    } else {
      const start = lookalikeOf(person);
      const climb = await target.climb(person, { budget: 100_000, start });
      // The unlimited climb of the test above comes to .9.
      expect(similarityOf(climb, person) - similarityOf({ found: start }, person)).toBeLessThan(0.2);
      expect(climb.queries).toBeLessThan(200);
    }
  }
});
