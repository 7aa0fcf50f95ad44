import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobHost } from '../../src/app/host/index.ts';
import { JOBS } from '../../src/app/jobs.ts';
import { type RunningStudio, startStudio } from '../../src/app/studio/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { launchBrowser, type TestBrowser, type WatchedPage, whyNoBrowser, withWatchedPage } from '../browser.ts';
import { benchReport } from '../web/bench-fixtures.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { share } from '../web/fixtures.ts';
import { diffusionReport, mitigationReport, studyReport } from '../web/generator-fixtures.ts';
import { findBarriers, findViolations, LOOKS } from '../web/page-checks.ts';
import { type MadeRuns, makeRuns, stripedPng } from './make-runs.ts';

const reason = whyNoBrowser();
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 15_000 });
/** Where screenshots go for someone to look at; nowhere by default. */
const shots = process.env.BIOLENS_SHOTS;

describe.skipIf(reason !== null)(`results in the studio${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let built: BuiltPage;
  let made: MadeRuns;
  let host: JobHost;
  let studio: RunningStudio;
  let browser: TestBrowser;
  const ids: Record<string, string> = {};

  const add = async (name: string, kind: string, report: unknown, day: number): Promise<void> => {
    const { folder, runsDir } = made;
    const run = await createRun({
      kind,
      name,
      runsDir,
      seed: 1,
      configuration: { training: join(folder, 'training'), generated: join(folder, 'generated'), name },
      digests: { training: 'aaaa', generated: name },
      now: () => new Date(Date.UTC(2026, 10, day, 10)),
    });
    if (report === null) await run.interrupt();
    else await run.complete(report);
    ids[name] = run.id;
  };

  beforeAll(async () => {
    built = buildPage();
    made = await makeRuns();
    const { report } = made;
    const copied = (count: number) => ({
      ...report,
      replication: { ...report.replication, copied: share(count, 500) },
    });
    // Twins, so that there is a cluster of duplicates.
    writeFileSync(join(made.folder, 'training/twin.png'), await stripedPng([10, 200, 10]));
    const clusters = [{ files: ['a.png', 'twin.png'], minSimilarity: 0.99 }];
    const first = copied(60);
    first.replication = { ...first.replication, duplicates: { ...first.replication.duplicates, clusters } };
    await add('epoch-10', 'audit', first, 10);
    await add('epoch-20', 'audit', copied(10), 11);
    await add('asked', 'bench', benchReport(), 12);
    await add('mended', 'mitigate', mitigationReport(), 13);
    await add('trained', 'diffusion', diffusionReport(), 14);
    await add('sizes', 'study', studyReport(), 15);
    await add('stopped', 'audit', null, 16);
    host = new JobHost({ jobs: JOBS, runsDir: made.runsDir, roots: [made.folder], models: null });
    studio = await startStudio({ runsDir: made.runsDir, roots: [made.folder], pollMs: 20, host, ...built });
    browser = await launchBrowser();
    // What lets the browser in.
    await withWatchedPage(browser, async ({ page }) => void (await page.goto(studio.url)));
    if (shots !== undefined) mkdirSync(shots, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await host?.close();
    made?.remove();
    built?.remove();
  });

  const withPage = (path: string, use: (opened: WatchedPage) => Promise<void>): Promise<void> =>
    withWatchedPage(browser, async opened => {
      await opened.page.goto(new URL(path, studio.url).href);
      await opened.page.getByRole('heading', { level: 1 }).waitFor();
      await use(opened);
      expect(opened.problems.filter(problem => !/status of 4(?:04|22)/.test(problem))).toEqual([]);
    });

  const pathOf = (page: Page): string => page.url().slice(new URL(page.url()).origin.length);
  const hashOf = (page: Page): string => decodeURIComponent(new URL(page.url()).hash);

  test('nobody stumbles on any page, and axe finds no violation, light and dark, 390 and 1280 pixels', {
    timeout: 300_000,
  }, async () => {
    const places: Record<string, string> = {
      list: '/',
      form: '/new/audit',
      jobs: '/new',
      bin: '/bin',
      compare: `/compare?runs=${ids['epoch-10']},${ids['epoch-20']}`,
      ...Object.fromEntries(
        Object.entries(ids)
          .filter(([name]) => name !== 'epoch-20')
          .map(([name, id]) => [name, `/runs/${id}`]),
      ),
      pair: `/runs/${ids['epoch-10']}#pair=a.png`,
    };
    const found: string[] = [];
    for (const [name, path] of Object.entries(places)) {
      // What lies under the dialog is looked at in its own place.
      const area = name === 'pair' && process.env.BIOLENS_EVERY_RULE === undefined ? 'dialog' : undefined;
      await withPage(path, async ({ page }) => {
        for (const look of LOOKS) {
          await page.emulateMedia({ colorScheme: look.colorScheme });
          await page.setViewportSize({ width: look.width, height: 900 });
          await page.waitForTimeout(100);
          const said = `${name}, ${look.colorScheme}, ${look.width} pixels`;
          const wrong = look.rules === 'none' ? findBarriers(page) : findViolations(page, look.rules, area);
          // An image may say nothing where the button around it does, and axe looks at that.
          for (const violation of await wrong)
            if (!violation.startsWith('image without alt: <img alt=""')) found.push(`${said}: ${violation}`);
          const beyond = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
          if (beyond > 0) found.push(`${said}: ${beyond} pixels too wide`);
          if (shots !== undefined)
            await page.screenshot({
              path: join(shots, `${name}-${look.colorScheme}-${look.width}.png`),
              fullPage: name !== 'pair',
            });
        }
      });
    }
    expect(found).toEqual([]);
  });

  test('the list shows results, and is searched, sorted and filtered by data', async () => {
    await withPage('/', async ({ page }) => {
      const row = page.getByRole('row', { name: /epoch-10/ });
      expect(await row.innerText()).toMatch(/Copies\s+12\.0\s%\s+9\.4\s%|Copies/);
      expect(await row.innerText()).toContain('12.0');
      expect(await row.innerText()).toContain('Problem');
      const titles = () => page.locator('.runs-table tbody th code').allInnerTexts();
      expect((await titles())[0]).toBe(made.run.id);
      await page.getByRole('button', { name: 'Began' }).click();
      expect((await titles())[0]).toBe(ids['epoch-10']);
      await page.getByLabel('Kind').selectOption('bench');
      expect(await titles()).toEqual([ids.asked]);
      await page.getByRole('button', { name: 'Clear' }).click();
      await page.getByLabel('Search').fill('epoch-2');
      expect(await titles()).toEqual([ids['epoch-20']]);
      await page.getByLabel('Search').fill('');
      const shared = page.getByLabel('Same data or model');
      const choice = await shared.locator('option', { hasText: 'training, 7 runs' }).getAttribute('value');
      await shared.selectOption(choice);
      expect(await titles()).toHaveLength(7);
    });
  });

  test('two selected audits are compared, the older first', async () => {
    await withPage('/', async ({ page }) => {
      await page.getByRole('checkbox', { name: new RegExp(`${ids['epoch-20']}$`) }).check();
      expect(await page.getByText('Select two runs or more').count()).toBe(1);
      await page.getByRole('checkbox', { name: new RegExp(`${ids.asked}$`) }).check();
      expect(await page.getByText('Runs of one kind can be compared.').count()).toBe(1);
      await page.getByRole('checkbox', { name: new RegExp(`${ids.asked}$`) }).uncheck();
      await page.getByRole('checkbox', { name: new RegExp(`${ids['epoch-10']}$`) }).check();
      await page.getByRole('link', { name: 'Compare' }).click();
      await page.getByRole('heading', { name: '2 audits side by side' }).waitFor();
      expect(pathOf(page)).toBe(`/compare?runs=${ids['epoch-10']},${ids['epoch-20']}`);
      // 10/500 less 60/500 by Newcombe's method.
      expect(await page.getByText(/B is lower than A in copies/).innerText()).toMatch(
        /−10\.0 points, 95\s% interval −13\.3 to −7\.0, p\s<\s0\.0001\.$/,
      );
      expect(await page.getByRole('region', { name: 'Metrics', exact: true }).innerText()).toMatch(
        /copied[\s\S]*12\.0[\s\S]*2\.0/,
      );
      expect(await page.getByRole('region', { name: 'Data and models' }).innerText()).toMatch(/training\s+the same/);
      const images = page.locator('.compare-images img');
      await page.locator('.compare-images').scrollIntoViewIfNeeded();
      expect(await images.count()).toBeGreaterThan(6);
      await page.getByRole('button', { name: 'Open image B1:' }).click();
      expect(hashOf(page)).toBe('#image=B1');
      await page.getByRole('dialog').waitFor();
      await page.goBack();
      await eventually(() => page.getByRole('dialog').count()).toBe(0);
      expect(hashOf(page)).toBe('');
    });
  });

  test('notes and tags are written and searched; a deleted run is restored', async () => {
    await withPage('/', async ({ page }) => {
      const id = ids.sizes!;
      await page.getByRole('button', { name: new RegExp(`^Add a note: .*${id}$`) }).click();
      await page.getByLabel('Note', { exact: true }).fill('for the paper');
      await page.getByLabel(/^Tags/).fill('paper, baseline');
      await page.getByRole('button', { name: 'Save' }).click();
      const row = page.getByRole('row', { name: new RegExp(id) });
      await eventually(() => row.innerText()).toContain('for the paper');
      await page.getByRole('button', { name: 'Show runs with the tag baseline' }).click();
      expect(await page.locator('.runs-table tbody tr').count()).toBe(1);
      await page.getByRole('checkbox', { name: 'Select all runs shown' }).check();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('1 run moved to the bin.').waitFor();
      await eventually(() => page.getByRole('row', { name: new RegExp(id) }).count()).toBe(0);
      await page.getByRole('button', { name: 'Undo' }).click();
      await page.getByText('1 run restored.').waitFor();
      await eventually(() => page.getByRole('row', { name: new RegExp(id) }).count()).toBe(1);

      await page.getByRole('checkbox', { name: new RegExp(`${id}$`) }).check();
      await page.getByRole('button', { name: 'Delete' }).click();
      await page.getByText('1 run moved to the bin.').waitFor();
      await page.getByRole('link', { name: 'Bin' }).click();
      await page.getByRole('button', { name: new RegExp(`^Restore .*${id}`) }).click();
      await page.getByText('The bin is empty.').waitFor();
      await page.getByRole('link', { name: 'All runs' }).click();
      await page.getByRole('row', { name: new RegExp(id) }).waitFor();
    });
  });

  test('a pair has an address: it opens, the back button closes it, and so does Escape', async () => {
    await withPage(`/runs/${ids['epoch-10']}`, async ({ page }) => {
      const dialog = page.getByRole('dialog');
      await page.getByRole('button', { name: 'Open the pair Generated image b.png Training image b.png' }).click();
      await dialog.waitFor();
      expect(hashOf(page)).toBe('#pair=b.png');
      await page.keyboard.press('ArrowRight');
      await eventually(() => hashOf(page)).toBe('#pair=c.png');
      // Moving made no entry: one step back closes.
      await page.goBack();
      await eventually(() => dialog.count()).toBe(0);
      await page.goForward();
      await eventually(() => dialog.count()).toBe(1);
      await page.keyboard.press('Escape');
      await eventually(() => dialog.count()).toBe(0);
      expect(hashOf(page)).toBe('');

      // One that a filter hides opens from above all the same.
      await page.getByLabel('File name').fill('c.png');
      await page.getByRole('button', { name: 'Open the pair Generated image b.png Training image b.png' }).click();
      await eventually(() => hashOf(page)).toBe('#pair=b.png');
      await page.keyboard.press('Escape');
    });
    await withPage(`/runs/${ids['epoch-10']}#pair=c.png`, async ({ page }) => {
      await page.getByRole('heading', { name: 'Pair 3 of' }).waitFor();
      await page.keyboard.press('Escape');
      await eventually(() => page.getByRole('dialog').count()).toBe(0);
      expect(pathOf(page)).toBe(`/runs/${ids['epoch-10']}`);
    });
    for (const broken of ['#pair=nothing', '#pair=%E0%A4%A', '#image=nowhere/x', '#image=training', '#pair='])
      await withPage(`/runs/${ids['epoch-10']}${broken}`, async ({ page }) => {
        expect(await page.getByRole('dialog').count()).toBe(0);
      });
  });

  test('an image of a cluster and a question have addresses too', async () => {
    await withPage(`/runs/${ids['epoch-10']}`, async ({ page }) => {
      await page.getByRole('button', { name: 'Open Training image twin.png' }).click();
      expect(hashOf(page)).toBe('#image=training/twin.png');
      await eventually(() =>
        page
          .getByRole('dialog')
          .locator('img')
          .evaluate(image => (image as HTMLImageElement).naturalWidth),
      ).toBeGreaterThan(0);
      await page.goBack();
      await eventually(() => page.getByRole('dialog').count()).toBe(0);
    });
    await withPage(`/runs/${ids.asked}`, async ({ page }) => {
      await page.getByRole('button', { name: 'Open question 2', exact: true }).click();
      await page.getByRole('dialog').waitFor();
      const address = pathOf(page);
      expect(hashOf(page)).toMatch(/^#question=.+\/.+/);
      await page.reload();
      await page.getByRole('dialog').waitFor();
      expect(await page.getByRole('heading', { name: 'Question 2 of' }).count()).toBe(1);
      expect(pathOf(page)).toBe(address);
    });
  });

  test('on a phone a field sorts the list, where the headings are', async () => {
    await withPage('/', async ({ page }) => {
      const sorting = page.getByLabel('Sort by');
      expect(await sorting.isVisible()).toBe(false);
      await page.setViewportSize({ width: 390, height: 800 });
      const titles = () => page.locator('.runs-table tbody th code').allInnerTexts();
      const newest = await titles();
      await sorting.selectOption({ label: 'Began, oldest first' });
      expect(await titles()).toEqual([...newest].reverse());
    });
  });

  test('on a phone a wide table keeps its first column and says that it scrolls', async () => {
    await withPage(`/runs/${ids.asked}`, async ({ page }) => {
      await page.setViewportSize({ width: 390, height: 800 });
      const frame = page.getByRole('region', { name: 'Leaderboard, scrolls sideways' });
      await frame.scrollIntoViewIfNeeded();
      expect(await frame.locator('xpath=..').getByText('Scrolls sideways').isVisible()).toBe(true);
      const heading = frame.locator('tbody th').first();
      const before = (await heading.boundingBox())!.x;
      const cell = (await frame.locator('tbody td').nth(1).boundingBox())!.x;
      await frame.focus();
      await page.keyboard.press('End');
      await frame.evaluate(element => element.scrollTo({ left: 150, behavior: 'instant' }));
      expect((await heading.boundingBox())!.x).toBeCloseTo(before, 0);
      expect((await frame.locator('tbody td').nth(1).boundingBox())!.x).toBeLessThan(cell - 100);
    });
  });

  test('a folder is picked from the roots for the form', async () => {
    await withPage('/new/audit', async ({ page }) => {
      await page.getByRole('button', { name: 'Browse for Training' }).first().click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { name: /^Open the folder .*biolens-studio-/ }).click();
      await dialog.getByRole('button', { name: 'Open the folder training' }).click();
      await dialog.getByText(/\/training$/).waitFor();
      expect(await findViolations(page)).toEqual([]);
      await dialog.getByRole('button', { name: 'Choose this folder' }).click();
      await eventually(() => page.getByLabel('Training', { exact: true }).inputValue()).toMatch(/\/training$/);
      expect(await dialog.count()).toBe(0);
    });
  });
});
