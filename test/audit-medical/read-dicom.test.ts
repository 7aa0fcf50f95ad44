import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readDicom } from '../../src/jobs/audit-medical/index.ts';
import { dicomOf, explicit } from './write-dicom.ts';

/** What `scripts/expect-dicom.py` writes of the files in the wheel of pydicom 3.0.2, with pydicom itself and its plugins. */
const expected = z
  .record(
    z.string(),
    z.union([
      z.object({ syntax: z.string(), error: z.string() }),
      z.object({
        syntax: z.string(),
        shape: z.array(z.number()),
        lossy: z.boolean(),
        sha256: z.string(),
        picks: z.array(z.tuple([z.number(), z.number()])),
      }),
    ]),
  )
  .parse(JSON.parse(readFileSync(resolve(import.meta.dirname, 'fixtures/pydicom.json'), 'utf8')));

const files = resolve(import.meta.dirname, '../../.cache/medical/pydicom');
const reason = existsSync(files)
  ? ''
  : ' (skipped: the files of the pydicom wheel are not there; node scripts/setup.js --browser fetches them with pip)';

/** Files that pydicom reads and this reader refuses, with its reason: none of them is read wrongly. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'data/test_files/JPGExtended.dcm': /JPEG with 12 bits/,
  'data/test_files/SC_jpeg_no_color_transform.dcm': /RGB colours without a mark/,
  'data/test_files/SC_rgb_jpeg.dcm': /RGB colours without a mark/,
};

function digestOf(values: ArrayLike<number>): string {
  const wide =
    values instanceof Float32Array || values instanceof Float64Array
      ? Float64Array.from(values)
      : BigInt64Array.from(Array.from(values, BigInt));
  return createHash('sha256').update(new Uint8Array(wide.buffer)).digest('hex');
}

describe.skipIf(reason !== '')(`the files of pydicom${reason}`, () => {
  test('are read to the values that pydicom reads, or refused; none wrongly', async () => {
    let read = 0;
    for (const [name, told] of Object.entries(expected)) {
      const bytes = new Uint8Array(readFileSync(resolve(files, name)));
      const image = await readDicom(bytes).catch((error: Error) => error);
      if ('error' in told) {
        // What pydicom cannot read either may be read here, or refused in one line.
        if (image instanceof Error) expect(image.message, name).not.toContain('\n');
        continue;
      }
      if (image instanceof Error) {
        expect(image.message, name).toMatch(REFUSED[name] ?? /never/);
        continue;
      }
      expect(image.values.length, name).toBe(told.shape.reduce((product, n) => product * n, 1));
      if (told.lossy)
        for (const [i, value] of told.picks)
          expect(Math.abs(image.values[i]! - value), `${name} at ${i}`).toBeLessThanOrEqual(2);
      else expect(digestOf(image.values), name).toBe(told.sha256);
      read++;
    }
    expect(read).toBe(98);
  }, 120_000);

  // The two of the wheel's 107 files with pixel data that pydicom has no image of: they say nothing of rows and columns.
  test.each(['meta_missing_tsyntax.dcm', 'nested_priv_SQ.dcm'])('%s holds no image, and is refused', async name => {
    const bytes = new Uint8Array(readFileSync(resolve(files, 'data/test_files', name)));
    expect(expected).not.toHaveProperty([`data/test_files/${name}`]);
    await expect(readDicom(bytes)).rejects.toThrow(/^[^\n]*(rows|columns|size|pixels)[^\n]*$/);
  });
});

describe('written files', () => {
  const pixels = Uint16Array.from({ length: 6 }, (_, i) => 1000 * i);
  const parts = { rows: 2, columns: 3, pixels };

  test('are read without a preamble, and with several character sets', async () => {
    const whole = dicomOf(parts);
    expect(Array.from((await readDicom(whole)).values)).toEqual([...pixels]);
    expect(Array.from((await readDicom(whole.subarray(132))).values)).toEqual([...pixels]);
    const sets = dicomOf({ ...parts, more: [explicit(0x00080005, 'CS', 'ISO 2022 IR 6\\ISO 2022 IR 87')] });
    expect(Array.from((await readDicom(sets)).values)).toEqual([...pixels]);
  });

  test.each([
    ['without pixels', dicomOf({ ...parts, pixels: null }), 'no pixels'],
    [
      'a number of frames that is none',
      dicomOf({ ...parts, more: [explicit(0x00280008, 'IS', '1A')] }),
      'the number of frames is no number',
    ],
    ['claiming 2 GB in 2 KB', dicomOf({ ...parts, rows: 32_000, columns: 32_000 }), 'too many'],
    ['claiming more than is there', dicomOf({ ...parts, rows: 200 }), 'pixels take'],
    ['with a lying length', dicomOf({ ...parts, lie: 5000 }), 'pixels claim'],
    ['empty', new Uint8Array(0), 'not DICOM'],
    ['of something else', new TextEncoder().encode('a letter to someone'), 'not DICOM'],
  ])('%s is refused', async (_, bytes, message) => {
    await expect(readDicom(bytes)).rejects.toThrow(message);
  });

  test('2,000 damaged files are read or refused in one line, at once', async () => {
    const source = dicomOf({ ...parts, more: [explicit(0x00081140, 'SQ', '')] });
    let state = 1;
    const next = (n: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state % n;
    };
    for (let round = 0; round < 2000; round++) {
      const bytes = source.slice(0, next(5) === 0 ? 132 + next(source.length - 132) : source.length);
      for (let k = 0; k < 1 + next(6); k++) bytes[132 + next(Math.max(1, bytes.length - 132))] = next(256);
      const found = await readDicom(bytes).catch((error: Error) => error);
      if (found instanceof Error) expect(found.message.split('\n')).toHaveLength(1);
    }
  }, 30_000);
});
