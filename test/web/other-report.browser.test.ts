import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportPage } from '../../src/ground/contracts/index.ts';
import { whyNoBrowser } from '../browser.ts';
import { reportPage } from './fixtures.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import { findBarriers } from './page-checks.ts';

const reason = whyNoBrowser();
const HOSTILE = '<img src=x onerror=alert(1)>\u202egnp';

const metric = { value: 0.25, n: 80, interval: { low: 0.16, high: 0.35, confidence: 0.95, method: 'wilson' } };

/** A report of every shape that a job without a page may have. */
function otherPage(): ReportPage {
  const page = reportPage();
  return {
    ...page,
    run: { ...page.run, kind: 'tally' },
    report: {
      schema: 'biolens/other@1',
      report: {
        schema: 'biolens/strange@1',
        commonest: metric,
        unknown: { value: null, n: 0, interval: null, reason: 'there is nothing to count' },
        note: HOSTILE,
        exact: true,
        nothing: null,
        none: [],
        counts: { [HOSTILE]: 3, deeper: { again: { andAgain: { ever: { so: 'deep' } } }, share: metric } },
        rows: Array.from({ length: 45 }, (_, i) => ({ file: `${'a-long-name-'.repeat(12)}${i}.png`, share: metric })),
        words: Array.from({ length: 25 }, (_, i) => `word ${i}`),
        mixed: [1, { a: [2] }, null],
      },
    },
  };
}

describe.skipIf(reason !== null)(`a report without a page of its own${reason === null ? '' : ` (${reason})`}`, () => {
  let pages: FrozenPages;
  beforeAll(async () => {
    pages = await openFrozenPages();
  });
  afterAll(() => pages?.close());

  test.each([
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 390 },
  ] as const)('is shown whole, $colorScheme, $width pixels', async look => {
    await pages.visit(
      otherPage(),
      async ({ page }) => {
        expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Tally result');
        expect(await page.getByRole('row', { name: /^Commonest/ }).innerText()).toMatch(
          /0\.250\s+0\.160 to 0\.350,\s+n\s=\s80/,
        );
        expect(await page.getByRole('row', { name: /^Unknown/ }).innerText()).toContain('there is nothing to count');
        const counts = page.getByRole('region', { name: 'Counts' });
        expect(await counts.innerText()).toContain('\\u202egnp');
        await counts.getByRole('heading', { name: 'Deeper' }).waitFor();
        expect(await counts.innerText()).toContain('"so": "deep"');
        const rows = page.getByRole('region', { name: 'Rows' });
        expect(await rows.getByRole('row').count()).toBe(21);
        await rows.getByRole('button', { name: 'Show 20 more of 25 rows' }).click();
        expect(await rows.getByRole('row').count()).toBe(41);
        expect(await page.getByRole('region', { name: 'Mixed' }).innerText()).toContain('{"a":[2]}');
        expect(await page.locator('img').count()).toBe(0);
        expect(await page.getByRole('link', { name: 'Run again' }).count()).toBe(0);
        expect(await findBarriers(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
          0,
        );
      },
      look,
    );
  });
});
