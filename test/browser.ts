import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What Playwright's own download left, newest first. */
function downloaded(): string[] {
  const folder = process.env.PLAYWRIGHT_BROWSERS_PATH ?? join(homedir(), '.cache', 'ms-playwright');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter(name => name.startsWith('chromium'))
    .sort()
    .reverse()
    .flatMap(name => readdirSync(join(folder, name)).map(inner => join(folder, name, inner)))
    .flatMap(inner => ['headless_shell', 'chrome-headless-shell', 'chrome'].map(name => join(inner, name)));
}

/** A Chromium of this machine: `BIOLENS_CHROMIUM`, one on the path, or Playwright's download. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    ...(process.env.BIOLENS_CHROMIUM ? [process.env.BIOLENS_CHROMIUM] : []),
    ...folders.flatMap(folder => NAMES.map(name => join(folder, name))),
    ...ELSEWHERE,
    ...downloaded(),
  ];
  return candidates.find(isExecutable);
}

/**
 * Why browser tests are to be skipped, for the name of their suite; null where a browser is there. With CI=true a missing browser
 * is a failure.
 */
export function whyNoBrowser(): string | null {
  if (findChromium() !== undefined) return null;
  const reason = 'no Chromium found; set BIOLENS_CHROMIUM or install one';
  if (process.env.CI === 'true') throw new Error(reason);
  return reason;
}

const VIEWPORT = { width: 1280, height: 900 };

export interface TestBrowser {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

/** Starts a headless Chromium with a profile of its own that is gone afterwards. */
export async function launchBrowser(): Promise<TestBrowser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(whyNoBrowser() ?? 'no Chromium found');
  const profile = mkdtempSync(join(tmpdir(), 'biolens-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: VIEWPORT,
    acceptDownloads: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

export interface WatchedPage {
  readonly page: Page;
  /** Everything on the console that is an error or a warning, and every uncaught exception. */
  readonly problems: string[];
  /** Addresses of all requests, without those whose data are in the address itself. */
  readonly requests: string[];
}

/** A new page of which every request and every complaint is written down. */
export async function openWatchedPage({ context }: TestBrowser): Promise<WatchedPage> {
  return watch(await context.newPage());
}

const idle = new WeakMap<BrowserContext, Page[]>();

/** A watched page for as long as `use` takes. A new tab costs as much as a test: the next one gets the same, empty again. */
export async function withWatchedPage(
  { context }: TestBrowser,
  use: (opened: WatchedPage) => Promise<void>,
): Promise<void> {
  const pages = idle.get(context) ?? [];
  idle.set(context, pages);
  const page = pages.pop() ?? (await context.newPage());
  try {
    await use(watch(page));
    for (const event of ['console', 'pageerror', 'request'] as const) page.removeAllListeners(event);
    await page.goto('about:blank');
    await page.emulateMedia({ colorScheme: null });
    await page.setViewportSize(VIEWPORT);
    pages.push(page);
  } catch (error) {
    await page.close();
    throw error;
  }
}

function watch(page: Page): WatchedPage {
  const problems: string[] = [];
  const requests: string[] = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type()))
      problems.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', error => problems.push(`uncaught: ${error.message}`));
  page.on('request', request => {
    if (!/^(?:data|blob):/.test(request.url())) requests.push(request.url());
  });
  return { page, problems, requests };
}
