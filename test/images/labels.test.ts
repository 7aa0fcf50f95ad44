import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labelsFromFolders, matchLabels, readFolderLabels, readLabels } from '../../src/kit/images/labels.ts';
import { temporaryFolder } from './pictures.ts';

function labelFile(content: string): string {
  const path = join(temporaryFolder(), 'labels.csv');
  writeFileSync(path, content);
  return path;
}

describe('readLabels', () => {
  test('columns are attributes, empty cells unknown', async () => {
    const labels = await readLabels(labelFile('gender,file,age\nmale,a.png,30\n,sub/b.png, \n'));
    expect(labels.attributes).toEqual(['gender', 'age']);
    expect([...labels.byFile]).toEqual([
      ['a.png', { gender: 'male', age: '30' }],
      ['sub/b.png', { gender: null, age: null }],
    ]);
  });

  test('hostile column names are names', async () => {
    const labels = await readLabels(labelFile('file,__proto__,constructor\na.png,x,y\n'));
    const values = labels.byFile.get('a.png')!;
    expect(Object.entries(values)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  test.each([
    ['file\na.png\n', 'expected a column besides "file"'],
    ['file,x\n,1\n', 'row 1 below the header names no file'],
    ['file,x\na,1\na,2\n', '"a" is there twice'],
  ])('%j is refused', async (content, why) => {
    const path = labelFile(content);
    await expect(readLabels(path)).rejects.toMatchObject({ code: 'input', message: `${path}: ${why}` });
  });
});

describe('matchLabels', () => {
  const rows = (...files: string[]) => ({
    attributes: ['x'],
    byFile: new Map(files.map(file => [file, { x: file }])),
    source: 'l.csv',
  });

  test('counts pictures without a label', () => {
    const matched = matchLabels(rows('a.png'), ['a.png', 'b.png', 'c.png']);
    expect([[...matched.byFile.keys()], matched.unlabelled]).toEqual([['a.png'], 2]);
  });

  test('takes paths as Windows writes them, unless a file is called so', () => {
    const matched = matchLabels(rows('.\\sub\\a.png', './b.png', 'c\\d.png'), ['sub/a.png', 'b.png', 'c\\d.png']);
    expect([...matched.byFile.keys()]).toEqual(['sub/a.png', 'b.png', 'c\\d.png']);
  });

  test('names files that do not exist', () => {
    expect(() => matchLabels(rows('a.png', 'b.png'), ['a.png'])).toThrow(
      'l.csv: labels a file that does not exist: "b.png"',
    );
    expect(() => matchLabels(rows('a', 'b', 'c', 'd', 'e'), ['a'])).toThrow(
      'l.csv: labels 4 files that do not exist: "b", "c", "d", …',
    );
  });

  test('two names of one file are two rows of it', () => {
    expect(() => matchLabels(rows('a.png', './a.png'), ['a.png'])).toThrow('l.csv: "a.png" is there twice');
  });
});

describe('readFolderLabels', () => {
  test('a folder per class', async () => {
    const files = ['female/1.png', 'female/more/2.png', 'male/3.png', 'stray.png'];
    const labels = labelsFromFolders(files, { attribute: 'gender' });
    expect([...labels.byFile.values()].map(values => values.gender)).toEqual(['female', 'female', 'male']);
    expect(labels.unlabelled).toBe(1);
    expect(await readFolderLabels('.', { files, folderAttribute: 'gender' })).toEqual(labels);
    await expect(readFolderLabels('dir', { files: ['stray.png'], folderAttribute: 'gender' })).rejects.toThrow(
      'dir: no folder per class of "gender" with pictures in it',
    );
  });

  test('labels.csv in the folder, another table, or none', async () => {
    const folder = temporaryFolder();
    const files = ['a.png', 'b.png'];
    expect(await readFolderLabels(folder, { files })).toBeNull();
    writeFileSync(join(folder, 'labels.csv'), 'file,gender\na.png,male\n');
    expect(await readFolderLabels(folder, { files })).toMatchObject({ attributes: ['gender'], unlabelled: 1 });
    mkdirSync(join(folder, 'other'));
    const labels = join(folder, 'other', 'x.csv');
    writeFileSync(labels, 'file,age\nb.png,30\n');
    expect(await readFolderLabels(folder, { files, labels })).toMatchObject({ attributes: ['age'], source: labels });
  });
});
