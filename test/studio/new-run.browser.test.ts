import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tallyJob } from '../../examples/tally-job/job.ts';
import { JobHost } from '../../src/app/host/index.ts';
import { type RunningStudio, startStudio } from '../../src/app/studio/index.ts';
import {
  launchBrowser,
  openWatchedPage,
  type TestBrowser,
  type WatchedPage,
  whyNoBrowser,
  withWatchedPage,
} from '../browser.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { findBarriers } from '../web/page-checks.ts';
import { stripedPng } from './make-runs.ts';
import { type Patience, patientJob } from './patient-job.ts';

const reason = whyNoBrowser();
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 15_000 });

describe.skipIf(reason !== null)(`new runs in Chromium${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  const patience: Patience = { allowed: 0 };
  let folder: string;
  let images: string;
  let built: BuiltPage;
  let host: JobHost;
  let studio: RunningStudio;
  let readOnly: RunningStudio;
  let browser: TestBrowser;

  beforeAll(async () => {
    built = buildPage();
    folder = mkdtempSync(join(tmpdir(), 'biolens-new-run-'));
    images = join(folder, 'images');
    const runsDir = join(folder, 'runs');
    for (const path of [images, runsDir]) mkdirSync(path);
    for (const name of ['a.png', 'b.png', 'c.png']) writeFileSync(join(images, name), await stripedPng([90, 80, 70]));
    host = new JobHost({ jobs: [tallyJob, patientJob(patience)], runsDir, roots: [folder], models: null });
    studio = await startStudio({ runsDir, pollMs: 20, ...built, host });
    readOnly = await startStudio({ runsDir, pollMs: 20, ...built });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await readOnly?.close();
    await host?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    built?.remove();
  });

  const pathOf = (page: Page): string => new URL(page.url()).pathname;

  /** Opens a place of the studio; afterwards it must not have complained of anything but refusals that the test asked for. */
  const withPage = (path: string, use: (opened: WatchedPage) => Promise<void>): Promise<void> =>
    withWatchedPage(browser, async opened => {
      await opened.page.goto(studio.url);
      await opened.page.goto(new URL(path, studio.url).href);
      await opened.page.getByRole('heading', { level: 1 }).waitFor();
      await use(opened);
      expect(opened.problems.filter(problem => !/status of 4(?:03|04|22)/.test(problem))).toEqual([]);
    });

  /** Looks at the page by day and by night, on a desk and on a phone. */
  async function expectSound(page: Page): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [390, 1280]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        expect(await findBarriers(page), `${colorScheme}, ${width} pixels`).toEqual([]);
        const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(beyond, `${width} pixels`).toBeLessThanOrEqual(0);
      }
    }
  }

  /** Goes on with the Tab key until something of that name has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const element = document.activeElement;
        const labels =
          element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels : null;
        return (labels?.[0]?.textContent ?? element?.textContent ?? '').trim();
      });
    for (let i = 0; i < 40 && (await focused()) !== name; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe(name);
  }

  test('by keyboard alone: from the list to a form, a mistake, a check, the run and its report', async () => {
    await withPage('/', async ({ page }) => {
      await expectSound(page);
      await tabTo(page, 'New run');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'New run' }).waitFor();
      await expectSound(page);
      await tabTo(page, 'Tally');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Tally' }).waitFor();
      expect(pathOf(page)).toBe('/new/tally');
      await expectSound(page);

      // Nothing is filled in: the field that is needed says so and has the focus.
      await tabTo(page, 'Check');
      await page.keyboard.press('Enter');
      const needed = page.getByLabel('Images', { exact: true });
      await eventually(() => needed.evaluate(field => field === document.activeElement)).toBe(true);
      await expect(describedBy(page, 'Images')).resolves.toContain('This is needed.');

      await page.keyboard.type(images);
      await tabTo(page, 'More settings');
      await page.keyboard.press('Enter');
      await tabTo(page, 'At least');
      await page.keyboard.type('0');
      expect(await page.getByLabel('Seed').getAttribute('placeholder')).toBe('1');
      await page.keyboard.press('Enter');
      const wrong = page.getByLabel('At least');
      await eventually(() => wrong.getAttribute('aria-invalid')).toBe('true');
      await eventually(() => wrong.evaluate(field => field === document.activeElement)).toBe(true);
      expect(await describedBy(page, 'At least')).toContain('Expected a whole number from 1 to 1000, got 0');
      await expectSound(page);

      await page.keyboard.press('Backspace');
      await page.keyboard.type('2');
      expect(await wrong.getAttribute('aria-invalid')).toBeNull();
      await page.keyboard.press('Enter');
      const plan = page.getByRole('region', { name: 'What this would do' });
      await plan.waitFor();
      expect(await plan.innerText()).toContain('3 images');
      expect(await plan.innerText()).toContain(`biolens tally --images ${images} --at-least 2`);
      await expectSound(page);

      await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await tabTo(page, 'Copy the command');
      await page.keyboard.press('Enter');
      await page.getByText('Copied.').waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('--at-least 2');

      await page.getByLabel('Conditions that must not hold').focus();
      await page.keyboard.type('commonest>0.5');
      expect(await plan.count(), 'a plan is of the settings as they were').toBe(0);
      await tabTo(page, 'Start');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Tally result' }).waitFor();
      expect(pathOf(page)).toMatch(/^\/runs\/.+-tally-images$/);
      expect(await page.getByRole('row', { name: /^Commonest/ }).innerText()).toMatch(
        /1\.00\s+0\.439 to 1\.00, n\s=\s3/,
      );
      expect(await page.getByRole('region', { name: 'Formats' }).innerText()).toMatch(/PNG\s+3/);
      await eventually(() => page.getByRole('complementary').innerText()).toContain('commonest>0.5: it is 1');
      await expectSound(page);

      // The same again, filled in as it was.
      await page.getByRole('link', { name: 'Run again' }).press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Tally' }).waitFor();
      expect(await page.getByLabel('Images', { exact: true }).inputValue()).toBe(images);
      expect(await page.getByLabel('At least').inputValue()).toBe('2');
      expect(await page.getByLabel('Seed').inputValue()).toBe('');
      await expectSound(page);
    });
  });

  test('a run is followed by stage, stopped and resumed', async () => {
    patience.allowed = 2;
    await withPage('/new/patient', async ({ page }) => {
      await page.getByLabel('Images', { exact: true }).fill(images);
      await page.getByRole('button', { name: 'Start' }).click();
      await page.getByRole('heading', { name: 'This patient is running' }).waitFor();
      await page.getByText('Looking at images').waitFor();
      await page.getByText('half of it is done').waitFor();
      await expectSound(page);
      patience.allowed = 1;
      await page.getByText('2 of 3').waitFor();
      expect(await page.getByRole('progressbar').getAttribute('value')).toBe('2');
      await page.getByText(/^About \d+ s left in this stage$/).waitFor();

      await page.getByRole('button', { name: 'Stop' }).press('Enter');
      await page.getByRole('heading', { name: 'This patient was interrupted' }).waitFor();
      await expectSound(page);
      patience.allowed = 100;
      await page.getByRole('button', { name: 'Resume' }).press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Patient result' }).waitFor();
      expect(await page.getByRole('region', { name: 'Formats' }).innerText()).toMatch(/PNG\s+3/);
    });
  });

  test('what lies outside the studio’s folders is refused at its field, and a condition on nothing at its own', async () => {
    await withPage('/new/tally', async ({ page }) => {
      await page.getByLabel('Images', { exact: true }).fill(tmpdir());
      await page.getByRole('button', { name: 'Check' }).click();
      await eventually(() => describedBy(page, 'Images')).toContain('outside the folders that may be used');
      await page.getByLabel('Images', { exact: true }).fill(images);
      await page.getByLabel('Conditions that must not hold').fill('nothing>1');
      await page.getByRole('button', { name: 'Start' }).click();
      await eventually(() => describedBy(page, 'Conditions that must not hold')).toContain(
        'the result has no "nothing"',
      );
      await expectSound(page);
    });
  });

  test('a studio that only shows offers nothing to start', async () => {
    const { page } = await openWatchedPage(browser);
    try {
      await page.goto(readOnly.url);
      await page.getByRole('heading', { name: 'Runs' }).waitFor();
      expect(await page.getByRole('link', { name: 'New run' }).count()).toBe(0);
      await page.getByRole('link', { name: /tally/ }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Tally result' }).waitFor();
      expect(await page.getByRole('link', { name: 'Run again' }).count()).toBe(0);
      await page.goto(new URL('/new', readOnly.url).href);
      expect(await page.getByRole('alert').innerText()).toBe('This studio only shows runs; it starts none.');
      await expectSound(page);
    } finally {
      await page.close();
    }
  });

  test('a request that writes needs the header that no form of another site can send', async () => {
    await withPage('/', async ({ page }) => {
      const statusOf = (headers: Record<string, string>): Promise<number> =>
        page.evaluate(
          async ([sent, path]) => {
            const body = JSON.stringify({ configuration: { images: path } });
            return (await fetch('/api/jobs/tally/plan', { method: 'POST', headers: sent, body })).status;
          },
          [headers, images] as const,
        );
      const json = { 'content-type': 'application/json' };
      expect(await statusOf({ ...json, 'x-biolens': '1' })).toBe(200);
      expect(await statusOf(json)).toBe(403);
      expect(await statusOf({ 'x-biolens': '1', 'content-type': 'text/plain' })).toBe(403);
    });
  });
});

/** What is said of a field beside its label. */
async function describedBy(page: Page, label: string): Promise<string> {
  return await page
    .getByLabel(label, { exact: true })
    .evaluate(field => document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent ?? '');
}
