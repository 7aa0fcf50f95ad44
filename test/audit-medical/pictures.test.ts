import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditMedicalReportSchema } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { type DicomImage, readDicom } from '../../src/jobs/audit-medical/index.ts';
import { paletteLight, readPalette } from '../../src/jobs/audit-medical/read/palette.ts';
import { unpack } from '../../src/jobs/audit-medical/read/unpack.ts';
import { lightOf, usualWindow, windowOf } from '../../src/jobs/audit-medical/read/window.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
// Of scripts/expect-windows.py, with pydicom 3.0.2.
import expected from './fixtures/windows.json' with { type: 'json' };
import { dicomOf, explicit } from './write-dicom.ts';
import { niftiOf } from './write-nifti.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const files = resolve(import.meta.dirname, '../../.cache/medical/pydicom');
const reason = existsSync(files)
  ? ''
  : ' (skipped: the files of the pydicom wheel are not there; node scripts/setup.js --browser fetches them with pip)';

const digestOf = ({ buffer, byteOffset, byteLength }: DicomImage['values']): string =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');

describe('windows', () => {
  test.each(expected.windows)(
    '$form at $centre, $width wide, are those of pydicom',
    ({ centre, width, form, light }) => {
      const window = windowOf(centre, width, form)!;
      for (const [i, value] of expected.values.entries()) expect(lightOf(value, window)).toBeCloseTo(light[i]!, 6);
    },
  );

  test('that cannot be used are none, and the usual one leaves a hundredth at either end', () => {
    expect([windowOf(null, 5, ''), windowOf(3, 0, 'LINEAR'), windowOf(3, 0.5, ''), windowOf(3, 0, 'SIGMOID')]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    const values = Float32Array.from({ length: 1001 }, (_, i) => (i === 0 ? Number.NaN : i));
    const window = usualWindow(values);
    expect(lightOf(500, window)).toBeCloseTo(0.5, 6);
    expect([lightOf(10, window), lightOf(991, window)]).toEqual([0, 1]);
    expect(lightOf(7, usualWindow([7, 7, 7]))).toBe(0.5);
  });
});

describe('palettes', () => {
  const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
  test('begin at their first value, and go on beyond their ends', () => {
    const table = words(0, 0x8000, 0xffff);
    const palette = readPalette(words(3, 5, 16), [table, table, table], { little: true, signed: false })!;
    expect([0, 5, 6, 7, 99].map(value => Math.round(1000 * paletteLight(palette, value)))).toEqual([
      0, 0, 500, 1000, 1000,
    ]);
  });
  test('that are cut short are none', () => {
    expect(readPalette(words(3, 0, 16), [words(1), words(1), words(1)], { little: true, signed: false })).toBeNull();
    expect(readPalette(undefined, [], { little: true, signed: false })).toBeNull();
  });
});

describe.skipIf(reason !== '')(`files of pydicom${reason}`, () => {
  test.each(Object.entries(expected.palettes))('%s has the colours that pydicom gives it', async (name, picks) => {
    const { palette, values } = await readDicom(new Uint8Array(readFileSync(resolve(files, name))));
    expect(new Set(values).size).toBeGreaterThan(10);
    for (const [stored, light] of picks as [number, number][])
      expect(paletteLight(palette!, stored)).toBeCloseTo(light, 6);
  });

  test('a file whose decoder stops costs that file alone', async () => {
    const bytes = new Uint8Array(readFileSync(resolve(files, 'data/test_files/examples_jpeg2k.dcm')));
    const whole = await readDicom(bytes);
    let refused = 0;
    for (const part of [0.3, 0.6, 0.9]) {
      const damaged = bytes.slice();
      const from = Math.floor(bytes.length * part);
      for (let i = from; i < Math.min(bytes.length, from + 4000); i++) damaged[i] = (i * 151) & 255;
      const found = await readDicom(damaged).catch((error: Error) => error);
      if (found instanceof Error) {
        refused++;
        expect(found.message.split('\n')).toHaveLength(1);
      }
      expect(digestOf((await readDicom(bytes)).values)).toBe(digestOf(whole.values));
    }
    const cut = await readDicom(bytes.slice(0, bytes.length >> 1)).catch((error: Error) => error);
    expect(cut).toBeInstanceOf(Error);
    expect(digestOf((await readDicom(bytes)).values)).toBe(digestOf(whole.values));
    expect(refused).toBeLessThanOrEqual(3);
  }, 60_000);
});

describe('biolens audit medical --page', () => {
  const args = (set: string): string[] => [
    ...['audit', 'medical', '--train', at(set), '--generated', at(set), '--runs-dir', at('runs')],
    ...['--permutations', '19', '--json'],
  ];

  test('keeps middle slices of the pairs within the window of the file, and without it none', async () => {
    mkdirSync(at('scans'));
    const stream = openStream(randomKey(2));
    for (let file = 0; file < 4; file++) {
      // A ramp from 0 to 2300, of which the window shows 1000 to 1199.
      const pixels = Uint16Array.from({ length: 24 * 24 }, (_, i) => 100 * (i % 24) + stream.integer(20));
      const more = [explicit(0x00281050, 'DS', '1100\\500'), explicit(0x00281051, 'DS', '200\\50')];
      writeFileSync(at('scans', `${file}.dcm`), dicomOf({ rows: 24, columns: 24, pixels, more }));
    }
    const { code, out, err } = await biolens(...args('scans'), '--page');
    expect(code, err).toBe(0);
    const { shown, verdict } = auditMedicalReportSchema.parse(JSON.parse(out));
    expect(shown).toHaveLength(4);
    expect(verdict.map(({ certainty }) => certainty).join()).toContain('shows slices as they are');
    const [run] = readdirSync(at('runs'));
    const path = at('runs', run!, shown[0]!.images.generated);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([24, 24]);
    const light = Array.from({ length: 24 }, (_, x) => data[x * info.channels]!);
    expect(light.slice(0, 10).every(value => value === 0)).toBe(true);
    expect(light.slice(13).every(value => value === 255)).toBe(true);
    expect(light[11]!).toBeGreaterThan(100);
    // The page holds each image once, in itself.
    expect(readFileSync(at('runs', run!, 'report.html'), 'utf8').split('data:image/webp').length).toBeGreaterThan(2);
    const without = await biolens(...args('scans'));
    expect(auditMedicalReportSchema.parse(JSON.parse(without.out)).shown).toEqual([]);
  });
});

describe('packed NIfTI', () => {
  const size = [6, 5, 4] as const;
  const values = Int16Array.from({ length: 120 }, (_, i) => (i * 7) % 50);

  test('header and image apart are read together, packed or not, and a bomb is refused', async () => {
    mkdirSync(at('pairs'));
    for (const [i, pack] of [(bytes: Uint8Array) => bytes, gzipSync].entries()) {
      const whole = niftiOf(
        size,
        values.map(value => value * (i + 1) + i),
      );
      const end = i === 0 ? '' : '.gz';
      writeFileSync(at('pairs', `${i}.hdr${end}`), pack(whole.slice(0, 352)));
      writeFileSync(at('pairs', `${i}.img${end}`), pack(whole.slice(352)));
    }
    // 50 MB of nothing, and 50 MB behind a small volume, of which no more than the volume is unpacked.
    const nothing = Buffer.alloc(5e7);
    writeFileSync(at('pairs', 'bomb.nii.gz'), gzipSync(nothing, { level: 1 }));
    const long = gzipSync(Buffer.concat([niftiOf(size, values), nothing]), { level: 1 });
    writeFileSync(at('pairs', 'long.nii.gz'), long);
    expect((await unpack(long)).length).toBeLessThan(1e6);
    const { code, out, err } = await biolens(
      ...['audit', 'medical', '--train', at('pairs'), '--generated', at('pairs'), '--json', '--runs-dir', at('runs')],
    );
    expect(code, err).toBe(0);
    const { sets, notes } = auditMedicalReportSchema.parse(JSON.parse(out));
    expect(sets.training.n).toBe(3);
    expect(notes.filter(({ set }) => set === 'training').map(({ reason }) => reason)).toEqual(['not DICOM']);
  }, 60_000);

  test('a size of 2³¹ is refused', async () => {
    const { readNifti } = await import('../../src/jobs/audit-medical/index.ts');
    expect(() => readNifti(niftiOf([2 ** 31, 2, 2], values, { second: true }))).toThrow('a size of 2147483648 × 2 × 2');
  });
});
