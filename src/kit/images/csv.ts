import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import { explainSystemError, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { mostValues } from '../../ground/value-limit.ts';
import { grouped, openRegular } from './source.ts';

/** Limits that stand between a hostile table and the machine's memory and time. */
const MAX_CSV_BYTES = 64 * 2 ** 20;
const MAX_COLUMNS = 2000;
const MAX_LINE = 2 ** 20;

/** A cell that a spreadsheet would run as a formula, and cells that look protected already. */
const RISKY = /^'*[=+\-@\t\r]/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function inputError(path: string, why: string, cause?: unknown): BiolensError {
  return new BiolensError('input', `${path}: ${why}`, { details: { file: path }, cause });
}

/** A table of text: the names of its columns, and rows as wide as these. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * The text of a table in the encodings that Excel, R and pandas write: UTF-8, UTF-16 with or without a byte-order mark, and Windows-1252 (of
 * which Latin-1 is a part) for what is no UTF-8.
 */
function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  // Without a mark: every other byte of the first letters is zero.
  const zeros = [0, 1].map(from => [0, 2, 4, 6].filter(at => bytes[from + at] === 0).length);
  if (bytes.length >= 8 && zeros[1] === 4) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes.length >= 8 && zeros[0] === 4) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252').decode(bytes);
}

/** A table in memory, and what messages call it. */
export interface TableBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** About how many cells a table has, whatever separates them; one pass, before anything is parsed. */
function countCells(text: string): number {
  let cells = 1;
  for (let at = 0; at < text.length; at++) if (SEPARATORS.has(text.charCodeAt(at))) cells++;
  return cells;
}

/** Comma, semicolon, tab, line break. */
const SEPARATORS: ReadonlySet<number> = new Set([0x2c, 0x3b, 0x09, 0x0a]);

function checkText(path: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_CSV_BYTES) {
    throw inputError(path, `${grouped(bytes.length)} bytes, more than the limit of ${grouped(MAX_CSV_BYTES)}`);
  }
  const text = decodeText(bytes);
  const most = mostValues();
  if (text.length > most) {
    const cells = countCells(text);
    if (cells > most)
      throw inputError(
        path,
        `about ${grouped(cells)} cells, more than the ${grouped(most)} that the memory of this process is good for`,
      );
  }
  if (text.includes('\0')) throw inputError(path, 'not a table of text (it holds zero bytes)');
  return text;
}

async function readText(path: string): Promise<string> {
  try {
    const { handle: opened, size } = await openRegular(path);
    await using handle = opened;
    if (size > MAX_CSV_BYTES) {
      throw inputError(path, `${grouped(size)} bytes, more than the limit of ${grouped(MAX_CSV_BYTES)}`);
    }
    return checkText(path, await handle.readFile());
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw inputError(path, explainSystemError(error), error);
  }
}

const PARSING = { skip_empty_lines: true, relax_column_count: true, max_record_size: MAX_LINE };
/** Rows that are looked at to tell what a column holds. */
const LOOKED_AT = 20;

/**
 * CelebA's own tables as CSV: a line with the number of images, names of attributes apart by spaces, and lines of a file and its values.
 * Other texts as they are.
 */
function fromCelebA(text: string): string {
  const end = text.indexOf('\n');
  if (end < 0 || !WHOLE_NUMBER.test(text.slice(0, Math.min(end, 20)))) return text;
  const lines = text.slice(end + 1).split('\n');
  const rows = lines
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => line.split(/\s+/));
  const [header, first] = rows;
  if (header === undefined || first === undefined || header.length < 2 || /[,;"]/.test(text)) return text;
  if (first.length === header.length + 1) header.unshift('image_id');
  return rows.map(cells => cells.join(',')).join('\n');
}

/** The position of the column that a table is read by, or -1; `rows` are the first ones. */
export type FindKey = (header: readonly string[], rows: readonly (readonly string[])[]) => number;

/** The separator under which the table has the column that it is read by. */
function findDelimiter(text: string, findKey: FindKey): string | undefined {
  return [',', ';', '\t', '|'].find(delimiter => {
    const [header, ...rows] = parse(text, { ...PARSING, delimiter, to: LOOKED_AT, relax_quotes: true });
    return header !== undefined && findKey(tidyHeader(header), rows) >= 0;
  });
}

const tidyHeader = (header: readonly string[]): string[] => header.map(name => name.trim());

/** What pandas calls an index that was written without a name. */
const UNNAMED = /^Unnamed: \d{1,9}$/;
const WHOLE_NUMBER = /^\s*\d{1,12}\s*$/;

/**
 * Columns that are no columns: what a comma at the end of every line makes, and an index without a name in front.
 *
 * @returns the positions that are kept
 */
function keptColumns(columns: readonly string[], rows: readonly (readonly string[])[], key: number): number[] {
  const isEmpty = (c: number): boolean => rows.every(cells => (cells[c] ?? '').trim() === '');
  const isIndex = (c: number): boolean => c === 0 && rows.every(cells => WHOLE_NUMBER.test(cells[c] ?? ''));
  return columns.flatMap((name, c) => {
    if (c === key) return [c];
    const unnamed = name === '' || UNNAMED.test(name);
    return unnamed && (isEmpty(c) || isIndex(c)) ? [] : [c];
  });
}

/** A table with the position of the column that it is read by. */
export interface KeyedTable extends Table {
  readonly key: number;
}

/**
 * Reads a table with a header, as {@link readCsv} does, by a column that `findKey` finds.
 *
 * @param expected what messages say of that column where it is not there
 */
export async function readTable(
  source: string | TableBytes,
  { findKey, expected }: { readonly findKey: FindKey; readonly expected: string },
): Promise<KeyedTable> {
  // Excel understands, and some programs write, a first line that names the separator.
  const path = typeof source === 'string' ? source : source.name;
  const whole = typeof source === 'string' ? await readText(source) : checkText(path, source.bytes);
  const text = fromCelebA(whole.replace(/^sep=[,;\t|]\r?\n/i, ''));
  try {
    const delimiter = findDelimiter(text, findKey);
    if (delimiter === undefined) throw inputError(path, `the first line expected a column ${expected}`);
    const [header = [], ...rows] = parse(text, { ...PARSING, delimiter });
    const columns = tidyHeader(header);
    if (columns.length > MAX_COLUMNS) {
      throw inputError(path, `${grouped(columns.length)} columns, more than the limit of ${grouped(MAX_COLUMNS)}`);
    }
    rows.forEach((cells, i) => {
      // A comma at the end of a line is no cell.
      while (cells.length > columns.length && cells.at(-1)?.trim() === '') cells.pop();
      if (cells.length === columns.length - 1 && columns.at(-1) === '') cells.push('');
      if (cells.length === columns.length) return;
      throw inputError(path, `row ${i + 1} below the header expected ${columns.length} cells, got ${cells.length}`);
    });
    const key = findKey(columns, rows.slice(0, LOOKED_AT));
    const kept = keptColumns(columns, rows, key);
    const seen = new Set<string>();
    for (const c of kept) {
      const name = columns[c]!;
      if (name === '' && c !== key) throw inputError(path, `column ${c + 1} has no name`);
      if (seen.has(name)) throw inputError(path, `column "${name}" is there twice`);
      seen.add(name);
    }
    return {
      columns: kept.map(c => columns[c]!),
      rows: rows.map(cells => kept.map(c => unprotect(cells[c]!))),
      key: kept.indexOf(key),
    };
  } catch (error) {
    if (error instanceof CsvError && error.code === 'CSV_MAX_RECORD_SIZE') {
      throw inputError(path, `a line of more than ${grouped(MAX_LINE)} characters`, error);
    }
    if (error instanceof CsvError) throw inputError(path, error.message.replace(/\s+/g, ' '), error);
    throw error;
  }
}

/**
 * Reads a table with a header, as spreadsheets, pandas and R write it. Quotes, CRLF, a byte-order mark, empty lines, a comma at the end of
 * each line, an unnamed index in front, UTF-16 and Windows-1252 are taken; the separator is the one of comma, semicolon, tab and bar under
 * which the header has a column called `key`. An apostrophe put before a formula by `writeCsv`, or by hand, is taken off again.
 *
 * @throws BiolensError `input` naming the file, and the line of a row that is too wide or too narrow.
 */
export async function readCsv(path: string, { key }: { readonly key: string }): Promise<Table> {
  const { columns, rows } = await readTable(path, { findKey: header => header.indexOf(key), expected: `"${key}"` });
  return { columns, rows };
}

function unprotect(cell: string): string {
  return cell.startsWith("'") && RISKY.test(cell) ? cell.slice(1) : cell;
}

function formatCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = RISKY.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",;\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line of CSV with its end. */
export function formatCsvRow(cells: readonly (string | number | null)[]): string {
  const line = cells.map(formatCell).join(',');
  return line === '' ? '""\n' : `${line}\n`;
}

/**
 * Writes a table as CSV (UTF-8, comma, LF, quotes where needed), whole or not at all.
 *
 * Text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, a tab or a carriage return, and is
 * no number) gets an apostrophe before it; `readCsv` takes it off, so that what is written is what is read. `null` is
 * an empty cell: unknown.
 *
 * @throws BiolensError as `writeAtomically`.
 */
export async function writeCsv(
  path: string,
  table: { readonly columns: readonly string[]; readonly rows: Iterable<readonly (string | number | null)[]> },
): Promise<void> {
  const lines = [formatCsvRow(table.columns)];
  for (const cells of table.rows) lines.push(formatCsvRow(cells));
  await writeAtomically(path, lines.join(''));
}
