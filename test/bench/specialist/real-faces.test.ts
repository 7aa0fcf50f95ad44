import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../official-folder.ts';
import { askSpecialist, haveCongress, haveOrl, orl, writePortraits } from './real-faces.ts';

const slow = { timeout: 120_000 };

test.skipIf(!haveCongress)(
  'gender of real portraits (skipped where the shared portraits are absent)',
  slow,
  async () => {
    await using folder = await temporaryFolder();
    const from = join(folder.path, 'portraits');
    await writePortraits(from);
    const { byTemplate } = await askSpecialist(from, { task: 'gender', count: 30 });
    expect(byTemplate['gender-which']?.n).toBe(15);
    expect(byTemplate['gender-which']?.value).toBeGreaterThan(0.9);
  },
);

test.skipIf(!haveOrl)('who is who in real photographs (skipped where they are absent)', slow, async () => {
  const { report } = await askSpecialist(orl, { task: 'hr_fr', count: 10 });
  expect(report.scores[0]?.overall).toMatchObject({ n: 10 });
  expect(report.scores[0]?.overall.value).toBeGreaterThanOrEqual(0.7);
});
