import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isNifti, readNifti } from '../../src/jobs/audit-medical/read/read-nifti.ts';
// Of scripts/expect-nifti.py, with nibabel 5.4.2.
import expected from './fixtures/nifti.json' with { type: 'json' };

const folder = resolve(import.meta.dirname, '../../.cache/medical/nibabel/tests/data');
const reason = existsSync(folder)
  ? ''
  : ' (skipped: the files of the nibabel wheel are not there; node scripts/setup.js --browser fetches them with pip)';

const read = (packed: Uint8Array) => {
  const bytes = new Uint8Array(packed[0] === 0x1f ? gunzipSync(packed) : packed);
  expect(isNifti(bytes)).toBe(true);
  const { values, ...rest } = readNifti(bytes);
  return { ...rest, sha256: createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex') };
};

describe('45 files that nibabel wrote', () => {
  test.each(expected.written)('NIfTI-$version, $order$type, scaled $scaled', ({ gzip, ...told }) => {
    const packed = Buffer.from(gzip, 'base64');
    if (told.type === 'complex') {
      expect(() => read(packed)).toThrow('values of type 32, expected whole or real numbers');
      return;
    }
    const { size, count, spacing, sha256 } = told;
    expect(read(packed)).toEqual({ size, count, spacing, sha256 });
  });

  test('there are 45, in all types, orders and versions', () => {
    expect(expected.written).toHaveLength(45);
    expect(new Set(expected.written.map(({ version, order }) => `${version}${order}`)).size).toBe(4);
  });
});

describe.skipIf(reason !== '')(`the volumes of nibabel${reason}`, () => {
  test.each(Object.entries(expected.volumes))('%s', (name, { size, count, spacing, sha256 }) => {
    const found = read(readFileSync(resolve(folder, name)));
    expect(found).toEqual({ size, count, spacing: spacing.map(value => expect.closeTo(value, 5)), sha256 });
  });

  test('its CIFTI file is refused by name', () => {
    expect(() => read(readFileSync(resolve(folder, 'row_major.dconn.nii')))).toThrow('a CIFTI file');
  });
});
