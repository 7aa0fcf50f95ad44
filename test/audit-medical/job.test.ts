import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditMedicalReportSchema } from '../../src/ground/contracts/index.ts';
import { openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import { countGaps, orderSlices, readNifti } from '../../src/jobs/audit-medical/index.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { dicomOf, explicit } from './write-dicom.ts';
import { niftiOf } from './write-nifti.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const SIDE = 24;

/** Ellipsoids in a body, different for each volume. */
function drawVolume(stream: RandomStream): Float64Array {
  const blobs = Array.from({ length: 10 }, () => ({
    centre: [0, 1, 2].map(() => 0.2 + 0.6 * stream.uniform()),
    radius: [0, 1, 2].map(() => 0.05 + 0.15 * stream.uniform()),
    level: 200 + 800 * stream.uniform(),
  }));
  return Float64Array.from({ length: SIDE ** 3 }, (_, i) => {
    const p = [i % SIDE, Math.floor(i / SIDE) % SIDE, Math.floor(i / SIDE ** 2)].map(n => n / SIDE);
    const body = p.reduce((sum, x) => sum + ((x - 0.5) / 0.42) ** 2, 0) < 1 ? 150 : 0;
    return blobs.reduce(
      (value, { centre, radius, level }) =>
        p.reduce((sum, x, k) => sum + ((x - centre[k]!) / radius[k]!) ** 2, 0) < 1 ? value + level : value,
      body,
    );
  });
}

/** Gain, offset, gamma, a flip and noise. */
function alter(values: Float64Array, stream: RandomStream): Float64Array {
  const most = Math.max(...values);
  return values.map((_, i) => {
    const mirrored = i - (i % SIDE) + SIDE - 1 - (i % SIDE);
    return 30 + 700 * (values[mirrored]! / most) ** 0.8 + 30 * (stream.uniform() - 0.5);
  });
}

describe('biolens audit medical', () => {
  test('finds altered copies of volumes among others, and calls nothing else', async () => {
    const stream = openStream(randomKey(4));
    const write = (name: string, volumes: readonly Float64Array[]): string => {
      mkdirSync(at(name));
      for (const [i, values] of volumes.entries())
        writeFileSync(
          at(name, `${i}.nii.gz`),
          gzipSync(niftiOf([SIDE, SIDE, SIDE], values.map(Math.round)), { level: 1 }),
        );
      return at(name);
    };
    const draw = (n: number) => Array.from({ length: n }, () => drawVolume(stream));
    const train = draw(62);
    const generated = [...draw(6), alter(train[3]!, stream), alter(train[40]!, stream)];
    const { code, out, err } = await biolens(
      'audit',
      'medical',
      '--train',
      write('train', train),
      '--generated',
      write('gen', generated),
      '--heldout',
      write('held', draw(62)),
      '--json',
      '--runs-dir',
      at('runs'),
    );
    expect(code, err).toBe(0);
    const report = auditMedicalReportSchema.parse(JSON.parse(out));
    expect(report.compared).toBe('volumes');
    const called = report.replication.pairs.filter(({ copy }) => copy);
    expect(called).toHaveLength(2);
    expect(called.every(({ flipped, similarity }) => flipped && similarity > 0.8)).toBe(true);
    // The rule of a percentile fires on its own control as often as it says.
    expect(report.replication.rule.control.value).toBeCloseTo(0.05, 1);
    expect(report.replication.permutation.p).not.toBeNull();
  }, 120_000);

  test('nothing that says who a person is reaches anything that a run writes', async () => {
    const canaries = Array.from({ length: 200 }, (_, i) => `CANARY${String(i).padStart(3, '0')}X`);
    let used = 0;
    const next = (): string => canaries[used++ % canaries.length]!;
    const TEXTS: readonly (readonly [number, string])[] = [
      [0x00080050, 'SH'],
      [0x00080080, 'LO'],
      [0x00080081, 'ST'],
      [0x00080090, 'PN'],
      [0x00081030, 'LO'],
      [0x0008103e, 'LO'],
      [0x00081070, 'PN'],
      [0x00100010, 'PN'],
      [0x00100020, 'LO'],
      [0x00100030, 'DA'],
      [0x00101000, 'LO'],
      [0x00101040, 'LO'],
      [0x00104000, 'LT'],
      [0x00090010, 'LO'],
      [0x00091001, 'LO'],
      [0x0020000d, 'UI'],
      [0x0020000e, 'UI'],
      [0x00200010, 'SH'],
      [0x00204000, 'LT'],
      [0x00400254, 'LO'],
    ];
    const nested = (): Uint8Array => {
      const inner = Buffer.concat([explicit(0x00100010, 'PN', next()), explicit(0x00091010, 'LO', next())]);
      const item = Buffer.alloc(8);
      item.writeUInt16LE(0xfffe, 0);
      item.writeUInt16LE(0xe000, 2);
      item.writeUInt32LE(inner.length, 4);
      return explicit(0x00081140, 'SQ', Buffer.concat([item, inner]));
    };
    const stream = openStream(randomKey(9));
    for (const set of ['ptrain', 'pgen']) {
      mkdirSync(at(set));
      for (let file = 0; file < 5; file++) {
        const pixels = Uint16Array.from({ length: 24 * 24 }, () => stream.integer(4000));
        const more = [...TEXTS.map(([tag, vr]) => explicit(tag, vr, next())), nested()];
        writeFileSync(at(set, `${next()}.dcm`), dicomOf({ rows: 24, columns: 24, pixels, more }));
      }
      // Files that are refused: damaged, and of another kind.
      writeFileSync(
        at(set, `${next()}.dcm`),
        dicomOf({
          rows: 24,
          columns: 24,
          pixels: null,
          more: [explicit(0x00100010, 'PN', next()), explicit(0x00280008, 'IS', next())],
        }),
      );
      writeFileSync(
        at(set, `${next()}.png`),
        Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47]), Buffer.from(next())]),
      );
      writeFileSync(at(set, `${next()}.txt`), next());
    }
    expect(used).toBeGreaterThanOrEqual(200);
    const args = ['audit', 'medical', '--train', at('ptrain'), '--generated', at('pgen'), '--runs-dir', at('private')];
    const plain = await biolens(...args);
    expect(plain.code, plain.err).toBe(0);
    const json = await biolens(...args, '--json');
    const failed = await biolens(
      'audit',
      'medical',
      '--train',
      at('ptrain'),
      '--generated',
      at('absent'),
      '--runs-dir',
      at('private'),
    );
    const written = readdirSync(at('private'), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect(written.length).toBeGreaterThan(6);
    const all = [...written, plain.out, plain.err, json.out, json.err, failed.err].join('\n');
    for (const canary of canaries) expect(all.includes(canary), canary).toBe(false);
    expect(plain.out).toContain('do not rule out that names are written into their pixels');
  }, 60_000);

  test('slices are ordered by where they lie, and gaps are counted', () => {
    const orientation = [1, 0, 0, 0, 0.8, 0.6];
    const slices = [3, 0, 1, 7, 2].map(n => ({ n, image: { orientation, position: [5, -0.6 * n, 0.8 * n] } }));
    const { ordered, places } = orderSlices(slices);
    expect(ordered.map(({ n }) => n)).toEqual([0, 1, 2, 3, 7]);
    expect(countGaps(places)).toBe(1);
  });

  test.each([
    ['a folder that is not there', 'absent', 'no such file or folder'],
    ['a folder without images', 'letters', 'images can be read, expected 2 or more'],
  ])('%s is one line', async (_, name, message) => {
    if (name === 'letters') {
      mkdirSync(at(name));
      writeFileSync(at(name, 'a.txt'), 'a letter');
    }
    const { code, err } = await biolens(
      'audit',
      'medical',
      '--train',
      at(name),
      '--generated',
      at(name),
      '--runs-dir',
      at('none'),
    );
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe('NIfTI', () => {
  const values = Int16Array.from({ length: 24 }, (_, i) => 100 * i - 900);
  test.each([true, false])('both versions, little-endian %s, scaled or with a slope of 0', little => {
    for (const second of [false, true]) {
      expect(Array.from(readNifti(niftiOf([2, 3, 4], values, { little, second })).values)).toEqual([...values]);
      expect(Array.from(readNifti(niftiOf([2, 3, 4], values, { little, second, slope: 2 })).values)).toEqual(
        Array.from(values, value => 2 * value + 7),
      );
    }
  });

  test.each([
    ['a negative size', [-1, 2, 3]],
    ['no size', [0, 2, 3]],
    ['more than is there', [20, 30, 40]],
    ['too many', [32_000, 32_000, 30_000]],
  ] as const)('%s is refused', (_, size) => {
    expect(() => readNifti(niftiOf(size, values))).toThrow(/size|values take|too many/);
  });
});
