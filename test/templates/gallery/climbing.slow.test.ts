import { expect, test } from 'vitest';
import { limitsSchema } from '../../../src/jobs/templates/gallery/index.ts';
import { isRecognised, lookalikeOf, openTarget, similarityOf } from './climbing.ts';

/** What one client may ask in a day is left out: it would end the runs sooner. */
const limits = limitsSchema.parse({ client: { rejections: 1e9 }, global: { rejections: 1e9 } });

test('with the limit off, accept or reject alone leads to the face', async () => {
  await using target = await openTarget({ people: 1, limits: null });
  const climb = await target.climb(0, { budget: 1_000_000, together: 64 });
  console.log(`first accepted after ${climb.firstAccepted} queries, recognised after ${climb.queries}`);
  expect(isRecognised(climb, 0)).toBe(true);
});

/** Every person is climbed to, some at the same time. */
async function climbAll(people: number, climb: (person: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    while (next < people) await climb(next++);
  };
  await Promise.all(Array.from({ length: 50 }, one));
}

test('within the lock-out budget it does not succeed once in 1,000 runs', async () => {
  await using target = await openTarget({ people: 1000, limits });
  await climbAll(1000, async person => {
    const { found, queries } = await target.climb(person, { budget: 1_000_000 });
    expect(queries).toBe(limits.subject.lockAfter);
    // By chance 10,000 attempts at a rate of 1.1e-5 are accepted once in nine such tests.
    expect(found).toBeNull();
  });
  console.log(`${target.attempts()} attempts in 1,000 runs, none accepted`);
});

test('whoever was accepted once gains little within the lock-out budget', async () => {
  await using target = await openTarget({ people: 300, limits });
  let [before, after] = [0, 0];
  await climbAll(300, async person => {
    const start = lookalikeOf(person);
    const climb = await target.climb(person, { budget: 1_000_000, start });
    before += similarityOf({ found: start }, person) / 300;
    after += similarityOf(climb, person) / 300;
  });
  const mean = `${(target.attempts() / 300).toFixed(0)} attempts a run`;
  console.log(`cosine ${before.toFixed(3)} before, ${after.toFixed(3)} after, ${mean}`);
  expect(after - before).toBeLessThan(0.08);
});
