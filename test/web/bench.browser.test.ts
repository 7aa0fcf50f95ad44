import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameOfCode, TASKS } from '../../src/ground/contracts/index.ts';
import { whyNoBrowser } from '../browser.ts';
import { benchPage, benchReport, hostileBenchPage, largeBenchPage, withTools } from './bench-fixtures.ts';
import { HOSTILE } from './fixtures.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import { findBarriers } from './page-checks.ts';

const reason = whyNoBrowser();
/** Waits as long as a busy machine may need. */
const eventually = <T>(look: () => T | Promise<T>, message = '') => expect.poll(look, { timeout: 15_000, message });

describe.skipIf(reason !== null)(
  `a benchmark's page in Chromium${reason === null ? '' : ` (skipped: ${reason})`}`,
  () => {
    let pages: FrozenPages;
    beforeAll(async () => {
      pages = await openFrozenPages();
    });
    afterAll(() => pages?.close());

    async function download(page: Page, button: Locator): Promise<{ readonly name: string; readonly text: string }> {
      const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
      return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
    }

    const overflow = (page: Page): Promise<number> =>
      page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    const leaders = (page: Page): Promise<string[]> =>
      page
        .locator('.leaderboard tbody th .leader')
        .evaluateAll(names => names.map(name => name.firstChild?.textContent ?? ''));
    const open = (page: Page, index: number): Promise<void> =>
      page.getByRole('button', { name: `Open question ${index + 1}`, exact: true }).click();

    test('has its sections, its numbers, and nothing that is no number', async () => {
      await pages.visit(benchPage(), async ({ page }) => {
        expect(await page.title()).toContain('280 questions about faces');
        expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual([
          'Verdict',
          'Replies',
          'Leaderboard',
          'Kinds of questions',
          'One task',
          'Real differences',
          'Size',
          'Letters, order and certainty',
          'Cost and time',
          'Defects of the benchmark',
          'Questions',
          'Method and provenance',
        ]);
        expect(await page.locator('main').innerText()).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
        expect(await page.getByText('the price is not known').count()).toBe(1);
        await page.getByLabel('Results below are of').selectOption({ index: 1 });
        await eventually(() => page.locator('#questions .lead').innerText()).toContain('qwen2.5-vl-7b');
      });
    });

    test('the leaderboard is sorted by any column, narrowed, and exported in four formats', async () => {
      const fixture = benchPage();
      await pages.visit(fixture, async ({ page }) => {
        const byOverall = await leaders(page);
        expect(byOverall[0]).toBe('specialist');
        await page.locator('.leaderboard').getByRole('button', { name: 'Model' }).click();
        const heading = page.locator('.leaderboard').getByRole('columnheader', { name: 'Model' });
        await eventually(() => heading.getAttribute('aria-sort')).toBe('ascending');
        const byName = await leaders(page);
        // Those measured here come first, whatever they are sorted by.
        expect(byName.slice(0, 2)).toEqual(['qwen2.5-vl-7b', 'specialist']);
        const published = byName.slice(2);
        expect(published).toEqual([...published].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })));
        await page
          .locator('.leaderboard')
          .getByRole('button', { name: /Face Recognition/ })
          .click();
        await eventually(() => leaders(page)).not.toEqual(byName);
        await page.locator('#leaderboard').getByRole('radio', { name: 'Measured here' }).check();
        await eventually(() => leaders(page).then(names => [...names].sort())).toEqual(['qwen2.5-vl-7b', 'specialist']);

        const { leaderboard, comparison } =
          fixture.report?.schema === 'biolens/bench@1' ? fixture.report : benchReport();
        const exported = (title: string) =>
          download(page, page.getByRole('button', { name: `Export the leaderboard as ${title}` }));
        expect(await exported('CSV')).toEqual({ name: `${fixture.run.id}-leaderboard.csv`, text: leaderboard.csv });
        expect((await exported('Markdown')).text).toBe(leaderboard.markdown);
        expect((await exported('LaTeX')).text).toBe(leaderboard.latex);
        expect(JSON.parse((await exported('JSON')).text)).toEqual(comparison.rows);
      });
    });

    test('published rows of other questions stand apart, and no place is counted among both', async () => {
      const base = benchReport();
      const comparison = { ...base.comparison, publishedNotTested: 'the published rows are of other questions' };
      await pages.visit(benchPage({ ...base, comparison }), async ({ page }) => {
        const own = page.locator('.leaderboard').first().locator('tbody tr');
        expect(await own.count()).toBe(2);
        expect(await own.locator('.place').allInnerTexts()).toEqual(['1', '2']);
        const section = page.locator('#leaderboard');
        expect(await section.innerText()).toContain('Published results, of other questions');
        expect(await section.innerText()).toContain('the published rows are of other questions.');
        await section.locator('summary').click();
        const places = await page.locator('.leaderboard').nth(1).locator('tbody .place').allInnerTexts();
        expect(places[0]).toBe('1');
        expect(places).toHaveLength(base.comparison.rows.filter(row => row.published).length);
        expect(await findBarriers(page)).toEqual([]);
      });
    });

    test('one task: every model on it, and the way to its questions', async () => {
      await pages.visit(benchPage(), async ({ page }) => {
        const section = page.locator('#task');
        await section.getByLabel('Task').selectOption('hr_fr');
        const rows = section.locator('tbody tr');
        await eventually(() => rows.count()).toBe(2);
        expect(await rows.first().innerText()).toMatch(/specialist\s+[\d.]+\s%/);
        // 20 questions by one model in two orders, and by the other in one.
        const counts = await rows.evaluateAll(all =>
          all.map(row =>
            [...row.querySelectorAll('td.numeric')].slice(2).reduce((sum, cell) => sum + Number(cell.textContent), 0),
          ),
        );
        expect(counts.sort((a, b) => a - b)).toEqual([20, 40]);
        await section.getByRole('button', { name: 'Show its questions' }).click();
        await eventually(() => page.locator('#questions output').innerText()).toBe('20 of 280 questions');
        expect(await page.locator('#questions').getByLabel('Task').inputValue()).toBe('hr_fr');
      });
    });

    test('the questions are narrowed by text, task, outcome and flags, and what is left is exported', async () => {
      const report = benchReport();
      const own = report.items.filter(item => item.model === 'specialist');
      await pages.visit(benchPage(report), async ({ page }) => {
        const section = page.locator('#questions');
        const count = section.locator('output');
        const disputed = own.filter(({ strict, official }) => strict.outcome !== official.outcome).length;
        await section.getByLabel('Parsers differ').check();
        await eventually(() => count.innerText()).toBe(`${disputed} of 280 questions`);
        await section.getByRole('button', { name: 'Clear' }).click();
        await section.getByLabel('Defective').check();
        await eventually(() => count.innerText()).toBe('1 of 280 questions');
        await section.getByRole('button', { name: 'Clear' }).click();
        await section.getByLabel('Outcome').selectOption('refused');
        const refused = own.filter(item => item.strict.outcome === 'refused').length;
        await eventually(() => count.innerText()).toBe(`${refused} of 280 questions`);
        await section.getByLabel('Outcome').selectOption('');
        await section.getByLabel('Text').fill('CANNOT IDENTIFY');
        await eventually(() => count.innerText()).toBe(`${refused} of 280 questions`);
        const { name, text } = await download(page, section.getByRole('button', { name: 'Export CSV' }));
        expect(name).toMatch(/-replies\.csv$/);
        const [header, ...rows] = text.trim().split('\r\n');
        expect(header).toBe(
          'question,task,dataset,rotation,repeat,right,strict,strict_chosen,official,official_chosen,raw,error',
        );
        expect(rows).toHaveLength(refused);
        expect(rows[0]).toContain(',refused,,wrong,A,');
        await section.getByLabel('Text').fill('no such words anywhere');
        await eventually(() => section.getByText('No question fits these filters.').count()).toBe(1);
      });
    });

    test('a question shows its pictures, options, replies in every order, and how both parsers read them', async () => {
      const page2 = benchPage();
      await pages.visit(page2, async ({ page }) => {
        await page.getByLabel('Results below are of').selectOption({ index: 1 });
        await page.locator('#questions').scrollIntoViewIfNeeded();
        await open(page, 1);
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('heading', { name: 'Question 2 of 280' }).waitFor();
        const images = dialog.locator('.question-pictures img');
        expect(await images.count()).toBe(2);
        await eventually(() =>
          images.evaluateAll(all => all.every(image => image instanceof HTMLImageElement && image.naturalWidth > 0)),
        ).toBe(true);
        expect(await dialog.locator('.options li').count()).toBe(4);
        expect(await dialog.locator('.options .option-right').innerText()).toMatch(/^B[\s\S]*right/);
        const replies = dialog.locator('.reply');
        expect(await replies.count()).toBe(2);
        expect(await replies.nth(1).innerText()).toContain('A showed B');
        expect(await replies.nth(0).locator('.reply-text').innerText()).toContain('the answer is');
        expect(await replies.nth(0).locator('.readings dt').allInnerTexts()).toEqual([
          'Strict reading',
          'The benchmark’s own',
        ]);
        expect(await findBarriers(page)).toEqual([]);

        await page.keyboard.press('ArrowRight');
        await dialog.getByRole('heading', { name: 'Question 3 of 280' }).waitFor();
        await dialog.getByRole('button', { name: 'Previous' }).click();
        await dialog.getByRole('heading', { name: 'Question 2 of 280' }).waitFor();
        await page.keyboard.press('Escape');
        await eventually(() => dialog.count()).toBe(0);
        // The keyboard comes back to where it was, and goes on from there.
        await page.keyboard.press('ArrowDown');
        await page.keyboard.press('Enter');
        await dialog.getByRole('heading', { name: 'Question 3 of 280' }).waitFor();
        await page.keyboard.press('Escape');
        await eventually(() => dialog.count()).toBe(0);
        // Text-only questions have no pictures, and say what there is.
        await page.locator('#questions').getByLabel('Task').selectOption('tools_retrieval');
        await eventually(() => page.locator('#questions output').innerText()).toBe('20 of 280 questions');
        await open(page, 0);
        await dialog.getByRole('heading', { name: 'Question 1 of 20' }).waitFor();
        expect(await dialog.locator('.question-pictures').count()).toBe(0);
      });
    });

    test('tools: how often they were called and what that changed', async () => {
      await pages.visit(benchPage(withTools(benchReport())), async ({ page }) => {
        const text = (await page.locator('#tools').innerText()).replaceAll('\u00a0', ' ');
        expect(text).toContain('4.0 points better');
        expect(text).toContain('26 questions went better, 15 worse');
        expect(text).toContain('412 calls: estimate_age 300, compare_faces 112; 3 refused');
        expect(await findBarriers(page)).toEqual([]);
      });
    });

    test('what models, benchmarks and servers write is shown and never obeyed', async () => {
      await pages.visit(hostileBenchPage(), async ({ page }) => {
        await page.evaluate(() => {
          for (const details of document.querySelectorAll('details')) details.open = true;
        });
        const inert = async (): Promise<void> => {
          expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
          expect(await page.locator('img[src="x"]').count()).toBe(0);
          expect(await page.locator('body script:not([type="application/json"])').count()).toBe(0);
          expect(await page.locator('a[href^="http"]').count()).toBe(0);
          const text = await page.locator('body').innerText();
          for (const hidden of ['\u001b', '\u0007', '\u202e', '\u2028']) expect(text).not.toContain(hidden);
          expect(await overflow(page)).toBeLessThanOrEqual(0);
        };
        await inert();
        expect(await findBarriers(page)).toEqual([]);
        const text = await page.locator('main').innerText();
        expect(text).toContain(HOSTILE.markup);
        expect(text).toContain(HOSTILE.script);

        await page.locator('#questions').scrollIntoViewIfNeeded();
        for (const index of Object.keys(HOSTILE).keys()) {
          await open(page, index);
          const dialog = page.getByRole('dialog');
          await dialog.waitFor();
          await inert();
          // The dialogs differ in their words alone.
          if (index === 0) expect(await findBarriers(page)).toEqual([]);
          const shown = await dialog.innerText();
          expect(shown).toContain('\\u202e');
          const replies = await dialog.locator('.reply-text').allInnerTexts();
          for (const reply of replies) expect(reply).toMatch(/\\u001b\[31mred|No reply came/);
          await page.keyboard.press('Escape');
          await eventually(() => dialog.count()).toBe(0);
        }
        const { text: csv } = await download(
          page,
          page.locator('#questions').getByRole('button', { name: 'Export CSV' }),
        );
        expect(csv).not.toMatch(/(?:^|[,"])=/m);
      });
    });

    test('light and dark, 1280 and 400 pixels wide: nobody stumbles, nothing sticks out', async () => {
      await pages.visit(benchPage(), async ({ page }) => {
        for (const [colorScheme, width] of [
          ['light', 1280],
          ['dark', 1280],
          ['light', 400],
          ['dark', 400],
        ] as const) {
          const look = `${colorScheme}, ${width} pixels`;
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          await eventually(() => overflow(page), look).toBeLessThanOrEqual(0);
          expect(await findBarriers(page), look).toEqual([]);
          for (const name of ['Task', 'Data set', 'Images']) {
            await page.locator('#groups').getByRole('radio', { name, exact: true }).check();
            await eventually(() => overflow(page), look).toBeLessThanOrEqual(0);
          }
          await page.locator('#questions').scrollIntoViewIfNeeded();
          await open(page, 0);
          const dialog = page.getByRole('dialog');
          await dialog.waitFor();
          expect(await findBarriers(page), look).toEqual([]);
          expect(await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth + 1), look).toBe(
            true,
          );
          await page.keyboard.press('Escape');
          await eventually(() => dialog.count()).toBe(0);
        }
      });
    });

    test('5,000 questions: all are there, few are in the page', async () => {
      await pages.visit(largeBenchPage(5000), async ({ page }) => {
        const section = page.locator('#questions');
        await section.scrollIntoViewIfNeeded();
        expect(await section.locator('output').innerText()).toBe('5,000 questions');
        expect(await section.locator('tbody tr').count()).toBeLessThan(40);
        await section.getByRole('button', { name: 'Open question 1', exact: true }).focus();
        await page.keyboard.press('End');
        await eventually(() => section.getByRole('button', { name: 'Open question 5,000' }).count()).toBe(1);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'Question 5,000 of 5,000' }).waitFor();
        // Pictures of the first questions alone are kept; the others say so.
        expect(await page.getByRole('dialog').getByText('not kept in this file').count()).toBeGreaterThan(0);
      });
    });

    test('a report without replies says what there is', async () => {
      const report = benchReport({ overrides: { scores: [], items: [], questions: [] } });
      const rows = report.comparison.rows.filter(row => row.published);
      const bare = { ...report, comparison: { ...report.comparison, rows, pairs: [], singleAgainstMultiple: [] } };
      await pages.visit(benchPage(bare), async ({ page }) => {
        expect(await page.locator('main').innerText()).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
        expect(await page.locator('.leaderboard tbody tr').count()).toBe(rows.length);
        expect(await findBarriers(page)).toEqual([]);
      });
    });

    test('a page of findings alone', async () => {
      const base = benchReport({ overrides: { scores: [], items: [], questions: [] } });
      const comparison = { ...base.comparison, rows: [], pairs: [], singleAgainstMultiple: [], size: null };
      await pages.visit(benchPage({ ...base, comparison }), async ({ page }) => {
        expect(await page.getByRole('heading', { level: 2 }).allInnerTexts()).toEqual([
          'Verdict',
          'Defects of the benchmark',
          'Method and provenance',
        ]);
        expect(await page.locator('#defects').innerText()).toContain('key-not-among-options');
        expect(await findBarriers(page)).toEqual([]);
      });
    });

    test('tasks are written by their names', () => {
      for (const { code, name } of TASKS) expect(nameOfCode(code)).toBe(name);
    });
  },
);
