import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import { renderReportHtml } from '../../src/app/pages/report-html.ts';
import type { ReportPage } from '../../src/ground/contracts/index.ts';
import { launchBrowser, type WatchedPage, withWatchedPage } from '../browser.ts';
import { buildPage } from './built-page.ts';

export interface PageLook {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

export interface FrozenPages {
  /** Opens a frozen page from the disk; afterwards it must not have complained or asked for anything. */
  readonly visit: (page: ReportPage, use: (opened: WatchedPage) => Promise<void>, look?: PageLook) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Builds the pages where that is needed, and starts a browser for them. */
export async function openFrozenPages(): Promise<FrozenPages> {
  const built = buildPage();
  const browser = await launchBrowser();
  const folder = mkdtempSync(join(tmpdir(), 'biolens-pages-'));
  return {
    visit: async (page, use, { colorScheme = 'light', width = 1280 } = {}) => {
      const file = join(folder, 'report.html');
      writeFileSync(file, await renderReportHtml(page, built));
      await withWatchedPage(browser, async opened => {
        await opened.page.emulateMedia({ colorScheme });
        await opened.page.setViewportSize({ width, height: 900 });
        const address = pathToFileURL(file).href;
        await opened.page.goto(address);
        await opened.page.getByRole('heading', { level: 1 }).waitFor();
        await use(opened);
        expect(opened.problems).toEqual([]);
        expect(opened.requests).toEqual([address]);
      });
    },
    close: async () => {
      await browser.close();
      built.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
