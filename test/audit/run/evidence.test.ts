import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditReport, auditReportSchema, type Finding } from '../../../src/ground/contracts/index.ts';
import { type AuditConfigurationInput, auditJob, auditRun } from '../../../src/jobs/audit/index.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { finish } from '../simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-evidence-'));
const training = join(root, 'training');
const generated = join(root, 'generated');
const portraits = resolve(import.meta.dirname, '../../../../shared/data/congress/images');
const names = existsSync(portraits) ? readdirSync(portraits).sort() : [];

beforeAll(async () => {
  await finish(renderFaces(training, { n: 60, seed: 1, size: 48 }));
  await finish(renderFaces(generated, { n: 40, seed: 2, size: 48 }));
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
function newFolder(from?: string): string {
  const path = join(root, `folder-${count++}`);
  mkdirSync(path);
  if (from !== undefined) cpSync(from, path, { recursive: true });
  return path;
}

async function audit(input: Partial<AuditConfigurationInput>): Promise<AuditReport> {
  const settings = { embedder: 'appearance', classifier: 'none', device: 'cpu', permutations: 19 } as const;
  // One folder of runs: what was read of an image is read once for all of them.
  const options = { runsDir: join(root, 'runs') };
  const { result } = await finish(auditRun({ training, generated, ...settings, ...input }, options));
  // What is written must be readable.
  return auditReportSchema.parse(JSON.parse(JSON.stringify(result)));
}

function about(report: AuditReport, subject: string): Finding | undefined {
  return report.verdict.find(finding => finding.subject === subject);
}

const goods = (report: AuditReport) => report.verdict.filter(({ level }) => level === 'good').map(f => f.subject);

describe('images that could not be used', () => {
  test('a few are told, and change no verdict', async () => {
    const folder = newFolder(generated);
    writeFileSync(join(folder, 'x.png'), 'no image');
    const report = await audit({ generated: folder });
    expect(about(report, 'images read')).toMatchObject({
      level: 'good',
      headline: '1 of 41 generated images could not be used.',
      certainty: expect.stringContaining('1 × not an image'),
    });
    expect(goods(report).length).toBeGreaterThan(1);
  });

  test.each(['generated', 'training'] as const)('when too many of the %s ones are, nothing good is said', async set => {
    const whole = await audit({});
    const folder = newFolder(set === 'generated' ? generated : training);
    for (let i = 0; i < 30; i++) writeFileSync(join(folder, `x${i}.png`), 'no image');
    const report = await audit({ [set]: folder });
    expect(goods(whole)).not.toEqual([]);
    expect(goods(report)).toEqual([]);
    expect(about(report, 'images read')).toMatchObject({ level: 'warning' });
    expect(about(report, 'copies')?.level).toBe(about(whole, 'copies')?.level === 'good' ? 'unknown' : 'unknown');
    expect(about(report, 'quality')).toMatchObject({
      headline: expect.stringMatching(/^(In what could be examined: |How realistic|The generated)/),
    });
  });

  test('images of one colour are named and not compared', async () => {
    const folder = newFolder(generated);
    const flat = { create: { width: 48, height: 48, channels: 3, background: '#000000' } } as const;
    await sharp(flat).jpeg().toFile(join(folder, 'black.jpg'));
    await sharp({ create: { ...flat.create, background: '#7f8081' } })
      .png()
      .toFile(join(folder, 'grey.png'));
    const report = await audit({ generated: folder });
    expect(report.skipped).toEqual(
      ['black.jpg', 'grey.png'].map(file => ({ set: 'generated', file, reason: 'an image of one colour' })),
    );
    expect(about(report, 'images read')?.certainty).toContain('2 × an image of one colour (black.jpg, …)');
  });
});

describe('images that are the same', () => {
  test('one image thirty times is one observation, and the verdict says so', async () => {
    const folder = newFolder();
    for (let i = 0; i < 30; i++) cpSync(join(generated, '000001.png'), join(folder, `${i}.png`));
    const report = await audit({ generated: folder });
    expect(report.repeats?.generated).toMatchObject({ n: 30, distinct: 1, groups: [{ n: 30 }] });
    expect(about(report, 'repeats')).toMatchObject({
      level: 'bad',
      headline: 'The 30 generated images are only 1 different image: one of them is there 30 times.',
      certainty: expect.stringContaining('effective n is 1 and not 30'),
    });
    expect(goods(report)).toEqual([]);
    for (const metric of [
      report.replication.copied,
      report.quality.precision,
      report.replication.aboveThreshold.generated,
    ])
      expect(metric.n).toBeLessThanOrEqual(1);
  });

  test('repeats widen intervals to those of the different images', async () => {
    const folder = newFolder(generated);
    const before = await audit({ generated: folder });
    for (let i = 0; i < 60; i++) cpSync(join(folder, '000001.png'), join(folder, `x${i}.png`));
    rmSync(join(folder, 'labels.csv'));
    const after = await audit({ generated: folder });
    expect(after.sets.generated).toMatchObject({ n: 100, embedded: 100 });
    expect(after.replication.copied).toEqual(before.replication.copied);
    expect(after.quality).toEqual(before.quality);
    expect(after.replication.pairs).toHaveLength(40);
    expect(after.repeats?.generated).toMatchObject({ n: 100, distinct: 40, groups: [{ n: 61 }] });
    expect(before.repeats).toBeUndefined();
  });

  test('labels count once with their image', async () => {
    const folder = newFolder(generated);
    const lines = Array.from({ length: 40 }, (_, i) => `${String(i + 1).padStart(6, '0')}.png,${i % 2 ? 'a' : 'b'}`);
    for (let i = 0; i < 20; i++) {
      cpSync(join(folder, '000001.png'), join(folder, `x${i}.png`));
      lines.push(`x${i}.png,b`);
    }
    writeFileSync(join(folder, 'labels.csv'), ['file,group', ...lines].join('\n'));
    const own = newFolder(training);
    const trainingLines = Array.from(
      { length: 60 },
      (_, i) => `${String(i + 1).padStart(6, '0')}.png,${i % 2 ? 'a' : 'b'}`,
    );
    writeFileSync(join(own, 'labels.csv'), ['file,group', ...trainingLines].join('\n'));
    const report = await audit({ training: own, generated: folder });
    expect(report.bias.attributes.group?.generated.b).toMatchObject({ value: 0.5, n: 40 });
  });
});

describe.skipIf(names.length < 60)('several faces in an image (needs ../shared/data/congress)', () => {
  // A training face small beside a larger stranger in half of the images.
  async function crowd(): Promise<{ readonly training: string; readonly generated: string }> {
    const [own, others] = [newFolder(), newFolder()];
    for (const name of names.slice(0, 24)) cpSync(join(portraits, name), join(own, name));
    const face = (name: string, width: number, height: number) =>
      sharp(join(portraits, name)).resize(width, height, { fit: 'fill' }).toBuffer();
    for (let i = 0; i < 12; i++) {
      const stranger = names[30 + i]!;
      if (i >= 6) cpSync(join(portraits, stranger), join(others, stranger));
      else
        await sharp({ create: { width: 460, height: 275, channels: 3, background: '#c8c8c8' } })
          .composite([
            { input: await face(stranger, 225, 275), left: 0, top: 0 },
            { input: await face(names[i]!, 190, 232), left: 250, top: 40 },
          ])
          .png()
          .toFile(join(others, `${i}.png`));
    }
    return { training: own, generated: others };
  }

  test('by default only the largest is compared: counted, told, and no verdict is better than that', async () => {
    const report = await audit({ ...(await crowd()), embedder: 'built-in' });
    expect(report.sets.generated).toMatchObject({ n: 12, embedded: 12, severalFaces: 6, faces: 'largest' });
    expect(report.sets.training).toMatchObject({ severalFaces: 0 });
    expect(about(report, 'several faces')).toMatchObject({
      level: 'warning',
      headline: '6 of 12 generated images hold more than one face; only the largest was compared.',
      certainty: expect.stringContaining('--faces all'),
    });
    expect(about(report, 'copies')?.level).not.toBe('good');
  }, 60_000);

  test('--faces all compares each, and finds those that were copied', async () => {
    const report = await audit({ ...(await crowd()), embedder: 'built-in', faces: 'all' });
    expect(report.sets.generated).toMatchObject({
      n: 12,
      embedded: 12,
      embeddedFaces: 18,
      severalFaces: 6,
      faces: 'all',
    });
    expect(report.replication.pairs).toHaveLength(18);
    const nearest = report.replication.pairs.slice(0, 6);
    expect(nearest.map(({ generated: file }) => file).sort()).toEqual([0, 1, 2, 3, 4, 5].map(i => `${i}.png#face2`));
    for (const { generated: file, training: name } of nearest) expect(name).toBe(names[Number.parseInt(file, 10)]);
    expect(about(report, 'several faces')).toMatchObject({ level: 'good' });
  }, 60_000);
});

test('a label without an image is a caution, not the end; columns and classes are one whatever their case', async () => {
  const [own, others] = [newFolder(training), newFolder(generated)];
  const lines = (n: number, words: readonly string[]) =>
    Array.from({ length: n }, (_, i) => `${String(i + 1).padStart(6, '0')}.png,${words[i % words.length]}`);
  writeFileSync(
    join(own, 'labels.csv'),
    ['File,Gender', ...lines(60, ['male', 'female', 'nan']), 'ghost.png,male'].join('\n'),
  );
  writeFileSync(
    join(others, 'labels.csv'),
    ['image,gender', ...lines(40, ['MALE', 'Female', 'female', 'female', '-'])].join('\n'),
  );
  const report = await audit({ training: own, generated: others, target: { gender: { male: 0.5, female: 0.5 } } });
  expect(about(report, 'labels')).toMatchObject({
    level: 'warning',
    headline: '1 label of the training set names an image that is not there.',
    certainty: 'Training: "ghost.png"; 0 images there without a label. The other labels are used.',
  });
  const [bias] = Object.values(report.bias.attributes);
  expect(Object.keys(report.bias.attributes)).toEqual(['Gender']);
  expect(bias?.classes).toEqual(['female', 'male']);
  expect(bias?.training.male).toMatchObject({ value: 0.5, n: 40 });
  expect(bias?.generated.female).toMatchObject({ n: 32, value: 0.75 });
});

test('a set may be an archive, read in place', async () => {
  const path = join(root, 'set.tar');
  execFileSync('tar', ['-C', generated, '-cf', path, '.']);
  const fromFolder = await audit({});
  const fromTar = await audit({ generated: path });
  expect(fromTar.sets.generated).toMatchObject({ source: path, kind: 'images', n: 40, embedded: 40 });
  expect(fromTar.replication).toEqual(fromFolder.replication);
  expect(fromTar.bias).toEqual(fromFolder.bias);
  const [pair] = fromTar.replication.pairs;
  const shown = await auditJob.images?.open(
    { path: root, report: fromTar },
    { set: 'generated', file: pair?.generated ?? '' },
  );
  expect(shown).toEqual(new Uint8Array(readFileSync(join(generated, pair?.generated ?? ''))));
  await expect(audit({ generated: join(root, 'set.tar.gz') })).rejects.toThrow('no such file');
  writeFileSync(join(root, 'set.parquet'), 'PAR1');
  await expect(audit({ generated: join(root, 'set.parquet') })).rejects.toThrow('set.parquet: not a Parquet file');
}, 120_000);
