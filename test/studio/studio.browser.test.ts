import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStudio, startStudio } from '../../src/app/studio/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { launchBrowser, type TestBrowser, type WatchedPage, whyNoBrowser, withWatchedPage } from '../browser.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { findBarriers } from '../web/page-checks.ts';
import { type MadeRuns, makeRuns } from './make-runs.ts';

const reason = whyNoBrowser();
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 15_000 });

describe.skipIf(reason !== null)(`the studio in Chromium${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let built: BuiltPage;
  let made: MadeRuns;
  let studio: RunningStudio;
  let browser: TestBrowser;

  beforeAll(async () => {
    built = buildPage();
    made = await makeRuns();
    studio = await startStudio({ runsDir: made.runsDir, roots: [made.folder], pollMs: 20, ...built });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    made?.remove();
    built?.remove();
  });

  const withPage = (address: string, use: (opened: WatchedPage) => Promise<void>): Promise<void> =>
    withWatchedPage(browser, async opened => {
      await opened.page.goto(address);
      await use(opened);
      const own = `http://127.0.0.1:${studio.port}/`;
      expect(opened.requests.filter(url => !url.startsWith(own))).toEqual([]);
    });

  test('from the list of runs to a report with the pictures of its pairs, and back', async () => {
    await withPage(studio.url, async ({ page, problems }) => {
      await page.getByRole('heading', { name: 'Runs' }).waitFor();
      expect(page.url()).toBe(`http://127.0.0.1:${studio.port}/`);
      expect(await findBarriers(page)).toEqual([]);
      await page.getByRole('link', { name: /Audit of generated against training/ }).click();
      await page.getByRole('heading', { level: 1 }).waitFor();
      const shown = (): Promise<number> =>
        page
          .locator('.pair-figures img')
          .evaluateAll(
            images => images.filter(image => image instanceof HTMLImageElement && image.naturalWidth > 0).length,
          );
      await page.locator('.pair-figures').scrollIntoViewIfNeeded();
      // Three whole pairs, and the training side of a fourth; of the others the pictures are gone or none.
      await eventually(shown).toBe(7);
      await eventually(() =>
        page.getByRole('img', { name: 'Training: image could not be read' }).count(),
      ).toBeGreaterThan(0);
      // A picture that is not there is the one thing that the browser itself complains about.
      expect(problems.filter(problem => !/status of 4(?:04|22)/.test(problem))).toEqual([]);
      await page.getByRole('link', { name: 'All runs' }).click();
      await page.getByRole('heading', { name: 'Runs' }).waitFor();
    });
  });

  test('a run in progress is followed until it is done', async () => {
    const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration: {} });
    await withPage(studio.urlOf(run.id), async ({ page, problems }) => {
      await page.getByText('0 items done').waitFor();
      await run.append({ n: 1 });
      await page.getByText('1 item done').waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await run.complete(made.report);
      await page.getByRole('heading', { name: 'Verdict' }).waitFor();
      expect(problems.filter(problem => !/status of 4(?:04|22)/.test(problem))).toEqual([]);
    });
  });

  test('a run that is not there is said in words', async () => {
    await withPage(studio.urlOf('nothing'), async ({ page }) => {
      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').innerText()).toBe(
        'There is no such run in the folder that the studio shows.',
      );
    });
  });

  test('a page of another origin in the same browser gets nothing, cookie or not', async () => {
    await withPage(studio.url, async ({ page }) => {
      await page.getByRole('heading', { name: 'Runs' }).waitFor();
    });
    const other = await browser.context.newPage();
    try {
      await other.goto('about:blank');
      const got = await other.evaluate(async address => {
        const image = new Image();
        const loaded = new Promise<string>(resolve => {
          image.onload = () => resolve('loaded');
          image.onerror = () => resolve('refused');
        });
        image.src = `${address}/api/runs/x/image?set=training&file=a.png`;
        const fetched = await fetch(`${address}/api/runs`, { credentials: 'include' }).then(
          () => 'read',
          () => 'refused',
        );
        return [await loaded, fetched];
      }, `http://127.0.0.1:${studio.port}`);
      expect(got).toEqual(['refused', 'refused']);
    } finally {
      await other.close();
    }
  });

  test('it answers on the loopback address alone, and only to its name', async () => {
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: studio.port, path: '/', headers: { host } }, answer => {
          answer.resume();
          resolve(answer.statusCode);
        });
        asked.on('error', reject);
        asked.end();
      });
    expect(await statusFor('rebound.example')).toBe(421);
    expect(await statusFor(`127.0.0.1:${studio.port}`)).toBe(401);
    await expect(startStudio({ runsDir: made.runsDir, port: studio.port, ...built })).rejects.toMatchObject({
      code: 'usage',
    });
  });
});
