import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../official-folder.ts';
import { askSpecialist, haveCongress, haveOrl, orl, writePortraits } from './real-faces.ts';

/*
 * Questions that `bench build` makes of real photographs, put to the specialist as a run. Skipped where the photographs are absent.
 */
const timeout = 600_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let portraits = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  portraits = join(folder.path, 'portraits');
  if (haveCongress) await writePortraits(portraits);
});
afterAll(() => folder[Symbol.asyncDispose]());

test.skipIf(!haveCongress)(
  'gender of a portrait: at least 98 % (needs ../shared/data/congress)',
  { timeout },
  async () => {
    const { byTemplate } = await askSpecialist(portraits, { task: 'gender', count: 500 });
    console.log(byTemplate);
    expect(byTemplate['gender-which']?.n).toBe(250);
    expect(byTemplate['gender-which']?.value).toBeGreaterThanOrEqual(0.98);
  },
);

test.skipIf(!haveCongress)(
  'age group of a portrait: its whole interval above chance (needs ../shared/data/congress)',
  { timeout },
  async () => {
    const { byTemplate } = await askSpecialist(portraits, { task: 'age', count: 400 });
    console.log(byTemplate);
    expect(byTemplate['age-group-which']?.interval?.low).toBeGreaterThan(0.3);
  },
);

test.skipIf(!haveOrl)('pairs of photographs: at least 95 % (needs ../shared/data/orl)', { timeout }, async () => {
  const { byTemplate } = await askSpecialist(orl, { task: 'hr_fr', count: 300 });
  console.log(byTemplate);
  expect(byTemplate['same-person-pair']?.value).toBeGreaterThanOrEqual(0.95);
});
