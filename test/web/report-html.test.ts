import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readTemplate, renderReportHtml, toScriptJson } from '../../src/app/pages/report-html.ts';
import { frozenPageSchema, thawPage } from '../../src/ground/contracts/index.ts';
import { type BuiltPage, buildPage } from './built-page.ts';
import { hostilePage, reportPage } from './fixtures.ts';

describe('report.html', () => {
  let built: BuiltPage;
  const folder = mkdtempSync(join(tmpdir(), 'biolens-template-'));
  beforeAll(() => {
    built = buildPage();
  });
  afterAll(() => {
    built.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const dataOf = (html: string): string =>
    /<script type="application\/json" id="biolens-report">([^<]*)<\/script>/.exec(html)?.[1] ?? '';

  test('any value can stand in a script element, and comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const text = toScriptJson(value);
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(toScriptJson('</script><!--\u2028')).toBe('"\\u003c/script\\u003e\\u003c!--\\u2028"');
  });

  test('carries the page, whatever its strings', async () => {
    const page = hostilePage();
    const html = await renderReportHtml(page, built);
    expect(thawPage(frozenPageSchema.parse(JSON.parse(dataOf(html))))).toEqual(page);
    // The bundle itself speaks of scripts; the data must add one element, and no more.
    const scripts = (text: string): number => text.split('<script').length;
    expect(scripts(html)).toBe(scripts(await readTemplate(built)) + 1);
  });

  test('its policy lets in one script and one style by their hashes, and nothing from anywhere', async () => {
    const html = await renderReportHtml(reportPage(), built);
    const [, policy = ''] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html) ?? [];
    expect(policy).toMatch(/default-src 'none'; script-src 'sha256-[\w+/]{43}='; style-src 'sha256-[\w+/]{43}='/);
    expect(policy).toContain("img-src data:; connect-src 'none'");
    expect(policy).not.toContain('unsafe');
    const markup = html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');
    expect(markup).toContain('<link rel="icon"');
    expect(markup.match(/(?:src|href)="(?!data:|#)[^"]*"/g)).toBeNull();
  });

  test('says how to build the pages when they are not there', async () => {
    const elsewhere = join(folder, 'index.html');
    await expect(renderReportHtml(reportPage(), { templatePath: elsewhere })).rejects.toThrow('npm run build:web');
    writeFileSync(elsewhere, '<!doctype html><p>another page</p>');
    await expect(renderReportHtml(reportPage(), { templatePath: elsewhere })).rejects.toThrow('npm run build:web');
  });
});
