import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeImage, openArchive, readFromArchive, readImages } from '../../src/kit/images/index.ts';
import { temporaryFolder } from './pictures.ts';

// Written by pyarrow: see make_parquet.py beside it. Row 3 has no image.
const FACES = resolve(import.meta.dirname, 'fixtures/faces.parquet');
const QUESTIONS = resolve(import.meta.dirname, '../bench/fixtures/questions-snappy.parquet');

describe('images in a Parquet file', () => {
  test('are its rows, in their order, across row groups', async () => {
    const { files } = await openArchive(FACES);
    expect(files.map(({ file }) => file)).toEqual(['row-0', 'row-1', 'row-2', 'row-3', 'row-4']);
    for (const row of [4, 0, 2]) {
      const { width, height, data } = await decodeImage(await files[row]!.load!());
      expect([width, height, ...data.subarray(0, 3)]).toEqual([9, 7, 40 * row, 255 - 40 * row, 20 * row]);
    }
  });

  test('have the other columns as labels, classes by their names', async () => {
    const { labels } = await openArchive(FACES);
    expect(labels?.attributes).toEqual(['label', 'age', 'group']);
    expect(Object.fromEntries(labels!.byFile)).toEqual({
      'row-0': { label: 'woman', age: '31', group: 'a' },
      'row-1': { label: 'man', age: null, group: 'b' },
      'row-2': { label: 'woman', age: '52', group: 'b' },
      'row-3': { label: 'man', age: '18', group: 'a' },
      'row-4': { label: null, age: '77', group: 'a' },
    });
  });

  test('or those of a table', async () => {
    const table = join(temporaryFolder(), 'labels.csv');
    writeFileSync(table, 'file,gender\nrow-0,x\nrow-2,y\n');
    const { labels } = await openArchive(FACES, { labels: table });
    expect(labels).toMatchObject({ attributes: ['gender'], unlabelled: 3 });
  });

  test('one that is missing costs one image, and says so', async () => {
    const read = await Array.fromAsync(readImages((await openArchive(FACES)).files));
    expect(read.map(one => ('image' in one ? 'read' : one.skipped))).toEqual([
      'read',
      'read',
      'read',
      'faces.parquet: row 3 holds no image in "image"',
      'read',
    ]);
  });

  test('are found for a page by their names', async () => {
    expect((await readFromArchive(FACES, 'row-2'))?.subarray(1, 4)).toEqual(new TextEncoder().encode('PNG'));
    expect(await readFromArchive(FACES, 'row-9')).toBeNull();
    expect(await readFromArchive(FACES, '../row-2')).toBeNull();
  });

  test('of a file without any, or a damaged one, are refused by its name', async () => {
    await expect(openArchive(QUESTIONS)).rejects.toThrow(/questions-snappy\.parquet: no column holds images as bytes/);
    const cut = join(temporaryFolder(), 'cut.parquet');
    copyFileSync(FACES, cut);
    truncateSync(cut, 3000);
    await expect(openArchive(cut)).rejects.toThrow(/^cut\.parquet: not a Parquet file/);
    const lying = join(temporaryFolder(), 'lying.parquet');
    const bytes = Buffer.from(readFileSync(FACES));
    bytes.fill(0xff, 4, 600);
    writeFileSync(lying, bytes);
    await expect(openArchive(lying).then(({ files }) => files[0]!.load!())).rejects.toThrow(/lying\.parquet/);
  });
});
