import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freezeRun, pageBeforeDone } from '../../src/app/pages/index.ts';
import { createStudio } from '../../src/app/studio/index.ts';
import { frozenPageSchema, type ReportPage, reportPageSchema, thawPage } from '../../src/ground/contracts/index.ts';
import { auditJob } from '../../src/jobs/audit/index.ts';
import { decodeImage, type Image } from '../../src/kit/images/index.ts';
import { createRun, readRunRecord } from '../../src/kit/runs/index.ts';
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
      roots: [made.folder],
      onProgress: (done, total) => progress.push([done, total]),
    });
    expect(path).toBe(join(made.run.path, 'report.html'));
    const page = pageOf(path);
    expect(page.run.id).toBe(made.run.id);
    expect(page.report).toEqual(made.report);
    expect(page.itemsDone).toBe(2);
    expect(page.imagesWithheld).toEqual({});
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
    const sharp = pageOf(await freezeRun(made.run.path, { ...built, roots: [made.folder] }));
    const blurred = pageOf(await freezeRun(made.run.path, { ...built, roots: [made.folder], blur: true }));
    expect(sharp.blurred).toBe(false);
    expect(blurred.blurred).toBe(true);
    expect(sharpness(await decode(sharp.images['training/a.png']))).toBeGreaterThan(30);
    expect(sharpness(await decode(blurred.images['training/a.png']))).toBeLessThan(10);
  });

  const outside = 'not shown: its folder lies outside those that may be read (--root)';
  const other = 'not shown: the run’s configuration names another folder';
  const shownOf = async (configuration: Record<string, unknown>, sources: [string, string], roots: string[]) => {
    const [training, generated] = sources;
    const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration });
    const { sets } = made.report;
    await run.complete({
      ...made.report,
      sets: {
        ...sets,
        training: { ...sets.training, source: training },
        generated: { ...sets.generated, source: generated },
      },
    });
    const { images, imagesWithheld } = pageOf(await freezeRun(run.path, { ...built, roots }));
    return { images: [...new Set(Object.keys(images).map(name => name.split('/')[0]))], imagesWithheld };
  };

  test('a stranger’s report cannot have images of the disk shown: the page says that they are not, and why', async () => {
    const { folder } = made;
    const own: [string, string] = [join(folder, 'training'), join(folder, 'generated')];
    const configuration = { training: own[0], generated: own[1] };
    expect(await shownOf(configuration, own, [folder])).toEqual({
      images: ['generated', 'training'],
      imagesWithheld: {},
    });
    expect(await shownOf(configuration, own, [join(folder, 'training')])).toEqual({
      images: ['training'],
      imagesWithheld: { generated: outside },
    });
    expect(await shownOf(configuration, own, [])).toEqual({
      images: [],
      imagesWithheld: { training: outside, generated: outside },
    });
    // The report names a folder that the configuration does not, even though it may be read.
    expect(await shownOf({ training: own[0] }, own, [folder])).toEqual({
      images: ['training'],
      imagesWithheld: { generated: other },
    });
    // Both name the whole disk.
    expect(await shownOf({ training: '/', generated: '/' }, ['/', '/'], [folder])).toEqual({
      images: [],
      imagesWithheld: { training: outside, generated: outside },
    });
    // A link within a folder that may be read leads to one that may not.
    const link = join(folder, 'training', 'linked-set');
    symlinkSync(join(folder, 'generated'), link);
    expect(await shownOf({ training: own[0], generated: link }, [own[0], link], [join(folder, 'training')])).toEqual({
      images: ['training'],
      imagesWithheld: { generated: outside },
    });
  });

  test('the studio serves images of the folders it was given alone, and says so of the others', async () => {
    const headers = { host: '127.0.0.1' };
    const ask = async (roots: readonly string[], path: string) => {
      const app = await createStudio({ runsDir: made.runsDir, token: 'token', roots, ...built });
      const cookie = (await app.request('/?token=token', { headers })).headers.get('set-cookie')?.split(';')[0] ?? '';
      return await app.request(`/api/runs/${made.run.id}${path}`, { headers: { ...headers, cookie } });
    };
    const image = '/image?set=training&file=a.png';
    expect((await ask([made.folder], image)).status).toBe(200);
    for (const roots of [[], [made.runsDir], [join(made.folder, 'elsewhere')], [`${made.folder}-other`]]) {
      expect((await ask(roots, image)).status).toBe(404);
      const page = reportPageSchema.parse(await (await ask(roots, '')).json());
      expect(page.imagesWithheld).toEqual({ training: outside, generated: outside });
    }
    expect(reportPageSchema.parse(await (await ask([made.folder], '')).json()).imagesWithheld).toEqual({});
  });

  test('a page that is written before the run is done shows what the work has read, and the run as it will be', async () => {
    const { training, generated } = made.report.sets;
    const configuration = { training: training.source, generated: generated.source };
    const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration });
    let page: ReportPage | undefined;
    await run.complete(made.report, async record => {
      await pageBeforeDone(auditJob, built)({ path: run.path, record, report: made.report });
      expect((await readRunRecord(run.path)).status).toBe('running');
      page = pageOf(join(run.path, 'report.html'));
    });
    expect(page?.run).toEqual(await readRunRecord(run.path));
    expect(page?.run.status).toBe('done');
    expect(Object.keys(page?.images ?? {})).toHaveLength(7);
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
