import { expect, test } from 'vitest';
import {
  accuracy,
  ageQuestions,
  congress,
  genderQuestions,
  haveCongress,
  haveOrl,
  orl,
  pairQuestions,
} from './real-faces.ts';

test.skipIf(!haveCongress)('gender: at least 98 % on all portraits (skipped where they are absent)', async () => {
  expect(await accuracy(genderQuestions(490), congress)).toBeGreaterThanOrEqual(0.98);
});

test.skipIf(!haveCongress)(
  'age group: well above chance on all portraits (skipped where they are absent)',
  async () => {
    // Chance is 25 %; its five standard deviations at 490 questions end at 35 %.
    expect(await accuracy(ageQuestions(490), congress)).toBeGreaterThan(0.35);
  },
);

test.skipIf(!haveOrl)('pairs: at least 95 % of 400 questions (skipped where the photographs are absent)', async () => {
  expect(await accuracy(pairQuestions(400), orl)).toBeGreaterThanOrEqual(0.95);
});
