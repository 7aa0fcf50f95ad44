import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { explainSystemError } from '../../../../ground/disk.ts';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import type { Driver, Sql, SqlRow, SqlValue } from '../sql.ts';

/** SQLite waits this long for another process that writes. */
const BUSY_MS = 10_000;

function checkRow(row: Readonly<Record<string, SQLOutputValue>>): SqlRow {
  for (const name in row)
    if (typeof row[name] === 'bigint') throw new BiolensError('external', `the store holds a bigint in ${name}`);
  return row as SqlRow;
}

/** One connection; statements are compiled once. */
class Connection implements Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string, pragmas: readonly string[]) {
    this.#database = new DatabaseSync(path);
    for (const pragma of pragmas) this.#database.exec(`PRAGMA ${pragma}`);
  }

  query(text: string, values: readonly SqlValue[] = []): Promise<readonly SqlRow[]> {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text.replaceAll('$', '?'));
      this.#statements.set(text, statement);
    }
    return Promise.resolve(statement.all(...values).map(checkRow));
  }

  execute(text: string): void {
    this.#database.exec(text);
  }

  close(): void {
    this.#database.close();
  }
}

/**
 * A gallery in one SQLite file: write-ahead log, flushed to the disk at every commit, and what is deleted is overwritten.
 *
 * @throws {BiolensError} `input` naming the file
 */
export function openSqlite(path: string): Driver {
  const failed = (error: unknown): BiolensError =>
    new BiolensError('external', `${path}: ${messageOf(error)}`, { cause: error });
  let write: Connection;
  let read: Connection;
  try {
    const pragmas = ['journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON', `busy_timeout = ${BUSY_MS}`];
    write = new Connection(path, pragmas);
    read = new Connection(path, [...pragmas, 'query_only = ON']);
  } catch (error) {
    throw new BiolensError('input', `${path}: ${explainSystemError(error)}`, { details: { file: path }, cause: error });
  }
  const wrap = (connection: Connection): Sql => ({
    query: async (text, values) => {
      try {
        return await connection.query(text, values);
      } catch (error) {
        throw failed(error);
      }
    },
  });
  return {
    name: path,
    types: { bytes: 'BLOB', number: 'INTEGER' },
    // BEGIN IMMEDIATE has locked the whole file.
    forUpdate: '',
    read: wrap(read),
    async transaction(work) {
      try {
        write.execute('BEGIN IMMEDIATE');
      } catch (error) {
        throw failed(error);
      }
      try {
        const value = await work(wrap(write));
        write.execute('COMMIT');
        return value;
      } catch (error) {
        try {
          write.execute('ROLLBACK');
        } catch {
          // Nothing is open any more; the first error is the one to tell.
        }
        throw error instanceof BiolensError ? error : failed(error);
      }
    },
    close: () => {
      read.close();
      write.close();
      return Promise.resolve();
    },
  };
}
