import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SelectionReport } from '../../src/ground/contracts/index.ts';
import { type SelectionConfigurationInput, selectionJob, selectionRun } from '../../src/jobs/selection/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { finish } from '../audit/simulated-sets.ts';
import { biolens } from '../cli/biolens.ts';
import { drawDiscs, writeDiscs, writeModels } from '../mitigation/small.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-selection-'));
const at = (name: string): string => join(root, name);
/** What the generator makes: discs of which four fifths are warm, and every fourth an image of its training set. */
const MADE = { n: 720, warm: 0.8, copies: 4 } as const;
const SAMPLES = 180;
const training = drawDiscs(200, { warm: 0.8, seed: 1 });
const made = drawDiscs(MADE.n, { warm: MADE.warm, seed: 3 });
const isCopy = (i: number): boolean => i % MADE.copies === 0 && i / MADE.copies < training.images.length;
const kindOf = (i: number): string => (isCopy(i) ? training.kinds[i / MADE.copies]! : made.kinds[i]!);
const numberOf = (file: string): number => Number(/(\d+)\.png$/.exec(file)?.[1]);

const SCRIPT = `
import { copyFileSync, mkdirSync } from 'node:fs';
const [n, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
for (let i = 0; i < Number(n); i++) copyFileSync(${JSON.stringify(at('pool'))} + '/' + i + '.png', out + '/' + String(i).padStart(4, '0') + '.png');
`;
const command = `${process.execPath} ${at('sample.mjs')} {n} {dir}`;
let models: Awaited<ReturnType<typeof writeModels>>;

beforeAll(async () => {
  await writeDiscs(at('training'), training);
  await writeDiscs(at('heldout'), drawDiscs(200, { warm: 0.8, seed: 2 }));
  mkdirSync(at('pool'));
  for (const [i, own] of made.images.entries())
    writeFileSync(at(`pool/${i}.png`), await encodePng(isCopy(i) ? training.images[i / MADE.copies]! : own));
  writeFileSync(at('sample.mjs'), SCRIPT);
  models = await writeModels(at('models'));
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const settings = (): SelectionConfigurationInput => ({
  ...{ training: at('training'), heldout: at('heldout'), sampleWith: command, noFace: 'whole', device: 'cpu' },
  ...{ embedder: models.embedder, classifier: models.classifier, samples: SAMPLES, candidates: MADE.n - SAMPLES },
  ...{ permutations: 199, tolerance: 0.12 },
});

describe('the best of what a command generates', () => {
  let report: SelectionReport;
  let path: string;

  beforeAll(async () => {
    const { events, result } = await finish(
      selectionRun(
        { ...settings(), replication: true, bias: { kind: 'uniform' }, keep: 150, output: at('out') },
        { runsDir: at('runs') },
      ),
    );
    report = result;
    path = events.flatMap(event => (event.type === 'run' ? [event.path] : []))[0]!;
  }, 120_000);

  test('holds none of the copies that were planted, and the kinds about alike by what was drawn', () => {
    const { files, kept, accepted, looked, rejected } = report.selection;
    expect(files.filter(file => isCopy(numberOf(file)))).toEqual([]);
    const warm = files.filter(file => kindOf(numberOf(file)) === 'warm').length / files.length;
    expect(Math.abs(warm - 0.5)).toBeLessThan(0.1);
    // None of the samples that were audited as they come is a candidate.
    const audited = report.before.replication.pairs.map(({ generated }) => generated);
    expect(audited).toHaveLength(SAMPLES);
    expect(files.filter(file => audited.includes(file))).toEqual([]);
    expect(accepted).toMatchObject({ value: kept / looked, n: looked });
    const { nearTraining, nearHeldout, shares, repeated, unreadable } = rejected;
    expect(kept + nearTraining + nearHeldout + shares + repeated + unreadable).toBe(looked);
    expect(nearTraining).toBeGreaterThan(nearHeldout);
  });

  test('is audited afresh, and told no better than that shows', () => {
    const { before, after, verdict } = report;
    expect(before.n).toBe(SAMPLES);
    expect(before.replication.permutation.p).toBeLessThanOrEqual(0.05);
    expect(after?.n).toBe(report.selection.kept);
    expect(after?.replication.permutation.p).toBeGreaterThan(0.05);
    const { low, high } = after!.bias.attributes.kind!.corrected!.generated.warm!.interval!;
    const truth = report.selection.files.filter(file => kindOf(numberOf(file)) === 'warm').length / after!.n;
    expect(low).toBeLessThanOrEqual(truth);
    expect(high).toBeGreaterThanOrEqual(truth);
    expect(verdict.map(({ subject }) => subject)).toEqual(['acceptance', 'copies', 'bias of kind', 'quality']);
    expect(verdict[0]?.certainty).toContain('95 % interval');
  });

  test('lies in the run and in the folder that was asked for, and can be shown from the run', async () => {
    const names = [...report.selection.files].sort();
    expect(readdirSync(join(path, 'artifacts/kept')).sort()).toEqual(names);
    expect(readdirSync(at('out')).sort()).toEqual(names);
    const [name = ''] = names;
    expect(readFileSync(join(at('out'), name))).toEqual(readFileSync(at(`pool/${numberOf(name)}.png`)));
    const file = `artifacts/kept/${name}`;
    expect(selectionJob.images?.list(report, { pairs: 9, clusters: 9, clusterFiles: 9, samples: 999 })).toContainEqual({
      set: 'run',
      file,
    });
    expect(await selectionJob.images?.open({ path, report }, { set: 'run', file })).toContain(file);
    expect(await selectionJob.images?.open({ path, report }, { set: 'run', file: '../../../secret' })).toBeNull();
  });
});

test('without held-out images, nobody is told that nothing was copied', async () => {
  const { heldout: _, ...given } = settings();
  const { result } = await finish(
    selectionRun({ ...given, replication: true, keep: 60 }, { runsDir: at('runs-without') }),
  );
  expect(result.verdict.find(({ subject }) => subject === 'copies')?.level).toBe('unknown');
  expect(result.selection.files.filter(file => isCopy(numberOf(file)))).toEqual([]);
}, 60_000);

test('where too few are kept, the verdict says so and nothing is called good of them', async () => {
  const { result } = await finish(
    selectionRun(
      { ...settings(), samples: 60, candidates: 20, keep: 20, replication: true },
      { runsDir: at('runs-few') },
    ),
  );
  expect(result.selection.kept).toBeLessThan(20);
  expect(result.verdict[0]).toMatchObject({ subject: 'acceptance', level: expect.stringMatching(/warning|bad/) });
  expect(result.verdict.slice(1).filter(({ level }) => level === 'good')).toEqual([]);
}, 60_000);

describe('the command line', () => {
  const args = () => [
    ...['mitigate', 'select', '--train', at('training'), '--runs-dir', at('runs-cli'), '--device', 'cpu'],
    ...['--embedder', models.embedder, '--classifier', models.classifier, '--whole-image', '--samples', '40'],
    ...['--candidates', '60'],
  ];

  test('prints the report as JSON and gates it', async () => {
    const { code, out } = await biolens(
      ...[...args(), '--sample-with', command, '--replication', '--keep', '20', '--json'],
      ...['--fail-on', 'selection.accepted<0.99'],
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ schema: 'biolens/selection@1', selection: { candidates: 60 } });
  }, 60_000);

  test.each<[string, readonly string[], RegExp]>([
    ['no goal', ['--sample-with', 'x {n} {dir}'], /expected a goal: --replication, or --bias/],
    ['nothing that generates', ['--replication'], /a model \(--generator\) or a command \(--sample-with\)/],
    [
      'more than there is',
      ['--replication', '--sample-with', 'x {n} {dir}', '--keep', '61'],
      /"keep" expected at most 60/,
    ],
    ['an unknown attribute', ['--bias', 'age=uniform', '--sample-with', `${process.execPath} {n} {dir}`], /age/],
    [
      'a folder that is in use',
      ['--replication', '--sample-with', `${process.execPath} {n} {dir}`, '-o', at('training')],
      /expected a new or empty folder/,
    ],
  ])('refuses %s before any work', async (_, more, message) => {
    const { code, err } = await biolens(...args(), ...more);
    expect(err).toMatch(message);
    expect(code).toBe(2);
  });
});
