import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toCsv } from '../../web/text/csv.ts';
import { visibleLines, visibleText } from '../../web/text/visible-text.ts';
import { testName, wordsOf } from '../../web/text/words.ts';

describe('text of strangers', () => {
  test.each([
    ['a\u202eb', 'a\\u202eb'],
    ['\u001b[31m', '\\u001b[31m'],
    ['half\ud83d', 'half\\ud83d'],
    ['zero\u200bwidth', 'zero\\u200bwidth'],
    ['plain ünïcode 名前 😀', 'plain ünïcode 名前 😀'],
  ])('%j shows as %s', (text, shown) => expect(visibleText(text)).toBe(shown));

  test('what is shown has no control or direction character, and plain text is left alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(visibleText(text)).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]*$/), text => {
        expect(visibleText(text)).toBe(text);
      }),
    );
  });

  test('lines stay lines', () => expect(visibleLines('a\n\u0007b')).toBe('a\n\\u0007b'));
});

/** Reads what RFC 4180 allows, as a check that shares nothing with the writer. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== '"') cell += character;
      else if (text[i + 1] === '"') cell += text[++i]!;
      else quoted = false;
    } else if (character === '"' && cell === '') quoted = true;
    else if (character === ',' || character === '\r') {
      rows.at(-1)!.push(cell);
      cell = '';
      if (character === '\r') {
        i++;
        rows.push([]);
      }
    } else cell += character;
  }
  return rows.slice(0, -1);
}

describe('words', () => {
  test.each([
    ['ageGroup', 'age group'],
    ['skin_tone', 'skin tone'],
    ['gender', 'gender'],
    ['ITA', 'ITA'],
    ['held-out set', 'held-out set'],
    ['a\u202eb', 'a\\u202eb'],
  ])('%s is %s', (name, words) => expect(wordsOf(name)).toBe(words));

  test('tests have names', () => {
    expect(testName('fisher-exact')).toBe('Fisher’s exact test');
    expect(testName('another')).toBe('another');
  });
});

describe('CSV', () => {
  test('every text comes back, with an apostrophe where a spreadsheet would calculate', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 4 }), cells => {
        const [, row = []] = parseCsv(toCsv(['head'], [cells]));
        expect(row.map(cell => cell.replace(/^'(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, ''))).toEqual(cells);
      }),
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1'])('%j cannot begin a cell', text => {
    expect(parseCsv(toCsv(['a'], [[text]]))[1]?.[0]).toBe(`'${text}`);
  });

  test('numbers stay numbers, missing ones are empty', () => {
    expect(toCsv(['a', 'b', 'c', 'd'], [[-0.5, null, true, 1e-9]])).toBe('a,b,c,d\r\n-0.5,,true,1e-9\r\n');
  });
});
