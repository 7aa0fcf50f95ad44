import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { identificationReportSchema, verificationReportSchema } from '../../src/ground/contracts/index.ts';
import { biolens } from '../cli/biolens.ts';
import { drawPeople, writePeople } from './people.ts';

let faces: Awaited<ReturnType<typeof writePeople>>;
let others: Awaited<ReturnType<typeof writePeople>>;
let runs: string;

beforeAll(async () => {
  const people = drawPeople({ people: 24, each: 4, noise: 1.3 });
  faces = await writePeople(people, {
    gender: people.identities.map(name => (Number(name.slice(1)) % 3 === 0 ? 'f' : 'm')),
    visit: people.identities.map((_, i) => `v${Math.floor(i / 2)}`),
    sharpness: people.identities.map((_, i) => (i * 7) % 11),
  });
  others = await writePeople(drawPeople({ people: 30, each: 2, seed: 9, prefix: 'q' }));
  runs = await mkdtemp(join(tmpdir(), 'biolens-runs-'));
});

async function verify(...args: string[]) {
  const { code, out, err } = await biolens('faces', 'verify', ...args, '--json', '--runs-dir', runs);
  expect(err).not.toContain('Error');
  expect(code).toBe(0);
  return verificationReportSchema.parse(JSON.parse(out));
}

const given = () => ['--embeddings', faces.embeddings, '--labels', faces.labels];

describe('biolens faces verify', () => {
  test('JSON that scripts rely on, and intervals over the people', async () => {
    const report = await verify(...given());
    expect(report).toMatchObject({
      pairs: { genuine: 24 * 6, impostor: (96 * 95) / 2 - 24 * 6 },
      failures: 0,
      people: 24,
    });
    expect(report.eer).toMatchObject({
      value: expect.any(Number),
      n: 4560,
      interval: { method: 'bootstrap over people' },
    });
    expect(report.tmr['0.01']).toMatchObject({ value: expect.any(Number), n: 144 });
    expect(report.tmr['0.001']).toMatchObject({ value: null, reason: expect.stringContaining('not measurable') });
    expect(report.identification?.ranks['1']?.value).toBeGreaterThan(0.5);
    // The same configuration gives the same numbers.
    expect((await verify(...given())).eer).toEqual(report.eer);
  });

  test('a set that is centred on other people says what that did; its own mean is refused', async () => {
    const report = await verify(...given(), '--centre', others.embeddings);
    expect(report.centring).toMatchObject({ n: 60, eerWithout: { value: expect.any(Number) } });
    expect(report.centring?.eerWithout).toEqual({ ...(await verify(...given())).eer, interval: expect.anything() });
    const { code, err } = await biolens(
      'faces',
      'verify',
      ...given(),
      '--centre',
      faces.embeddings,
      '--runs-dir',
      runs,
    );
    expect([code, err]).toEqual([2, expect.stringContaining('other people')]);
  });

  test('groups at one threshold, quality, templates and failures', async () => {
    const report = await verify(
      ...given(),
      '--group',
      'gender',
      '--group-people',
      '10',
      '--quality',
      'sharpness',
      '--at-fmr',
      '0.05',
      '--count-failures',
    );
    expect(report.working.target).toBe(0.05);
    expect(report.groups?.groups.map(({ group, people, small }) => [group, people, small])).toEqual([
      ['f', 8, true],
      ['m', 16, false],
    ]);
    expect(report.groups?.worstToGeometricMean.fmr.value).toBeNull();
    expect(report.groups?.crossed).toHaveLength(1);
    expect(report.discard?.points[0]?.discarded).toBe(0);
    const point = report.points.find(({ target }) => target === 0.1);
    expect(point?.far?.value).toBe(point?.fmr.value);
    const templates = await verify(...given(), '--template', 'visit', '--quality', 'sharpness', '--weighted');
    expect(templates).toMatchObject({ compared: 'templates', pairs: { genuine: 24, impostor: (48 * 47) / 2 - 24 } });
    expect(templates.eer.value!).toBeLessThan(report.eer.value!);
  });

  test('thresholds of one run are applied to other people as they are', async () => {
    const [first] = (await readdir(runs)).filter(name => name.includes('verification'));
    const file = join(runs, first!, 'report.json');
    const there = verificationReportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const report = await verify('--embeddings', others.embeddings, '--labels', others.labels, '--thresholds', file);
    expect(report.frozen?.points.map(({ threshold }) => threshold)).toEqual([
      there.eerThreshold,
      ...there.points.flatMap(({ threshold }) => (threshold === null ? [] : [threshold])),
    ]);
    // On the people that they were chosen for they keep what they promise.
    const same = await verify(...given(), '--thresholds', file);
    for (const { target, fmr } of same.frozen?.points ?? [])
      if (target !== null) expect(fmr.value!).toBeLessThanOrEqual(target);
  });

  test('scores made elsewhere; the same as distances', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'biolens-scores-'));
    const lines = (sign: number) =>
      Array.from(
        { length: 400 },
        (_, i) => `${i % 2 === 0 ? 1 : -1} ${sign * ((i * 37) % 101) + (i % 2 === 0 ? sign * 40 : 0)}`,
      );
    await writeFile(join(folder, 's.txt'), lines(1).join('\n'));
    await writeFile(join(folder, 'd.txt'), lines(-1).join('\n'));
    const similarity = await verify('--scores', join(folder, 's.txt'), '--score-kind', 'similarity');
    const distance = await verify('--scores', join(folder, 'd.txt'), '--score-kind', 'distance');
    expect(distance.eer).toEqual(similarity.eer);
    expect(distance.eerThreshold).toBe(-similarity.eerThreshold!);
    expect(similarity.eer.interval).toBeNull();
    expect(similarity).toMatchObject({ compared: 'scores', people: 0, embedder: null });
    const { code, err } = await biolens('faces', 'verify', '--scores', join(folder, 's.txt'), '--runs-dir', runs);
    expect([code, err]).toEqual([2, expect.stringContaining('--score-kind')]);
  });

  test.each([
    [[], 'expected a folder of images'],
    [['nowhere-at-all'], 'nowhere-at-all'],
    [['x', '--images', 'y'], 'exclude each other'],
    [['--embeddings', 'EMBEDDINGS'], '--labels'],
    [['--embeddings', 'EMBEDDINGS', '--labels', 'LABELS', '--group', 'gendr'], 'expected a column "gendr"'],
    [['--embeddings', 'EMBEDDINGS', '--labels', 'LABELS', '--identity', 'who'], '"who"'],
    [['--embeddings', 'EMBEDDINGS', '--labels', 'LABELS', '--pairs', 'LABELS'], '--pairs is for a folder'],
    [['--embeddings', 'EMBEDDINGS', '--labels', 'LABELS', '--weighted'], '--weighted needs'],
    [['--embeddings', 'EMBEDDINGS', '--labels', 'LABELS', '--thresholds', 'LABELS'], 'faces.csv'],
  ])('%j is refused in one line, with 2', async (args, message) => {
    const filled = args.map(arg => (arg === 'EMBEDDINGS' ? faces.embeddings : arg === 'LABELS' ? faces.labels : arg));
    const { code, err } = await biolens('faces', 'verify', ...filled, '--runs-dir', runs);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  test('a gate on the equal error rate ends with 1', async () => {
    const { code } = await biolens('faces', 'verify', ...given(), '--fail-on', 'eer>0.000001', '--runs-dir', runs);
    expect(code).toBe(1);
  });
});

test('biolens faces identify: closed and open set', async () => {
  const enrolled = await writePeople(drawPeople({ people: 24, each: 2, noise: 0.8 }));
  const searched = drawPeople({ people: 60, each: 1, noise: 0.8 });
  const probes = await writePeople({ ...searched, identities: searched.identities.map((_, i) => `stranger${i}`) });
  const args = ['--gallery', enrolled.embeddings, '--gallery-labels', enrolled.labels];
  const closed = await biolens(
    'faces',
    'identify',
    ...args,
    '--probes',
    enrolled.embeddings,
    '--probe-labels',
    enrolled.labels,
    '--json',
    '--runs-dir',
    runs,
  );
  const report = identificationReportSchema.parse(JSON.parse(closed.out));
  expect(report).toMatchObject({
    gallery: { people: 24, templates: 24 },
    probes: { mated: 48, nonMated: 0 },
    ranks: { 1: { value: 1 } },
  });
  expect(report.dir['0.1']).toMatchObject({ value: null });
  const both = drawPeople({ people: 24, each: 2, noise: 0.8 });
  const mixed = await writePeople({
    matrix: {
      rows: 48 + 60,
      cols: 64,
      data: Float32Array.from([...both.matrix.data, ...drawPeople({ people: 60, each: 1, seed: 77 }).matrix.data]),
    },
    identities: [...both.identities, ...searched.identities.map((_, i) => `stranger${i}`)],
  });
  const open = await biolens(
    'faces',
    'identify',
    ...args,
    '--probes',
    mixed.embeddings,
    '--probe-labels',
    mixed.labels,
    '--json',
    '--runs-dir',
    runs,
  );
  expect(JSON.parse(open.out)).toMatchObject({ probes: { mated: 48, nonMated: 60 } });
  const none = await biolens(
    'faces',
    'identify',
    ...args,
    '--probes',
    probes.embeddings,
    '--probe-labels',
    probes.labels,
    '--runs-dir',
    runs,
  );
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('no probe is of a person in the gallery')]);
});
