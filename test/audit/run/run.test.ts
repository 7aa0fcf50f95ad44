import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditReport, auditReportSchema } from '../../../src/ground/contracts/index.ts';
import { type Matrix, randomKey } from '../../../src/ground/math/index.ts';
import { type AuditConfigurationInput, type AuditEvent, auditRun, resumeAudit } from '../../../src/jobs/audit/index.ts';
import { auditItemSchema } from '../../../src/jobs/audit/items.ts';
import { itemKey } from '../../../src/jobs/audit/read-faces.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { decodeEmbedding, encodeEmbedding } from '../../../src/kit/face-sets/index.ts';
import { readRunRecord } from '../../../src/kit/runs/index.ts';
import { writeNpy } from '../../../src/kit/tensor/index.ts';
import { drawSets, finish } from '../simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-audit-'));
const faces = { training: join(root, 'training'), generated: join(root, 'generated') };

async function draw(folder: string, n: number, seed: number): Promise<void> {
  await finish(renderFaces(folder, { n, seed, size: 96 }));
}

function saveMatrix(name: string, { rows, cols, data }: Matrix): string {
  const path = join(root, name);
  writeFileSync(path, writeNpy({ dtype: 'float32', shape: [rows, cols], data }));
  return path;
}

let embeddings: { training: string; generated: string; heldout: string };

beforeAll(async () => {
  await draw(faces.training, 10, 1);
  await draw(faces.generated, 8, 2);
  const sets = drawSets(randomKey(9), { training: 90, generated: 60, heldout: 70, copies: 6 });
  const data = await sets.training.rows.read(0, 90);
  embeddings = {
    training: saveMatrix('training.npy', { rows: 90, cols: 32, data }),
    generated: saveMatrix('generated.npy', sets.generated.rows),
    heldout: saveMatrix('heldout.npy', sets.heldout?.rows ?? { rows: 0, cols: 32, data: new Float32Array() }),
  };
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
function newRunsDir(): string {
  return join(root, `runs-${count++}`);
}

async function audit(input: AuditConfigurationInput, runsDir = newRunsDir()) {
  const { events, result } = await finish(auditRun({ permutations: 19, device: 'cpu', ...input }, { runsDir }));
  const started = events.find(event => event.type === 'run');
  return { events, report: result, path: started?.path ?? '' };
}

/** What a report says but for times and places. */
function findingsOf({ sets: _, ...report }: AuditReport): unknown {
  return report;
}

describe('an audit of embedding files', () => {
  test('is a run with its report, digests and configuration', async () => {
    const { events, report, path } = await audit({ ...embeddings, seed: 3 });
    expect(auditReportSchema.parse(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')))).toEqual(report);
    expect(report.sets.training).toEqual({ source: embeddings.training, kind: 'embeddings', n: 90, embedded: 90 });
    expect(report.replication.pairs[0]).toMatchObject({ generated: expect.stringMatching(/^row \d+$/), copy: true });
    expect(report.replication.embedder).toEqual({ name: 'given embeddings', width: 32 });
    expect(report.bias.attributes).toEqual({});
    const record = await readRunRecord(path);
    expect(record).toMatchObject({ kind: 'audit', status: 'done', configuration: { seed: 3, permutations: 19 } });
    expect(record.provenance.seed).toBe(3);
    expect(Object.keys(record.provenance.digests).sort()).toEqual(['generated', 'heldout', 'training']);
    expect(record.provenance.host.runtime).toMatch(/onnxruntime/);
    expect(events.at(-1)).toMatchObject({ type: 'result', path });
    expect(path).toMatch(/-audit-generated-npy$/);
  });

  test('gives the same findings from the recorded configuration', async () => {
    const first = await audit({ ...embeddings, seed: 4 });
    const { configuration } = await readRunRecord(first.path);
    const again = await finish(auditRun({ ...embeddings, ...configuration }, { runsDir: newRunsDir() }));
    expect(findingsOf(again.result)).toEqual(findingsOf(first.report));
  });

  test('takes names and labels of rows from a table with a line a row', async () => {
    const lines = (n: number, prefix: string) =>
      [
        'file,gender',
        ...Array.from({ length: n }, (_, i) => `${prefix}${i}.png,${i % 3 === 0 ? 'female' : 'male'}`),
      ].join('\n');
    const trainingLabels = join(root, 'training-labels.csv');
    const generatedLabels = join(root, 'generated-labels.csv');
    writeFileSync(trainingLabels, lines(90, 'a'));
    writeFileSync(generatedLabels, lines(60, 'b'));
    const { report } = await audit({ ...embeddings, trainingLabels, generatedLabels });
    expect(report.replication.pairs[0]?.generated).toMatch(/^b\d+\.png$/);
    expect(report.bias.attributes.gender?.training.female).toMatchObject({ value: 1 / 3, n: 90 });
    writeFileSync(generatedLabels, lines(59, 'b'));
    await expect(audit({ ...embeddings, generatedLabels })).rejects.toThrow('expected 60 lines, one for each row');
  });
});

describe('an audit of folders', () => {
  test('reads faces, skips what it cannot use with the reason, and says so', async () => {
    const folder = join(root, 'with-bad-files');
    await draw(folder, 8, 5);
    writeFileSync(join(folder, 'notes.png'), 'not a picture');
    const [first = ''] = readdirSync(folder).filter(name => /^0.*png$/.test(name));
    writeFileSync(join(folder, 'torn.png'), readFileSync(join(folder, first)).subarray(0, 900));
    rmSync(join(folder, 'labels.csv'));
    const { report, events, path } = await audit({ training: faces.training, generated: folder, noFace: 'whole' });
    expect(report.sets.generated).toMatchObject({ kind: 'images', n: 10, embedded: 8 });
    expect(report.skipped.map(({ set, file }) => `${set} ${file}`)).toEqual([
      'generated notes.png',
      'generated torn.png',
    ]);
    expect(report.replication.embedder).toEqual({ name: 'built-in', width: 128 });
    expect(events.filter(event => event.type === 'skipped')).toHaveLength(2);
    const dones = events.flatMap(event => (event.type === 'item' || event.type === 'skipped' ? [event.done] : []));
    expect(dones).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(readFileSync(join(path, 'items.jsonl'), 'utf8').trimEnd().split('\n')).toHaveLength(20);
    // One set has drawn labels, the other none: gender is the classifier's for the generated faces.
    expect(report.bias.attributes.gender?.source).toMatchObject({ generated: 'built-in' });
  }, 120_000);

  test('killed again and again, it goes on where it was and ends as if nothing had happened', async () => {
    const child = join(import.meta.dirname, 'audit-child.ts');
    const runsDir = newRunsDir();
    let path = '';
    let told: string[] = [];
    for (let kills = 0; kills < 2; kills++) {
      const arguments_ = path === '' ? ['start', faces.training, faces.generated, runsDir] : ['resume', path];
      const process_ = spawn(process.execPath, [child, ...arguments_], { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(process_, 'close');
      let output = '';
      await new Promise<void>(resolve => {
        process_.stdout.on('data', chunk => {
          output += String(chunk);
          if ((output.match(/^item /gm) ?? []).length >= 3) resolve();
        });
        process_.on('close', () => resolve());
      });
      process_.kill('SIGKILL');
      await ended;
      path = /^run (.*)$/m.exec(output)?.[1] ?? path;
      told = [...told, ...[...output.matchAll(/^item (.*)\n/gm)].map(match => match[1] ?? '')];
    }
    const { result, events } = await finish(resumeAudit(path));
    const items = readFileSync(join(path, 'items.jsonl'), 'utf8').trimEnd().split('\n');
    const keys = items.map(line => itemKey(auditItemSchema.parse(JSON.parse(line))));
    expect(keys).toHaveLength(18);
    expect(new Set(keys).size).toBe(18);
    expect(keys).toEqual(expect.arrayContaining(told));
    expect(new Set(told).size).toBe(told.length);
    expect(events.filter(event => event.type === 'item').length).toBeLessThanOrEqual(12);
    const whole = await audit({ ...faces, noFace: 'whole' });
    expect(findingsOf(result)).toEqual(findingsOf(whole.report));
    await expect(finish(resumeAudit(path))).rejects.toMatchObject({ code: 'usage' });
  }, 180_000);

  test('interrupted, it is left to be resumed', async () => {
    const controller = new AbortController();
    const events: AuditEvent[] = [];
    const run = async (): Promise<void> => {
      const options = { runsDir: newRunsDir(), signal: controller.signal };
      const input = { ...faces, embedder: 'appearance', permutations: 19, noFace: 'whole', device: 'cpu' } as const;
      for await (const event of auditRun(input, options)) {
        events.push(event);
        if (event.type === 'item' && event.done === 4) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'interrupted' });
    const path = events.find(event => event.type === 'run')?.path ?? '';
    expect(await readRunRecord(path)).toMatchObject({ status: 'interrupted' });
    const { result } = await finish(resumeAudit(path));
    expect(result.sets.training.embedded).toBe(10);
    expect(await readRunRecord(path)).toMatchObject({ status: 'done' });
  }, 120_000);
});

describe('bad input is refused with one line that names the file, and nothing is written', () => {
  function folder(name: string, files: Readonly<Record<string, string>>): string {
    const path = join(root, name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content);
    return path;
  }

  test.each<[string, () => AuditConfigurationInput, string]>([
    [
      'a missing path',
      () => ({ ...embeddings, training: join(root, 'nowhere') }),
      'nowhere: there is no such file or folder',
    ],
    ['an empty folder', () => ({ ...embeddings, generated: folder('empty', {}) }), 'empty: no images found'],
    [
      'one image only',
      () => ({ ...embeddings, generated: folder('single', { 'a.png': 'x' }) }),
      'single: one image only',
    ],
    [
      'a file of another kind',
      () => ({ ...embeddings, generated: join(folder('text', { 'a.txt': 'x' }), 'a.txt') }),
      'a.txt: expected a folder of images',
    ],
    [
      'a text file called .npy',
      () => ({ ...embeddings, generated: join(folder('fake', { 'a.npy': 'hello there' }), 'a.npy') }),
      'a.npy: not a',
    ],
    [
      'two widths',
      () => ({
        ...embeddings,
        generated: saveMatrix('wide.npy', { rows: 3, cols: 5, data: new Float32Array(15).fill(1) }),
      }),
      'wide.npy: embeddings are 5 wide, those of',
    ],
    [
      'embeddings of another width than the embedder',
      () => ({ training: faces.training, generated: embeddings.generated }),
      'generated.npy: embeddings are 32 wide, embeddings of the embedder built-in are 128',
    ],
    [
      'NaN',
      () => ({
        ...embeddings,
        generated: saveMatrix('nan.npy', {
          rows: 2,
          cols: 32,
          data: new Float32Array(64).fill(1).fill(Number.NaN, 40, 41),
        }),
      }),
      'nan.npy: row 1 holds NaN',
    ],
    [
      'labels of files that do not exist',
      () => ({
        training: faces.training,
        generated: faces.generated,
        trainingLabels: join(folder('labels', { 'l.csv': 'file,gender\nno.png,male\n' }), 'l.csv'),
      }),
      'l.csv: labels a file that does not exist: "no.png"',
    ],
    ['an unknown model', () => ({ ...faces, embedder: join(root, 'no.onnx') }), 'no.onnx'],
  ])('%s', async (_, input, message) => {
    const runsDir = newRunsDir();
    const failure = await audit(input(), runsDir).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'input', message: expect.stringContaining(message) });
    expect(String(failure)).not.toContain('\n');
    expect(() => readdirSync(runsDir)).toThrow('ENOENT');
  });

  test.each([
    [{ falseMatchRate: 0 }, '"falseMatchRate"'],
    [{ permutations: 3 }, '"permutations"'],
    [{ seed: -1 }, '"seed"'],
  ])('a setting out of range: %j', async (settings, message) => {
    await expect(audit({ ...embeddings, ...settings })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(message),
    });
  });

  test.skipIf(process.getuid?.() === 0)(
    'a folder without read permission (as root everything can be read)',
    async () => {
      const path = folder('locked', { 'a.png': 'x', 'b.png': 'x' });
      chmodSync(path, 0);
      await expect(audit({ ...embeddings, generated: path })).rejects.toMatchObject({ code: 'input' });
      chmodSync(path, 0o700);
    },
  );

  test('images that all turn out unusable end the run as failed, with the reason', async () => {
    const runsDir = newRunsDir();
    const generated = folder('junk', { 'a.png': 'x', 'b.png': 'y' });
    await expect(audit({ training: faces.training, generated, noFace: 'whole' }, runsDir)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('junk: a face was found in none of 2 images'),
    });
    const [id = ''] = readdirSync(runsDir).filter(name => !name.startsWith('.'));
    expect(await readRunRecord(join(runsDir, id))).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('junk'),
    });
  }, 60_000);
});

test('an embedding survives the log to the bit', () => {
  const embedding = Float32Array.of(1 / 3, -0, 1e-42, Number.MAX_VALUE, 12345.678);
  expect(decodeEmbedding(encodeEmbedding(embedding))).toEqual(embedding);
});
