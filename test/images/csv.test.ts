import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv, writeCsv } from '../../src/kit/images/csv.ts';
import { temporaryFolder } from './pictures.ts';

/** The path of a file with this content. */
function tableFile(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'labels.csv');
  writeFileSync(path, content);
  return path;
}

const read = (content: string | Uint8Array) => readCsv(tableFile(content), { key: 'file' });

describe('readCsv', () => {
  const expected = {
    columns: ['file', 'gender', 'note'],
    rows: [
      ['a.png', 'male', 'one, two'],
      ['b.png', '', 'a "quote"'],
    ],
  };

  test.each([
    ['commas', 'file,gender,note\na.png,male,"one, two"\nb.png,,"a ""quote"""\n'],
    ['a byte-order mark and CRLF', '\ufefffile,gender,note\r\na.png,male,"one, two"\r\nb.png,,"a ""quote"""\r\n'],
    ['semicolons', 'file;gender;note\na.png;male;one, two\nb.png;;"a ""quote"""'],
    ['tabs', 'file\tgender\tnote\na.png\tmale\tone, two\nb.png\t\t"a ""quote"""\n'],
    [
      'quoted names and empty lines',
      '"file";"gender";"note"\n\n"a.png";"male";"one, two"\n\n"b.png";"";"a ""quote"""\n\n',
    ],
  ])('%s', async (_, content) => {
    expect(await read(content)).toEqual(expected);
  });

  test('a separator is one by the header, not by what cells hold', async () => {
    const { rows } = await read('file,note\na.png,x;y;z\n');
    expect(rows).toEqual([['a.png', 'x;y;z']]);
  });

  test('the key need not come first, and may be alone', async () => {
    expect((await read('gender;file\nmale;a.png\n')).columns).toEqual(['gender', 'file']);
    expect(await read('file\na.png\n')).toEqual({ columns: ['file'], rows: [['a.png']] });
  });

  test.each([
    ['name,gender\na,b\n', 'the first line expected a column "file"'],
    ['', 'the first line expected a column "file"'],
    ['file,gender\na.png,male\nb.png\n', 'row 2 below the header expected 2 cells, got 1'],
    ['file,gender\na.png,male,x\n', 'row 1 below the header expected 2 cells, got 3'],
    ['file,gender,gender\na,b,c\n', 'column "gender" is there twice'],
    ['file,,gender\na,b,c\n', 'column 2 has no name'],
    ['file,gender\na.png,"male\n', 'Quote Not Closed: '],
  ])('%j is refused', async (content, why) => {
    const path = tableFile(content);
    await expect(readCsv(path, { key: 'file' })).rejects.toThrow(`${path}: ${why}`);
    await expect(readCsv(path, { key: 'file' })).rejects.toMatchObject({ code: 'input' });
  });

  test('other files are refused', async () => {
    const binary = tableFile(Buffer.from('file,name\na.png,x\0y\n', 'latin1'));
    await expect(readCsv(binary, { key: 'file' })).rejects.toThrow('not a table of text');
    const folder = temporaryFolder();
    await expect(readCsv(folder, { key: 'file' })).rejects.toThrow(`${folder}: a folder, not a file`);
    await expect(readCsv(join(folder, 'no.csv'), { key: 'file' })).rejects.toThrow('no such file or folder');
  });
});

describe('writeCsv', () => {
  const cell = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '=1+1',
      '+cmd',
      '-x',
      '@sum',
      "'=1",
      "''=",
      '\tx',
      '\rx',
      '"',
      ',',
      'a\nb',
      'a\r\nb',
      ' pad ',
      "'",
      '-1.5e3',
    ),
  );

  test('what is written is what is read', async () => {
    const path = join(temporaryFolder(), 'table.csv');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), async pairs => {
        // A CSV cell cannot tell a lone carriage return inside it from a line's end in every reader; ours can.
        const rows = pairs.map(([a, b]) => ['k', a, b]);
        await writeCsv(path, { columns: ['file', 'a', 'b'], rows });
        expect((await readCsv(path, { key: 'file' })).rows).toEqual(rows);
      }),
      { numRuns: 300 },
    );
  });

  test('formulas are disarmed, numbers and unknowns are plain', async () => {
    const path = join(temporaryFolder(), 'table.csv');
    await writeCsv(path, {
      columns: ['file', 'x'],
      rows: [
        ['=HYPERLINK("http://x")', -1.5],
        ['-2', null],
        ['@a', '+3e-2'],
      ],
    });
    expect(readFileSync(path, 'utf8')).toBe('file,x\n"\'=HYPERLINK(""http://x"")",-1.5\n-2,\n\'@a,+3e-2\n');
  });

  test('an old file stays whole when the new one cannot be written, and nothing is left beside it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'table.csv');
    writeFileSync(path, 'old');
    const rows = (function* () {
      yield ['a'];
      throw new Error('the source failed');
    })();
    await expect(writeCsv(path, { columns: ['file'], rows })).rejects.toThrow('the source failed');
    expect(readFileSync(path, 'utf8')).toBe('old');
    await expect(writeCsv(join(folder, 'no', 'x.csv'), { columns: ['file'], rows: [] })).rejects.toThrow(
      /no\/x\.csv: no such file or folder$/,
    );
    expect(readdirSync(folder)).toEqual(['table.csv']);
  });
});
