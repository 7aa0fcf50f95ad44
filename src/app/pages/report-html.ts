import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freezePage, type ReportPage } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';

/** The built pages: `dist/web/` beside `src/` in a clone, and beside `studio/` in the package. */
const TEMPLATE_PATHS = ['../../web/index.html', '../../../dist/web/index.html'].map(path =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** Where a frozen page carries its data. */
const PLACE = '<!--biolens-report-->';

export interface TemplateOptions {
  /** The built page; the one that comes with biolens by default. */
  readonly templatePath?: string | undefined;
}

/**
 * Reads the built page that reports and the studio are made of.
 *
 * @throws BiolensError `external` when it has not been built.
 */
export async function readTemplate(options: TemplateOptions = {}): Promise<string> {
  const paths = options.templatePath === undefined ? TEMPLATE_PATHS : [options.templatePath];
  for (const path of paths) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text?.includes(PLACE)) return text;
  }
  throw new BiolensError('external', 'the pages have not been built: run "npm run build:web"', {
    details: { looked: paths },
  });
}

/**
 * JSON that can stand inside a script element whatever strings it holds: nothing in it can end the element or begin a
 * comment, and it is a JavaScript literal too.
 */
export function toScriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Freezes a page into one HTML file that needs no network and opens from a disk or a mail. Its data stand in a script
 * element of type `application/json` with the id `biolens-report`, as `frozenPageSchema` says; its policy lets it run its own
 * script alone, and load nothing.
 *
 * @throws BiolensError `external` when the pages have not been built.
 */
export async function renderReportHtml(page: ReportPage, options: TemplateOptions = {}): Promise<string> {
  const template = await readTemplate(options);
  const data = `<script type="application/json" id="biolens-report">${toScriptJson(freezePage(page))}</script>`;
  return template
    .replace("img-src data: blob: 'self'; connect-src 'self'", "img-src data:; connect-src 'none'")
    .replace(PLACE, () => data);
}
