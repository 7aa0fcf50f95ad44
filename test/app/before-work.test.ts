import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBenchmark } from '../../src/jobs/bench/index.ts';
import { trainRun } from '../../src/jobs/generators/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { trainClassifier } from '../../src/kit/face-training/index.ts';
import { biolens } from '../cli/biolens.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-before-work-'));
const at = (name: string): string => join(root, name);

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

beforeAll(async () => {
  await drain(renderFaces(at('drawn'), { n: 40, seed: 1, size: 32 }));
  await drain(renderFaces(at('people/ann'), { n: 3, seed: 3, size: 32 }));
  await drain(renderFaces(at('people/bob'), { n: 3, seed: 4, size: 32 }));
  await drain(renderFaces(at('samples'), { n: 20, seed: 2, size: 32 }));
  await drain(
    trainClassifier(at('drawn'), { attributes: ['gender'], output: at('gender.onnx'), size: 16, steps: 20, seed: 1 }),
  );
  await drain(
    trainRun(
      { images: at('drawn'), size: 16, channels: 8, steps: 2, sheets: 1, output: at('model'), device: 'cpu' },
      { runsDir: at('made') },
    ),
  );
  await drain(buildBenchmark({ from: at('drawn'), to: at('quiz'), perTask: 1 }));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const classifier = ['--classifier', at('gender.onnx')];
/** A command line of each job that would work. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  audit: ['audit', '--train', at('drawn'), '--generated', at('samples'), '--embedder', 'appearance', ...classifier],
  mitigate: [
    'mitigate',
    '--model',
    at('model'),
    '--train',
    at('drawn'),
    '--bias',
    'gender=uniform',
    '--embedder',
    'appearance',
    '--whole-image',
    ...classifier,
    '-o',
    at('mitigated'),
  ],
  bench: ['bench', 'run', '--from', at('quiz')],
  diffusion: ['diffusion', 'train', '--images', at('drawn'), '--size', '16', '-o', at('trained')],
  templates: ['template', 'evaluate', at('people'), '--embedder', 'appearance'],
  'template-attack': ['template', 'attack', at('people'), '--embedder', 'appearance'],
  verification: ['faces', 'verify', at('people'), '--embedder', 'appearance'],
  identification: [
    'faces',
    'identify',
    '--gallery',
    at('people'),
    '--probes',
    at('people'),
    '--embedder',
    'appearance',
  ],
  study: ['study', 'bias-by-size', '--images', at('drawn'), '--attribute', 'gender', '--sizes', '20,40', ...classifier],
};

/** Every file with its size and time. */
function everything(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .map(name => `${name} ${statSync(join(root, name)).size} ${statSync(join(root, name)).mtimeMs}`);
}

describe.each(Object.entries(COMMANDS))('--dry-run of %s', (kind, command) => {
  test('checks, tells what it would do, and changes nothing', async () => {
    const before = everything();
    const { code, out, err } = await biolens(...command, '--dry-run', '--json', '--runs-dir', at('runs'));
    expect(code, err).toBe(0);
    const plan = JSON.parse(out);
    expect(plan).toMatchObject({ schema: 'biolens/plan@1', job: kind, command: expect.stringContaining('biolens ') });
    expect(plan.plan.reads.length).toBeGreaterThan(0);
    expect(plan.plan.basis).not.toBe('');
    expect(everything()).toEqual(before);
    const text = await biolens(...command, '--dry-run', '--runs-dir', at('runs'));
    expect(text.out).toMatch(/^Time: /m);
    const lines = text.out.trimEnd().split('\n').slice(0, -1);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('the command that it prints does the same', async () => {
    const first = await biolens(...command, '--dry-run', '--json', '--runs-dir', at('runs'));
    const printed: string = JSON.parse(first.out).command;
    const words = [...printed.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
    const again = await biolens(...words.slice(1), '--dry-run', '--json', '--runs-dir', at('runs'));
    expect(JSON.parse(again.out).configuration).toEqual(JSON.parse(first.out).configuration);
  });
});

const TYPOS: readonly (readonly [string, readonly string[], string])[] = [
  ['audit', ['--fail-on', 'replication.copid>0.01'], 'did you mean "copied"?'],
  ['audit', ['--fail-on', 'replicaton.copied>0.01'], 'did you mean "replication"?'],
  ['audit', ['--fail-on', 'replication>0.01'], '"replication" is not a number'],
  ['audit', ['--fail-on', 'replication.copied=0.01'], '--fail-on expected a condition'],
  ['audit', ['--target', 'gendr=male:0.5,female:0.5'], 'did you mean "gender"?'],
  ['audit', ['--target', 'gender=mael:0.5,female:0.5'], 'did you mean "male"?'],
  ['audit', ['--target', 'gender=male:0.5,female:0.6'], 'sum to 1'],
  ['audit', ['--target', 'gender'], 'expected ATTRIBUTE=uniform'],
  ['audit', ['--attribute', 'gendr'], 'did you mean "gender"?'],
  ['audit', ['--device', 'cup'], 'did you mean "cpu"?'],
  ['audit', ['--permutatons', '99'], 'did you mean "--permutations"?'],
  ['audit', ['--embedder', at('no.onnx')], 'no.onnx'],
  ['mitigate', ['--fail-on', 'after.replication.copid>0.01'], 'did you mean "copied"?'],
  ['mitigate', ['-o', at('drawn')], 'drawn: holds other files; name a new or empty folder'],
  ['mitigate', ['--bias', 'gendr=uniform'], 'did you mean "gender"?'],
  ['mitigate', ['--bias', 'gender=mal:1,female:0'], 'did you mean "male"?'],
  ['bench', ['--fail-on', 'overal<0.5'], 'did you mean "overall"?'],
  ['bench', ['--model', 'specialst'], 'did you mean "specialist"?'],
  ['diffusion', ['--fail-on', 'image.n<100'], 'did you mean "images"?'],
  ['diffusion', ['--classes', 'gendr'], 'did you mean "gender"?'],
  ['templates', ['--scheme', 'biohsh'], 'biohash'],
  ['verification', ['--fail-on', 'err>0.1'], 'did you mean "eer"?'],
  ['verification', ['--group', 'gendr'], '--group names a column of --labels'],
  ['identification', ['--templates', 'peron'], 'did you mean "person"?'],
  ['study', ['--fail-on', 'results.0.attribute.gender.amplification>1.2'], 'did you mean "attributes"?'],
  ['study', ['--attribute', 'gendr'], 'did you mean "gender"?'],
  ['study', ['--kinds', 'gna'], 'did you mean "gan"?'],
  ['study', ['--target', 'gender=mal:0.5,female:0.5'], 'did you mean "male"?'],
];

test.each(TYPOS)('%s %j is told before work, with exit code 2 and no run', async (kind, args, message) => {
  const { code, err } = await biolens(...COMMANDS[kind]!, ...args, '--runs-dir', at('none'));
  expect(err).toContain(message);
  expect(code).toBe(2);
  expect(
    err
      .trimEnd()
      .split('\n')
      .filter(line => line.startsWith('biolens:')),
  ).toHaveLength(1);
  expect(() => readdirSync(at('none'))).toThrow();
});

const FILES: readonly (readonly [string, string, string])[] = [
  [
    'a field',
    'job: audit\ntraining: drawn\ngenerated: samples\nembeder: appearance\n',
    'typo.yaml: "embeder" is no field, did you mean "embedder"?',
  ],
  [
    'a value',
    'job: audit\ntraining: drawn\ngenerated: samples\nnoFace: hole\n',
    'expected one of skip, whole, got "hole", did you mean "whole"?',
  ],
  [
    'a number',
    'job: audit\ntraining: drawn\ngenerated: samples\npermutations: 3\n',
    '"permutations" expected a whole number from 19 to 1000000, got 3',
  ],
  ['a job', 'job: adit\ntraining: drawn\n', 'there is no job "adit", did you mean "audit"?'],
  ['no job', 'training: drawn\n', '"job" is missing'],
  ['a missing field', 'job: audit\ntraining: drawn\n', '"generated" is missing'],
  [
    'a gate',
    "job: audit\ntraining: drawn\ngenerated: samples\nfailOn: 'replication.copid>0.01'\n",
    'did you mean "copied"?',
  ],
  ['a key twice', 'job: audit\njob: audit\n', 'line 2'],
  ['a list for a table', '- 1\n', 'expected the fields of a job'],
  ['fields beside jobs', 'jobs: [{ job: audit }]\nseed: 1\n', '"seed" stands beside "jobs"'],
  ['a folder that is not there', 'job: audit\ntraining: drawm\ngenerated: samples\n', 'drawm'],
  [
    'aliases without end',
    `a: &a [${'x, '.repeat(9)}]\n${['b', 'c', 'd', 'e'].map((name, i) => `${name}: &${name} [${`*${'abcd'[i]}, `.repeat(9)}]\n`).join('')}`,
    'too many aliases',
  ],
];

test.each(FILES)('%s wrong in a file is told before work, with exit code 2 and no run', async (_, text, message) => {
  writeFileSync(at('typo.yaml'), text);
  const { code, err } = await biolens('runs', 'start', at('typo.yaml'), '--runs-dir', at('none'));
  expect(err).toContain(message);
  expect(code).toBe(2);
  expect(() => readdirSync(at('none'))).toThrow();
});

test('an output or a folder of runs that cannot be is told before work', async () => {
  writeFileSync(at('file'), '');
  const output = await biolens(...COMMANDS.diffusion!, '-o', join(at('file'), 'model'), '--runs-dir', at('none'));
  expect(output).toMatchObject({ code: 2, err: expect.stringContaining('is not a folder') });
  const runs = await biolens(...COMMANDS.audit!, '--runs-dir', join(at('file'), 'runs'));
  expect(runs).toMatchObject({ code: 2, err: expect.stringContaining('is not a folder') });
});

test('flags win over a file, field by field, and start from the folder one is in', async () => {
  mkdirSync(at('conf'), { recursive: true });
  writeFileSync(join(at('conf'), 'train.yaml'), 'images: ../drawn\nsize: 16\nsampling: { steps: 7 }\n');
  const { code, out, err } = await biolens(
    ...['diffusion', 'train', '--config', join(at('conf'), 'train.yaml'), '--sheet-method', 'ddim', '-o', 'somewhere'],
    ...['--dry-run', '--json', '--runs-dir', at('none')],
  );
  expect(code, err).toBe(0);
  expect(JSON.parse(out).configuration).toMatchObject({
    images: at('drawn'),
    output: resolve('somewhere'),
    sampling: { method: 'ddim', steps: 7 },
  });
});

test('a matrix of models with a gate gives one leaderboard, and ends with 1 where a gate holds', async () => {
  mkdirSync(at('matrix'), { recursive: true });
  writeFileSync(
    at('models.yaml'),
    "from: quiz\nlint: false\nmatrix:\n  model: [random, frequent]\nfailOn: ['overall<1.1']\n",
  );
  const { code, out, err } = await biolens('bench', 'run', '--config', at('models.yaml'), '--runs-dir', at('matrix'));
  expect(code, err).toBe(1);
  expect(out).toMatch(/random.*\d %/);
  expect(out).toMatch(/frequent.*\d %/);
  expect(err).toContain('overall<1.1: it is');
  expect(readdirSync(at('matrix'))).toHaveLength(2);
}, 60_000);
