import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freezeRun } from '../../src/app/pages/index.ts';
import { frozenPageSchema, type ReportPage, thawPage } from '../../src/ground/contracts/index.ts';
import { decodeImage, type Image } from '../../src/kit/images/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { type MadeRuns, makeRuns } from './make-runs.ts';

function pageOf(path: string): ReportPage {
  const html = readFileSync(path, 'utf8');
  const [, data = ''] = /<script type="application\/json" id="biolens-report">([^<]*)<\/script>/.exec(html) ?? [];
  return thawPage(frozenPageSchema.parse(JSON.parse(data)));
}

const decode = (url: string | undefined): Promise<Image> =>
  decodeImage(Buffer.from((url ?? '').replace('data:image/webp;base64,', ''), 'base64'));

/** Largest difference between neighbours in a row: the stripes of the pictures, which blurring takes away. */
function sharpness({ width, data }: Image): number {
  let most = 0;
  for (let x = 9; x < width - 8; x++) most = Math.max(most, Math.abs(data[x * 3]! - data[x * 3 - 3]!));
  return most;
}

describe('report.html of a run', () => {
  let built: BuiltPage;
  let made: MadeRuns;
  beforeAll(async () => {
    built = buildPage();
    made = await makeRuns();
  });
  afterAll(() => {
    made.remove();
    built.remove();
  });

  test('holds the run, its report and the pictures that may be shown, and no other', async () => {
    const progress: [number, number][] = [];
    const path = await freezeRun(made.run.path, {
      ...built,
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(path).toBe(join(made.run.path, 'report.html'));
    const page = pageOf(path);
    expect(page.run.id).toBe(made.run.id);
    expect(page.report).toEqual(made.report);
    expect(page.itemsDone).toBe(2);
    expect(Object.keys(page.images).sort()).toEqual([
      'generated/a.png',
      'generated/b.png',
      'generated/c.png',
      'training/a.png',
      'training/b.png',
      'training/c.png',
      'training/link-within.png',
    ]);
    const total = progress.at(-1)?.[1];
    expect(progress.at(-1)?.[0]).toBe(total);
    expect(progress.map(([done]) => done)).toEqual([...progress.map(([done]) => done)].sort((a, b) => a - b));
  });

  test('blurred: what the stripes were cannot be seen any more', async () => {
    const sharp = pageOf(await freezeRun(made.run.path, built));
    const blurred = pageOf(await freezeRun(made.run.path, { ...built, blur: true }));
    expect(sharp.blurred).toBe(false);
    expect(blurred.blurred).toBe(true);
    expect(sharpness(await decode(sharp.images['training/a.png']))).toBeGreaterThan(30);
    expect(sharpness(await decode(blurred.images['training/a.png']))).toBeLessThan(10);
  });

  test('a run without a report has no page, and an interrupted freeze leaves none', async () => {
    const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration: {} });
    await run.interrupt();
    await expect(freezeRun(run.path, built)).rejects.toThrow(/interrupted and has no report/);
    expect(existsSync(join(run.path, 'report.html'))).toBe(false);
    const again = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration: {} });
    await again.complete(made.report);
    await expect(freezeRun(again.path, { ...built, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(existsSync(join(again.path, 'report.html'))).toBe(false);
  });
});
