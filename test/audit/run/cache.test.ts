import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditConfigurationSchema } from '../../../src/jobs/audit/configuration.ts';
import type { FaceReader } from '../../../src/jobs/audit/face-reader.ts';
import { auditRun } from '../../../src/jobs/audit/index.ts';
import { auditItemSchema } from '../../../src/jobs/audit/items.ts';
import { readFaces } from '../../../src/jobs/audit/read-faces.ts';
import { openCacheOf } from '../../../src/jobs/audit/reading-cache.ts';
import { openSource } from '../../../src/jobs/audit/sources.ts';
import { listCache } from '../../../src/kit/cache/index.ts';
import { renderFaces } from '../../../src/kit/drawing/index.ts';
import { createRun } from '../../../src/kit/runs/index.ts';
import { finish } from '../simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-audit-cache-'));
const training = join(root, 'training');
const generated = join(root, 'generated');
const settings = { embedder: 'appearance', classifier: 'none', device: 'cpu', permutations: 19 } as const;

beforeAll(async () => {
  await finish(renderFaces(training, { n: 12, seed: 1, size: 48 }));
  await finish(renderFaces(generated, { n: 8, seed: 2, size: 48 }));
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A reader that counts what it is asked, and finds no face in every fifth image. */
function countingReader(): FaceReader & { asked: number } {
  const reader = {
    asked: 0,
    embedder: 'counting',
    width: 2,
    classifier: { name: 'counting', classes: { gender: ['male', 'female'] } },
    concurrency: 2,
    async read({ data }: { readonly data: Uint8Array }) {
      reader.asked++;
      const sum = data.reduce((total, value) => total + value, 0);
      return sum % 5 === 0 ? null : { embedding: Float32Array.of(sum, 1), attributes: { gender: 'male' }, faces: 1 };
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return reader;
}

async function readAll(runsDir: string, more: { readonly cache?: boolean; readonly faces?: 'all' } = {}) {
  const run = await createRun({ kind: 'audit', configuration: {}, runsDir, seed: 1 });
  const source = await openSource('training', training, {});
  const reader = countingReader();
  const configuration = auditConfigurationSchema.parse({ training, generated, ...settings, ...more });
  const cache = await openCacheOf(run, { configuration, reader, classifier: 'none' });
  for await (const _ of readFaces(run, [source], { reader, cache }));
  const items = await Array.fromAsync(run.items(auditItemSchema));
  await run.interrupt();
  return { asked: reader.asked, items: items.toSorted((a, b) => (a.file < b.file ? -1 : 1)) };
}

test('an image is read once, whatever is audited; a changed one is read anew', async () => {
  const runsDir = join(root, 'runs');
  const first = await readAll(runsDir);
  expect(first.asked).toBe(12);
  const second = await readAll(runsDir);
  expect(second.asked).toBe(0);
  expect(second.items).toEqual(first.items);
  expect((await readAll(runsDir, { cache: false })).asked).toBe(12);
  expect((await readAll(runsDir, { faces: 'all' })).asked).toBe(12);
  const file = join(training, '000001.png');
  const bytes = readFileSync(file);
  writeFileSync(file, readFileSync(join(generated, '000003.png')));
  expect((await readAll(runsDir)).asked).toBe(1);
  writeFileSync(file, bytes);
});

test('an audit with one option changed finds the same, and keeps nothing where it is told so', async () => {
  const runsDir = join(root, 'audits');
  const audit = async (more: Record<string, unknown> = {}) =>
    (await finish(auditRun({ training, generated, ...settings, ...more }, { runsDir }))).result;
  await audit({ cache: false });
  expect(await listCache(runsDir)).toEqual([]);
  const first = await audit();
  expect(await listCache(runsDir)).toMatchObject([{ reader: { embedder: 'appearance', classifier: 'none' } }]);
  expect(await audit({ falseMatchRate: 1e-4, permutations: 99 })).toMatchObject({ quality: first.quality });
  expect(await audit()).toEqual(first);
});
