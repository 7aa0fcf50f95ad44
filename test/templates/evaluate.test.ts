import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { templateAttackReportSchema, templateReportSchema } from '../../src/ground/contracts/index.ts';
import { templateJob, templateRun } from '../../src/jobs/templates/job.ts';
import { resumeJob } from '../../src/kit/job/index.ts';
import { findRun } from '../../src/kit/runs/index.ts';
import { biolens } from '../cli/biolens.ts';
import { drawPeople, writePeople } from '../verification/people.ts';

let faces: Awaited<ReturnType<typeof writePeople>>;
let others: Awaited<ReturnType<typeof writePeople>>;
let runs: string;

beforeAll(async () => {
  faces = await writePeople(drawPeople({ people: 24, each: 3, noise: 1 }));
  others = await writePeople(drawPeople({ people: 60, each: 1, seed: 9, noise: 0, prefix: 'q' }));
  runs = await mkdtemp(join(tmpdir(), 'biolens-templates-'));
});

const given = () => ['--embeddings', faces.embeddings, '--labels', faces.labels, '--runs-dir', runs];

test('biolens template evaluate: the JSON that scripts rely on, with four situations', async () => {
  const { code, out, err } = await biolens(
    'template',
    'evaluate',
    ...given(),
    '--centre',
    others.embeddings,
    '--scheme',
    'biohash,salting',
    '--keys',
    '2',
    '--targets',
    '3',
    '--budget',
    '100',
    '--json',
  );
  expect(err).not.toContain('biolens:');
  expect(code).toBe(0);
  const { schemes, people, centring } = templateReportSchema.parse(JSON.parse(out));
  expect([people, centring?.n]).toEqual([24, 60]);
  const { biohash, salting } = schemes;
  for (const scheme of [biohash!, salting!]) {
    for (const part of ['unprotected', 'secretKey', 'stolenKey', 'keyOnly'] as const)
      expect(scheme[part].eer).toMatchObject({
        value: expect.any(Number),
        n: expect.any(Number),
        interval: { method: 'bootstrap over people' },
      });
    expect(scheme.attacks).toHaveLength(9);
    expect(scheme.claims).toHaveLength(4);
    // A key for each person tells people apart by itself; with the key stolen that is gone.
    expect(scheme.secretKey.eer.value!).toBeLessThanOrEqual(scheme.stolenKey.eer.value!);
  }
  expect(biohash!.unlinkability.dSys).toBeLessThanOrEqual(biohash!.unlinkability.null95);
  // A salt keeps distances, so that the stolen key costs nothing.
  expect(salting!.stolenKey.eer.value!).toBeCloseTo(salting!.unprotected.eer.value!, 3);
  expect(biohash!.cost).toMatchObject({ templateBytes: 64, embeddingBytes: 256 });
  const keys = biohash!.keyOnly;
  expect(keys.eer.n).toBeGreaterThan(2000);
});

test('biolens template attack: one attack alone, with its budget', async () => {
  const { code, out } = await biolens(
    'template',
    'attack',
    ...given(),
    '--centre',
    others.embeddings,
    '--scheme',
    'biohash',
    '--attack',
    'inversion,dictionary',
    '--targets',
    '5',
    '--json',
  );
  expect(code).toBe(0);
  const report = templateAttackReportSchema.parse(JSON.parse(out));
  expect(report.schemes.biohash?.attacks.map(({ attack }) => attack)).toEqual(['inversion', 'dictionary']);
  expect(report.schemes.biohash?.attacks[0]?.similarity.value).toBeGreaterThan(0.7);
  const text = await biolens(
    'template',
    'attack',
    ...given(),
    '--scheme',
    'salting',
    '--attack',
    'inversion',
    '--targets',
    '5',
  );
  for (const line of text.out.split('\n').filter(line => !line.startsWith('Report')))
    expect(line.length, line).toBeLessThanOrEqual(80);
});

test.each([
  [['--scheme', 'biohsh'], 'biohsh'],
  [['--attack', 'magic'], 'magic'],
  [['--centre', 'SELF'], 'other people'],
])('%j is refused, with 2', async (args, message) => {
  const filled = args.map(arg => (arg === 'SELF' ? faces.embeddings : arg));
  const { code, err } = await biolens('template', 'attack', ...given(), ...filled);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test('people too few to tell linkability from chance are refused before anything is measured', async () => {
  const few = await writePeople(drawPeople({ people: 4, each: 4, noise: 1 }));
  const { code, err } = await biolens(
    ...['template', 'evaluate', '--embeddings', few.embeddings, '--labels', few.labels, '--runs-dir', runs],
  );
  expect([code, err]).toEqual([2, expect.stringContaining('5 people with two images each, got 4')]);
});

test('an evaluation that was interrupted goes on with the attack it was at, and measures nothing twice', async () => {
  const configuration = {
    ...{ embeddings: faces.embeddings, labels: faces.labels, centre: others.embeddings, schemes: ['biohash'] },
    ...{ keys: 1, targets: 2, budget: 50 },
  };
  const stop = new AbortController();
  const stages: string[] = [];
  const follow = async (events: ReturnType<typeof templateRun>, stopAt?: string) => {
    for (;;) {
      const { done, value } = await events.next();
      if (done) return value;
      if (value.type !== 'progress') continue;
      stages.push(value.stage);
      if (value.stage === stopAt) stop.abort();
    }
  };
  const stopped = follow(
    templateRun(configuration, { runsDir: runs, signal: stop.signal }),
    'attacking biohash: linking',
  );
  await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
  const { path } = await findRun('latest', runs);
  const kept = join(path, 'artifacts', 'biohash');
  expect((await readdir(kept)).sort()).toEqual(['evaluation.json', 'inversion.json', 'leaked-templates.json']);
  // Were it measured again, this would be another number.
  const evaluation = JSON.parse(await readFile(join(kept, 'evaluation.json'), 'utf8'));
  evaluation.cost.protectMs = 12_345;
  await writeFile(join(kept, 'evaluation.json'), JSON.stringify(evaluation));
  const report = await follow(resumeJob(templateJob, path));
  expect(report.schemes.biohash!.cost.protectMs).toBe(12_345);
  expect(report.schemes.biohash!.attacks).toHaveLength(9);
  // The same numbers as without an interruption, but for times.
  const whole = await follow(templateRun(configuration, { runsDir: runs }));
  const { cost: _, ...first } = report.schemes.biohash!;
  const { cost: __, ...second } = whole.schemes.biohash!;
  expect(first).toEqual(second);
});
