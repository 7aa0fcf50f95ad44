import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
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
    ['file,x\na,1\na,2\n', '"a" is there twice, with x "1" and "2"'],
    ['a,b\n1,2\n', 'the first line expected a column "file" (or file_name, filename, path, image)'],
  ])('%j is refused', async (content, why) => {
    const path = labelFile(content);
    await expect(readLabels(path)).rejects.toMatchObject({ code: 'input', message: `${path}: ${why}` });
  });
});

describe('label tables as others write them', () => {
  const expected = [
    ['a.jpg', { gender: 'male' }],
    ['b.jpg', { gender: 'female' }],
  ];
  const utf16 = (text: string, bom: boolean) => Buffer.from(`${bom ? '\ufeff' : ''}${text}`, 'utf16le');
  const plain = 'file,gender\na.jpg,male\nb.jpg,female\n';
  test.each<[string, string | Buffer]>([
    ['Hugging Face', 'file_name,gender\na.jpg,male\nb.jpg,female\n'],
    ['filename', 'filename,gender\na.jpg,male\nb.jpg,female\n'],
    ['path', 'path,gender\na.jpg,male\nb.jpg,female\n'],
    ['image', 'gender,image\nmale,a.jpg\nfemale,b.jpg\n'],
    ['CelebA of Kaggle', 'image_id,gender\na.jpg,male\nb.jpg,female\n'],
    ['another case', 'File Name,gender\na.jpg,male\nb.jpg,female\n'],
    ['a name of its own, but names of images', 'gender,portrait\nmale,a.jpg\nfemale,b.jpg\n'],
    ['semicolons and a name of its own', 'gender;portrait\nmale;a.jpg\nfemale;b.jpg\n'],
    ['pandas, with its index', ',file,gender\n0,a.jpg,male\n1,b.jpg,female\n'],
    ['pandas, index read back', 'Unnamed: 0,file,gender\n0,a.jpg,male\n1,b.jpg,female\n'],
    ['pandas, files as the index', ',gender\na.jpg,male\nb.jpg,female\n'],
    ['a comma at the end of each line', 'file,gender,\na.jpg,male,\nb.jpg,female,\n'],
    ['a comma at the end of some lines', 'file,gender\na.jpg,male,\nb.jpg,female\n'],
    ['a comma at the end of the header', 'file,gender,\na.jpg,male\nb.jpg,female\n'],
    ['identical repeated rows', 'file,gender\na.jpg,male\nb.jpg,female\na.jpg,male\n'],
    ['Excel, with the separator named', 'sep=;\r\nfile;gender\r\na.jpg;male\r\nb.jpg;female\r\n'],
    ['Excel, Unicode text', utf16(plain.replaceAll(',', '\t').replaceAll('\n', '\r\n'), true)],
    ['UTF-16 without a mark', utf16(plain, false)],
    ['UTF-16, big end first', utf16(plain, true).swap16()],
    ['CelebA', '2\ngender\x20smile\na.jpg  male  1\nb.jpg female -1\n'],
  ])('%s', async (_, content) => {
    const path = join(temporaryFolder(), 'labels.csv');
    writeFileSync(path, content);
    const { byFile } = await readLabels(path);
    expect([...byFile].map(([file, { gender }]) => [file, { gender }])).toEqual(expected);
  });

  test('Latin-1 names', async () => {
    const path = join(temporaryFolder(), 'labels.csv');
    writeFileSync(path, Buffer.from('file,name\nRen\xe9e.jpg,Zo\xeb\n', 'latin1'));
    expect([...(await readLabels(path)).byFile]).toEqual([['Ren\u00e9e.jpg', { name: 'Zo\u00eb' }]]);
  });

  test('words for a missing value are unknown; a lower-case none is a class', async () => {
    const words = [
      '',
      ' ',
      'NaN',
      'nan',
      'N/A',
      'n/a',
      'NA',
      'None',
      'NULL',
      'null',
      '<NA>',
      '-',
      '#N/A',
      '\u2014',
      'NaT',
    ];
    const rows = [...words, 'none', 'male'].map((word, i) => `${i}.png,${word}`);
    const { byFile } = await readLabels(labelFile(`file,x\n${rows.join('\n')}\n`));
    expect([...byFile.values()].map(({ x }) => x)).toEqual([...words.map(() => null), 'none', 'male']);
  });

  test('values that differ in case alone are one, spelled as most are', async () => {
    const rows = ['male', 'Male', 'Male', 'MALE', 'female', 'Female'].map((word, i) => `${i}.png,${word}`);
    const { byFile } = await readLabels(labelFile(`file,x\n${rows.join('\n')}\n`));
    expect([...byFile.values()].map(({ x }) => x)).toEqual(['Male', 'Male', 'Male', 'Male', 'Female', 'Female']);
  });

  test('200,000 columns are refused at once', async () => {
    for (const names of [
      Array.from({ length: 200_000 }, (_, i) => `c${i}`),
      Array.from({ length: 100_000 }, () => 'c'),
    ]) {
      const before = performance.now();
      const path = labelFile(`file,${names.join(',')}\na.png,${names.join(',')}\n`);
      await expect(readLabels(path)).rejects.toThrow(/(columns, more than the limit of 2,000|a line of more than)/);
      expect(performance.now() - before).toBeLessThan(5000);
    }
  });

  const cases = resolve(import.meta.dirname, '../../../shared/cases');
  test
    .skipIf(!existsSync(cases))
    .each(['HEAD', 'abs', 'file_name', 'image', 'relfolder', 'stem', 'trailing_comma', 'utf16'])(
    'the case %s.csv (needs ../shared/cases)',
    async name => {
      const table = await readLabels(join(cases, 'csv-dialects', `${name}.csv`));
      const files = [...(await readLabels(join(cases, 'csv-dialects', 'file_name.csv'))).byFile.keys()];
      const { byFile, missing, unlabelled } = matchLabels(table, files);
      expect([byFile.size, missing, unlabelled]).toEqual([files.length, [], 0]);
    },
  );
});

describe('matchLabels', () => {
  const rows = (...files: string[]) => ({
    attributes: ['x'],
    byFile: new Map(files.map(file => [file, { x: file }])),
    source: 'l.csv',
  });

  test('counts images without a label', () => {
    const matched = matchLabels(rows('a.png'), ['a.png', 'b.png', 'c.png']);
    expect([[...matched.byFile.keys()], matched.unlabelled]).toEqual([['a.png'], 2]);
  });

  test('takes paths as Windows writes them, unless a file is called so', () => {
    const matched = matchLabels(rows('.\\sub\\a.png', './b.png', 'c\\d.png'), ['sub/a.png', 'b.png', 'c\\d.png']);
    expect([...matched.byFile.keys()]).toEqual(['sub/a.png', 'b.png', 'c\\d.png']);
  });

  test('names files that do not exist, and ends only where none does', () => {
    expect(matchLabels(rows('a.png', 'b.png'), ['a.png', 'c.png'])).toMatchObject({
      unlabelled: 1,
      missing: ['b.png'],
    });
    expect(() => matchLabels(rows('b.png'), ['a.png'])).toThrow('l.csv: labels a file that does not exist: "b.png"');
    expect(() => matchLabels(rows('a', 'b', 'c', 'd'), ['x'])).toThrow(
      'l.csv: labels 4 files that do not exist: "a", "b", "c", …',
    );
  });

  test.each<[string, string, string[], string | undefined]>([
    ['an absolute path', '/home/user/A/1.jpg', ['1.jpg', '2.jpg'], '1.jpg'],
    ['a Windows path', 'C:\\data\\A\\1.jpg', ['1.jpg', '2.jpg'], '1.jpg'],
    ['the name of the folder in front', 'A/1.jpg', ['1.jpg', '2.jpg'], '1.jpg'],
    [
      'folders in front, of which the images have some',
      '/data/celeba/img/1.jpg',
      ['img/1.jpg', 'other/1.jpg'],
      'img/1.jpg',
    ],
    ['no folder, where the images have one', '1.jpg', ['img/1.jpg', 'img/2.jpg'], 'img/1.jpg'],
    ['no folder, where two images could be meant', '1.jpg', ['a/1.jpg', 'b/1.jpg'], undefined],
    ['another folder', 'b/1.jpg', ['a/1.jpg'], undefined],
    ['no ending', '1', ['1.jpg', '10.jpg'], '1.jpg'],
    ['no ending, where two images could be meant', '1', ['1.jpg', '1.png'], undefined],
    ['another case', 'IMG_1.JPG', ['img_1.jpg'], 'img_1.jpg'],
    ['another ending', '1.png', ['1.webp'], '1.webp'],
    ['another ending, and its own is there too', '1.PNG', ['1.webp', '1.png'], '1.png'],
    ['a name with dots and no ending', 'a.b', ['a.b.png', 'a.png'], 'a.b.png'],
  ])('a label may have %s', (_, label, files, expected) => {
    const table = {
      attributes: ['x'],
      byFile: new Map([
        [label, { x: '1' }],
        ['sure.png', { x: '2' }],
      ]),
      source: 'l.csv',
    };
    const { byFile, missing } = matchLabels(table, [...files, 'sure.png']);
    expect([...byFile.keys()].filter(file => file !== 'sure.png')).toEqual(expected === undefined ? [] : [expected]);
    expect(missing).toEqual(expected === undefined ? [label] : []);
  });

  test("a file named exactly is that label's, and two labels that mean one file are refused", () => {
    expect(matchLabels(rows('1.jpg', 'x/1.jpg'), ['1.jpg']).missing).toEqual(['x/1.jpg']);
    expect(() => matchLabels(rows('x/1.jpg', 'y/1.jpg'), ['1.jpg'])).toThrow(
      'l.csv: "x/1.jpg" and "y/1.jpg" both mean "1.jpg"',
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
      'dir: no folder per class of "gender" with images in it',
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
