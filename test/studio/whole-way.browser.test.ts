import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobHost } from '../../src/app/host/index.ts';
import { JOBS } from '../../src/app/jobs.ts';
import { type RunningStudio, startStudio } from '../../src/app/studio/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { launchBrowser, openWatchedPage, type TestBrowser, whyNoBrowser } from '../browser.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';

const reason = whyNoBrowser();

describe.skipIf(reason !== null)(`an audit in the studio${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let root: string;
  let built: BuiltPage;
  let host: JobHost;
  let studio: RunningStudio;
  let browser: TestBrowser;

  beforeAll(async () => {
    built = buildPage();
    root = mkdtempSync(join(tmpdir(), 'biolens-whole-way-'));
    for (const [name, seed] of [
      ['train', 1],
      ['samples', 2],
    ] as const)
      for await (const _ of renderFaces(join(root, name), { n: 14, size: 64, seed }));
    const runsDir = join(root, 'runs');
    host = new JobHost({ jobs: JOBS, runsDir, roots: [root], models: null });
    studio = await startStudio({ runsDir, roots: [root], pollMs: 50, host, ...built });
    browser = await launchBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await host?.close();
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    built?.remove();
  });

  test('is started, stopped, resumed, run again with one setting changed, compared, tagged and deleted', {
    timeout: 240_000,
  }, async () => {
    const { page, problems } = await openWatchedPage(browser);
    page.setDefaultTimeout(120_000);
    try {
      await page.goto(studio.url);
      await page.getByRole('link', { name: 'New run' }).click();
      await page.getByRole('link', { name: 'Audit', exact: true }).click();
      await page.getByLabel('Training', { exact: true }).fill(join(root, 'train'));
      await page.getByLabel('Generated', { exact: true }).fill(join(root, 'samples'));
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('heading', { name: 'This audit is running' }).waitFor();
      await page.getByRole('progressbar').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByRole('heading', { name: 'This audit was interrupted' }).waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await page.getByRole('heading', { name: 'Verdict' }).waitFor();
      const first = page.url().split('/').at(-1) ?? '';

      await page.getByRole('link', { name: 'Run again' }).click();
      await page.getByText('More settings').click();
      await page.getByLabel('Seed', { exact: true }).fill('7');
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('heading', { name: 'Verdict' }).waitFor();
      const second = page.url().split('/').at(-1) ?? '';
      expect(second).not.toBe(first);

      await page.getByRole('link', { name: 'All runs' }).click();
      for (const id of [first, second]) await page.getByRole('checkbox', { name: new RegExp(`, ${id}$`) }).check();
      await page.getByRole('link', { name: 'Compare' }).click();
      await page.getByRole('heading', { name: '2 audits side by side' }).waitFor();
      const settings = page.getByRole('region', { name: 'Settings that differ' });
      expect(await settings.locator('tbody tr').count()).toBe(1);
      expect(await settings.innerText()).toMatch(/seed\s+\d+\s+7/);
      // The same bytes were read, so nothing is said of data that differ.
      expect(await page.getByRole('region', { name: 'Data and models' }).innerText()).not.toContain('different');

      await page.getByRole('link', { name: 'All runs' }).click();
      await page.getByRole('button', { name: new RegExp(`^Add a note: .*${second}$`) }).click();
      await page.getByLabel(/^Tags/).fill('seed-7');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Show runs with the tag seed-7' }).click();
      await page.getByRole('checkbox', { name: new RegExp(`, ${second}$`) }).check();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('1 run moved to the bin.').waitFor();
      await expect.poll(() => page.getByRole('row', { name: new RegExp(second) }).count(), { timeout: 15_000 }).toBe(0);
      expect(problems.filter(problem => !/status of 4(?:04|22)/.test(problem))).toEqual([]);
    } finally {
      await page.close();
    }
  });
});
