import { expect, test } from 'vitest';
import { accuracy, congress, genderQuestions, haveCongress, haveOrl, orl, pairQuestions } from './real-faces.ts';

test.skipIf(!haveCongress)('gender of real portraits (skipped where the shared portraits are absent)', async () => {
  expect(await accuracy(genderQuestions(24), congress)).toBeGreaterThanOrEqual(0.95);
});

test.skipIf(!haveOrl)('who is who in real photographs (skipped where the shared photographs are absent)', async () => {
  expect(await accuracy(pairQuestions(16), orl)).toBeGreaterThanOrEqual(0.85);
});
