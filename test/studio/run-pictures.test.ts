import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collectImages, findImage, imagesNamed } from '../../src/app/pages/images.ts';
import type { MitigationReport } from '../../src/ground/contracts/index.ts';
import { decodeImage } from '../../src/kit/images/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { diffusionReport, mitigationReport, studyReport } from '../web/generator-fixtures.ts';
import { stripedPng } from './make-runs.ts';

describe('pictures in a run’s own folder', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let report: MitigationReport;
  const put = async (path: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, await stripedPng([80, 90, 100]));
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    const base = mitigationReport();
    const training = join(folder.path, 'training');
    report = { ...base, sets: { ...base.sets, training: { ...base.sets.training, source: training } } };
    const { before, after, pictures } = report;
    const run = join(folder.path, 'run');
    await put(join(folder.path, 'secret.png'));
    await put(join(run, pictures.sheets.before));
    for (const side of [before, after]) await put(join(run, side.samples.folder, pictures.sameNoise[0]!));
    await put(join(training, pictures.nearest.before[0]!.training));
    await symlink(join(folder.path, 'secret.png'), join(run, pictures.sheets.after));
  });
  afterAll(() => rm(folder.path, { recursive: true, force: true }));

  const run = () => ({
    path: join(folder.path, 'run'),
    report,
    configuration: { training: join(folder.path, 'training') },
    roots: [folder.path],
  });

  test('sheets, samples and nearest training images of a mitigation are named', () => {
    const named = imagesNamed(report);
    const { before, pictures, rounds } = report;
    expect(named.get('run')?.has(pictures.sheets.before)).toBe(true);
    expect(rounds.every(({ sheet }) => named.get('run')?.has(sheet))).toBe(true);
    expect(named.get('run')?.has(`${before.samples.folder}/${pictures.sameNoise.at(-1)}`)).toBe(true);
    expect(named.get('training')?.has(pictures.nearest.after[0]!.training)).toBe(true);
    expect(named.get('run')?.has('run.json')).toBe(false);
  });

  test('sheets of training runs and studies are named', () => {
    expect([...(imagesNamed(diffusionReport()).get('run') ?? [])]).toContain('artifacts/sheets/1980.png');
    expect([...(imagesNamed(studyReport()).get('run') ?? [])]).toContain('artifacts/sheets/gan-300.png');
  });

  test('they are found in the run’s folder, and nothing that a link leads out to', async () => {
    const { sheets } = report.pictures;
    expect(await findImage(run(), { set: 'run', file: sheets.before })).toMatch(/before\.png$/);
    expect(await findImage(run(), { set: 'run', file: sheets.after })).toBeNull();
    expect(await findImage(run(), { set: 'run', file: '../secret.png' })).toBeNull();
    expect(await findImage(run(), { set: 'heldout', file: 'a.png' })).toBeNull();
  });

  test('a frozen page keeps those that can be read, blurred where that is asked for', async () => {
    const { before, after, pictures } = report;
    const images = await collectImages(run());
    const first = pictures.sameNoise[0];
    expect(Object.keys(images).sort()).toEqual(
      [
        `run/${pictures.sheets.before}`,
        `run/${before.samples.folder}/${first}`,
        `run/${after.samples.folder}/${first}`,
        `training/${pictures.nearest.before[0]!.training}`,
      ].sort(),
    );
    const blurred = await collectImages(run(), { blur: true });
    const spread = async (url = ''): Promise<number> => {
      const { data } = await decodeImage(Buffer.from(url.split(',')[1] ?? '', 'base64'));
      const row = data.subarray(0, 64 * 3).filter((_, i) => i % 3 === 0);
      return Math.max(...row) - Math.min(...row);
    };
    const sheet = `run/${pictures.sheets.before}`;
    expect(await spread(images[sheet])).toBeGreaterThan(40);
    expect(await spread(blurred[sheet])).toBeLessThan(40);
  });
});
