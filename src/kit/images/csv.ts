import { readFile, stat } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { explainSystemError, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { grouped } from './source.ts';

/** Largest CSV file that is read, in bytes. */
const MAX_CSV_BYTES = 256 * 2 ** 20;

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

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_CSV_BYTES) {
      throw inputError(path, `${grouped(size)} bytes, more than the limit of ${grouped(MAX_CSV_BYTES)}`);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    if (error instanceof TypeError) throw inputError(path, 'not UTF-8 text (save the table as CSV UTF-8)', error);
    throw inputError(path, explainSystemError(error), error);
  }
}

const PARSING = { skip_empty_lines: true, relax_column_count: true };

/** The separator under which the first line has a column called `key`. */
function findDelimiter(text: string, key: string): string | undefined {
  return [',', ';', '\t'].find(delimiter => {
    const [header] = parse(text, { ...PARSING, delimiter, to: 1, relax_quotes: true });
    return header?.some(name => name.trim() === key);
  });
}

/**
 * Reads a table with a header. Quotes, CRLF, a byte-order mark and empty lines are taken; the separator is the one of comma,
 * semicolon and tab under which the header has a column called `key`. An apostrophe put before a formula by `writeCsv`, or by
 * hand, is taken off again.
 *
 * @throws BiolensError `input` naming the file, and the line of a row that is too wide or too narrow.
 */
export async function readCsv(path: string, options: { readonly key: string }): Promise<Table> {
  const { key } = options;
  const text = await readText(path);
  try {
    const delimiter = findDelimiter(text, key);
    if (delimiter === undefined) throw inputError(path, `the first line expected a column "${key}"`);
    const [header = [], ...rows] = parse(text, { ...PARSING, delimiter });
    const columns = header.map(name => name.trim());
    const twice = columns.find((name, i) => columns.indexOf(name) !== i);
    if (twice !== undefined) throw inputError(path, `column "${twice}" is there twice`);
    if (columns.includes('')) throw inputError(path, `column ${columns.indexOf('') + 1} has no name`);
    rows.forEach((cells, i) => {
      if (cells.length === columns.length) return;
      throw inputError(path, `row ${i + 1} below the header expected ${columns.length} cells, got ${cells.length}`);
    });
    return { columns, rows: rows.map(cells => cells.map(unprotect)) };
  } catch (error) {
    if (error instanceof CsvError) throw inputError(path, error.message.replace(/\s+/g, ' '), error);
    throw error;
  }
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
