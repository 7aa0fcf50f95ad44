// Mistakes that users of other face libraries have reported, each with its number.
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { verificationReportSchema } from '../../src/ground/contracts/index.ts';
import { randomKey } from '../../src/ground/math/index.ts';
import { cosineScores, measureIdentification, searchGallery, unitRows } from '../../src/jobs/verification/index.ts';
import { biolens } from '../cli/biolens.ts';
import { drawPeople, writePeople } from './people.ts';

let runs: string;
beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'biolens-mistakes-'));
});

async function verify(people: Parameters<typeof writePeople>[0], ...more: string[]) {
  const { embeddings, labels } = await writePeople(people);
  const { code, out, err } = await biolens(
    'faces',
    'verify',
    '--embeddings',
    embeddings,
    '--labels',
    labels,
    ...more,
    '--json',
    '--runs-dir',
    runs,
  );
  return { code, err, report: code === 0 ? verificationReportSchema.parse(JSON.parse(out)) : null };
}

test('verification and search give one pair one score (deepface #1196)', () => {
  const { matrix } = drawPeople({ people: 12, each: 1 });
  const unit = unitRows(matrix);
  const person = Array.from({ length: 12 }, (_, i) => i);
  const searches = searchGallery({ rows: unit, person }, { rows: unit, person }, { exclude: (p, t) => p === t });
  searches.forEach(({ bestOther }, probe) => {
    const others = person.filter(i => i !== probe);
    const scores = cosineScores(unit, unit, {
      reference: Uint32Array.from(others),
      probe: Uint32Array.from(others, () => probe),
    });
    expect(Math.max(...scores)).toBe(bestOther);
  });
});

test('a threshold that keeps strangers out rises with the gallery (deepface #1523, #556)', () => {
  const strangers = unitRows(drawPeople({ people: 400, each: 1, seed: 31 }).matrix);
  const enrolled = drawPeople({ people: 600, each: 1, seed: 32 });
  const all = unitRows(enrolled.matrix);
  const thresholdOf = (size: number): number => {
    const gallery = {
      rows: { rows: size, cols: 64, data: all.data.subarray(0, size * 64) },
      person: Array.from({ length: size }, (_, i) => i),
    };
    const probes = { rows: strangers, person: Array.from({ length: 400 }, (_, i) => 10_000 + i) };
    const own = searchGallery(gallery, gallery);
    const searches = [...own, ...searchGallery(gallery, probes).map((search, i) => ({ ...search, person: size + i }))];
    return measureIdentification(searches, { people: size + 400, key: randomKey(1) }).dirThresholds['0.1']!;
  };
  const [small, middle, large] = [thresholdOf(10), thresholdOf(100), thresholdOf(600)];
  expect(small).toBeLessThan(middle);
  expect(middle).toBeLessThan(large);
});

test('a threshold of one model is refused for another (insightface #168)', async () => {
  const people = drawPeople({ people: 12, each: 3 });
  const { report } = await verify(people);
  expect(report?.embedder).toBe('given embeddings');
  const [run] = await readdir(runs);
  const text = await readFile(join(runs, run!, 'report.json'), 'utf8');
  const other = join(runs, 'other.json');
  await writeFile(other, JSON.stringify({ ...JSON.parse(text), embedder: 'built-in' }));
  const refused = await verify(people, '--thresholds', other);
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('its thresholds are of built-in')]);
});

test('embeddings that are not of unit length are compared as if they were (insightface #1786)', async () => {
  const people = drawPeople({ people: 12, each: 3, noise: 1.4 });
  const scaled = people.matrix.data.map((value, i) => value * (1 + (Math.floor(i / 64) % 7)));
  const [plain, raw] = [await verify(people), await verify({ ...people, matrix: { ...people.matrix, data: scaled } })];
  expect(raw.report?.eer.value).toBeCloseTo(plain.report!.eer.value!, 6);
});
