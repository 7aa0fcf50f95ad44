import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { whyNoBrowser } from '../browser.ts';
import { auditReport, HOSTILE, hostilePage, largePage, reportPage } from './fixtures.ts';
import { type FrozenPages, openFrozenPages } from './frozen-pages.ts';
import { findBarriers } from './page-checks.ts';

const reason = whyNoBrowser();
const ROWS = '.pairs tbody tr';
/** The slow run shows 100,000. */
const MANY = Number(process.env.BIOLENS_PAIRS ?? 20_000);
const number = (value: number): string => value.toLocaleString('en');
/** Waits as long as a busy machine may need. */
const eventually = <T>(look: () => T | Promise<T>, message = '') => expect.poll(look, { timeout: 15_000, message });

describe.skipIf(reason !== null)(`report.html in Chromium${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let pages: FrozenPages;
  beforeAll(async () => {
    pages = await openFrozenPages();
  });
  afterAll(() => pages?.close());

  const column = (page: Page, name: string): Promise<string[]> => page.locator(`${ROWS} td.${name}`).allInnerTexts();

  test('opens from the disk, shows every section, the pictures of the pairs and the reason for a missing number', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      expect(await page.title()).toContain('500 generated faces');
      const titles = await page.getByRole('heading', { level: 2 }).allInnerTexts();
      expect(titles).toEqual([
        'Verdict',
        'Key numbers',
        'Copies',
        'Similarity to the training set',
        'Duplicates in the training set',
        'Other measures of replication',
        'Bias',
        'Quality and variety',
        'Method and provenance',
      ]);
      await page.locator('.pair-figures img').first().scrollIntoViewIfNeeded();
      const loaded = () =>
        page
          .locator('.pair-figures img, .pairs img')
          .evaluateAll(images =>
            images.every(image => image instanceof HTMLImageElement && image.complete && image.naturalWidth > 0),
          );
      await eventually(loaded).toBe(true);
      expect(await page.locator('.pair-figures img').count()).toBe(12);
      const fld = await page.locator('tr', { has: page.getByText('Feature likelihood') }).innerText();
      expect(fld).toContain('not computed');
      expect(fld).toContain('needs 200 held-out items or more');
      expect(await page.locator('main').innerText()).not.toMatch(/\bNaN\b|\bundefined\b|\bnull\b|\[object/);
      expect(await page.locator('.chart svg').count()).toBe(3);
    });
  });

  test('sorts by each column, both ways, and says so', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      const similarity = page.getByRole('columnheader', { name: 'Similarity' });
      expect(await similarity.getAttribute('aria-sort')).toBe('descending');
      const first = await column(page, 'column-similarity');
      await similarity.getByRole('button').click();
      await eventually(() => similarity.getAttribute('aria-sort')).toBe('ascending');
      await eventually(() => column(page, 'column-similarity')).not.toEqual(first);
      const ascending = (await column(page, 'column-similarity')).map(Number);
      expect(ascending).toEqual([...ascending].sort((a, b) => a - b));
      for (const [name, className] of [
        ['Generated', 'column-generated'],
        ['Nearest training', 'column-training'],
      ] as const) {
        const heading = page.getByRole('columnheader', { name });
        await heading.getByRole('button').click();
        await eventually(() => heading.getAttribute('aria-sort')).toBe('ascending');
        const names = await page
          .locator(`${ROWS} td.${className} .file-name`)
          .evaluateAll(all => all.map(name => name.textContent));
        expect(names).toEqual([...names].sort((a, b) => String(a).localeCompare(String(b), 'en', { numeric: true })));
      }
      for (const name of ['p', 'q', 'Call']) {
        const heading = page.getByRole('columnheader', { name, exact: true });
        await heading.getByRole('button').click();
        await eventually(() => heading.getAttribute('aria-sort')).not.toBe('none');
      }
    });
  });

  test('filters by name, by call and by similarity, and exports what is left', async () => {
    const report = auditReport();
    await pages.visit(reportPage({ report }), async ({ page }) => {
      const count = page.locator('.toolbar output').first();
      await page.getByLabel('Only copies').check();
      await eventually(() => count.innerText()).toBe('38 of 500 pairs');
      await page.getByLabel('Similarity at least').fill('0.95');
      const least = report.replication.pairs.filter(pair => pair.copy && pair.similarity >= 0.95).length;
      await eventually(() => count.innerText()).toBe(`${least} of 500 pairs`);
      await page.getByRole('button', { name: 'Clear' }).click();
      const wanted = report.replication.pairs[3]!;
      await page.getByLabel('File name').fill(wanted.generated.toUpperCase());
      await eventually(() => count.innerText()).toBe('1 of 500 pairs');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Export CSV' }).click(),
      ]);
      expect(download.suggestedFilename()).toMatch(/-pairs\.csv$/);
      const [header, row, ...rest] = readFileSync(await download.path(), 'utf8').split('\r\n');
      expect(header).toBe('generated,training,similarity,p_value,q_value,copy');
      expect(row).toBe(
        [wanted.generated, wanted.training, wanted.similarity, wanted.pValue, wanted.qValue, true].join(','),
      );
      expect(rest).toEqual(['']);
      await page.getByLabel('File name').fill('no such file');
      await eventually(() => page.getByText('No pair fits these filters.').count()).toBe(1);
    });
  });

  test('the table and the dialog work by keyboard alone, and focus goes back where it was', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      const focused = (): Promise<string> =>
        page.evaluate(
          () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '',
        );
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('Skip to the report');
      await page.getByRole('columnheader', { name: 'Call' }).getByRole('button').focus();
      await page.keyboard.press('Tab');
      expect(await focused()).toBe('Open pair 1');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await eventually(focused).toBe('Open pair 3');
      await page.keyboard.press('End');
      await eventually(focused).toBe('Open pair 500');
      await page.keyboard.press('PageUp');
      await eventually(focused).not.toBe('Open pair 500');
      await page.keyboard.press('Home');
      await eventually(focused).toBe('Open pair 1');
      await page.keyboard.press('ArrowDown');
      await eventually(focused).toBe('Open pair 2');

      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Pair 2 of 500' });
      await dialog.waitFor();
      expect(await dialog.locator('img').count()).toBe(2);
      expect(await page.evaluate(() => document.activeElement?.closest('dialog') !== null)).toBe(true);
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        const where = await page.evaluate(() => [
          document.activeElement?.tagName,
          document.activeElement?.closest('dialog') !== null,
        ]);
        expect([
          ['BODY', false],
          [where[0], true],
        ]).toContainEqual(where);
      }
      await page.keyboard.press('ArrowRight');
      await page.getByRole('dialog', { name: 'Pair 3 of 500' }).waitFor();
      await page.keyboard.press('ArrowLeft');
      await dialog.waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await eventually(() => page.getByRole('dialog').count()).toBe(0);
      expect(await focused()).toBe('Open pair 2');
    });
  });

  test('is a table to a screen reader although its rows are laid out as grids', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      const session = await page.context().newCDPSession(page);
      const { nodes } = await session.send('Accessibility.getFullAXTree');
      const table = nodes.find(({ role, name }) => role?.value === 'table' && name?.value === 'Pairs');
      const within = new Set(table === undefined ? [] : [table.nodeId]);
      const roles = new Map<string, number>();
      for (const { nodeId, parentId, role } of nodes) {
        if (parentId === undefined || !within.has(parentId)) continue;
        within.add(nodeId);
        roles.set(String(role?.value), (roles.get(String(role?.value)) ?? 0) + 1);
      }
      const rows = await page.locator(ROWS).count();
      expect(roles.get('row')).toBe(rows + 1);
      expect(roles.get('columnheader')).toBe(6);
      expect(roles.get('cell')).toBe(rows * 6);
    });
  });

  test('has no barriers with all details unfolded, light and dark, 1280 and 390 pixels wide', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      for (const width of [1280, 390])
        for (const colorScheme of ['light', 'dark'] as const) {
          const look = `${colorScheme}, ${width} pixels`;
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 900 });
          expect(await findBarriers(page), look).toEqual([]);
          await eventually(
            () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
            look,
          ).toBeLessThanOrEqual(0);
        }
    });
  });

  test('the chosen colours hold against those of the system, and are remembered', async () => {
    await pages.visit(
      reportPage(),
      async ({ page, requests }) => {
        const paper = (): Promise<string> =>
          page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const dark = await paper();
        await page.getByRole('button', { name: /^Colours: Auto/ }).click();
        await eventually(paper).not.toBe(dark);
        const light = await paper();
        await page.reload();
        await page.getByRole('heading', { level: 1 }).waitFor();
        requests.pop();
        expect(await paper()).toBe(light);
        await page.getByRole('button', { name: /^Colours: Light/ }).click();
        await eventually(paper).toBe(dark);
        await page.getByRole('button', { name: /^Colours: Dark/ }).click();
      },
      { colorScheme: 'dark' },
    );
  });

  test('faces can be blurred; in a report made blurred they cannot be shown', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      const filter = (): Promise<string> =>
        page
          .locator('.pair-figures img')
          .first()
          .evaluate(image => getComputedStyle(image).filter);
      expect(await filter()).toBe('none');
      await page.getByRole('button', { name: 'Blur faces' }).click();
      await eventually(filter).toMatch(/blur\((?:1\d|2\d)/);
      await page.getByRole('button', { name: 'Blur faces' }).click();
    });
    await pages.visit(reportPage({ blurred: true }), async ({ page }) => {
      expect(await page.getByText('Faces are blurred').count()).toBe(1);
      expect(await page.getByRole('button', { name: 'Blur faces' }).count()).toBe(0);
    });
  });

  test('names and labels of strangers are inert', async () => {
    await pages.visit(hostilePage(), async ({ page }) => {
      await page.evaluate(() => {
        for (const details of document.querySelectorAll('details')) details.open = true;
      });
      expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
      expect(await page.locator('img[src="x"]').count()).toBe(0);
      expect(await page.locator('body script:not([type="application/json"])').count()).toBe(0);
      const text = await page.locator('main').innerText();
      expect(text).toContain(HOSTILE.markup);
      expect(text).toContain(HOSTILE.script);
      expect(text).toContain('invoice\\u202egnp.exe.png');
      expect(text).toContain('\\u001b[31mred');
      for (const hidden of ['\u001b', '\u0007', '\u202e', '\u2028']) expect(text).not.toContain(hidden);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(
        0,
      );
      expect(await findBarriers(page)).toEqual([]);

      await page.getByLabel('File name').fill('=HYPERLINK');
      await eventually(() => page.locator('.toolbar output').first().innerText()).toBe('2 of 10 pairs');
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Export CSV' }).click(),
      ]);
      const csv = readFileSync(await download.path(), 'utf8');
      expect(csv).toContain(`"'=HYPERLINK(""http://evil.example"",""x"").png"`);
      expect(csv).not.toMatch(/(?:^|[,"])=/m);
    });
  });

  test('embedding files: no picture is asked for, and the place says why', async () => {
    const base = auditReport();
    const report = auditReport({
      sets: {
        training: { ...base.sets.training, kind: 'embeddings' },
        generated: { ...base.sets.generated, kind: 'embeddings' },
        heldout: null,
      },
    });
    await pages.visit(reportPage({ report, images: {} }), async ({ page }) => {
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('.pair-figures').count()).toBe(0);
      expect(await page.getByRole('img', { name: 'Generated: embeddings only, no image' }).count()).toBeGreaterThan(0);
    });
  });

  test('paper gets the first pairs as a plain table', async () => {
    await pages.visit(reportPage(), async ({ page }) => {
      await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
      expect(
        await page
          .locator('table', { has: page.getByText('The first 40 of 500 pairs') })
          .locator('tbody tr')
          .count(),
      ).toBe(40);
      await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
      await eventually(() => page.locator(ROWS).count()).toBeGreaterThan(0);
    });
  });

  test(`${number(MANY)} pairs: few rows are in the page at a time, however far it is scrolled`, async () => {
    await pages.visit(largePage(MANY), async ({ page }) => {
      const elements = (): Promise<number> => page.evaluate(() => document.querySelectorAll('*').length);
      const before = await elements();
      expect(before).toBeLessThan(3000);
      const table = page.getByRole('table', { name: 'Pairs' });
      expect(await table.getAttribute('aria-rowcount')).toBe(String(MANY + 1));
      const frame = page.locator('.pairs-frame');
      for (const share of [0.25, 0.5, 1]) {
        await frame.evaluate((element, part) => element.scrollTo({ top: element.scrollHeight * part }), share);
        const near = Math.round(MANY * share);
        const shownNear = async (): Promise<boolean> => {
          const indices = await page
            .locator('.row-button')
            .evaluateAll(all => all.map(button => Number(button.getAttribute('data-index'))));
          return indices.some(index => Math.abs(index - near) < 20);
        };
        await eventually(shownNear).toBe(true);
        expect(await page.locator(ROWS).count()).toBeLessThan(40);
        expect(await elements()).toBeLessThan(before + 200);
      }
      await page.getByLabel('Only copies').check();
      await eventually(() => page.locator('.toolbar output').first().innerText()).toBe(
        `${number(0.02 * MANY)} of ${number(MANY)} pairs`,
      );
      await page.getByRole('columnheader', { name: 'Nearest training' }).getByRole('button').click();
      await eventually(() => page.locator(ROWS).count()).toBeGreaterThan(0);
    });
  });
});
