import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientConfig } from 'pg';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import { isConnectionLost, loadPg } from '../../../../kit/postgres/node.ts';
import type { Driver, Sql, SqlRow, SqlValue } from '../sql.ts';

const INT8 = 20;
/** How long a database that is gone is waited for, and between two tries. */
const RECONNECT = { forMs: 10_000, everyMs: 200 } as const;
/** Any number, as long as all galleries have the same: only one makes its tables at a time. */
const TABLES_LOCK = 7_310_022;

type Pg = Awaited<ReturnType<typeof loadPg>>;

function toRow(row: Readonly<Record<string, unknown>>): SqlRow {
  const entries = Object.entries(row).map(([name, value]): [string, SqlValue] => {
    if (value === null || typeof value === 'string' || typeof value === 'number') return [name, value];
    if (value instanceof Uint8Array) return [name, value];
    throw new BiolensError('external', `the store holds a ${typeof value} in ${name}`);
  });
  return Object.fromEntries(entries);
}

/** One connection, made anew when it is lost. */
class Connection {
  readonly #pg: Pg;
  readonly #config: ClientConfig;
  readonly #name: string;
  #client: Client | undefined;

  constructor(pg: Pg, config: ClientConfig, name: string) {
    this.#pg = pg;
    this.#config = config;
    this.#name = name;
  }

  failed(error: unknown): BiolensError {
    if (error instanceof BiolensError) return error;
    return new BiolensError('external', `${this.#name}: ${messageOf(error)}`, { cause: error });
  }

  async #connect(): Promise<Client> {
    const until = Date.now() + RECONNECT.forMs;
    for (;;) {
      const client = new this.#pg.Client(this.#config);
      // A connection that breaks while idle says so here; the next statement finds out.
      client.on('error', () => this.drop(client));
      try {
        await client.connect();
        await client.query('SET synchronous_commit = on');
        return client;
      } catch (error) {
        void client.end().catch(() => undefined);
        if (Date.now() >= until) throw this.failed(error);
        await sleep(RECONNECT.everyMs);
      }
    }
  }

  async client(): Promise<Client> {
    this.#client ??= await this.#connect();
    return this.#client;
  }

  drop(client: Client): void {
    if (this.#client === client) this.#client = undefined;
    void client.end().catch(() => undefined);
  }

  async close(): Promise<void> {
    await this.#client?.end();
    this.#client = undefined;
  }
}

const parameters = (values: readonly SqlValue[]): (string | number | Buffer | null)[] =>
  values.map(value => (value instanceof Uint8Array ? Buffer.from(value) : value));

/**
 * A gallery in PostgreSQL 15 or later, by a connection string such as `postgres://user:password@host/database`. A commit is on its disk
 * before it is acknowledged; where the server goes away, statements fail and the next ones wait for it for ten seconds.
 *
 * @throws {BiolensError} `usage` where pg is not installed; `external` where the server cannot be reached
 */
export async function openPostgres(connectionString: string): Promise<Driver> {
  const pg = await loadPg('a gallery in PostgreSQL');
  const config: ClientConfig = {
    connectionString,
    connectionTimeoutMillis: 5000,
    application_name: 'biolens-gallery',
    types: {
      // Numbers of 64 bits as numbers: those here are counts and times, far below 2^53.
      getTypeParser: (oid: number, format?: string) =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as NonNullable<ClientConfig['types']>,
  };
  const name = 'PostgreSQL';
  const writer = new Connection(pg, config, name);
  const reader = new Connection(pg, config, name);
  await writer.client();

  // A connection answers one statement after another.
  let last: Promise<unknown> = Promise.resolve();
  const read = (text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> => {
    const done = last.then(() => readNow(text, values));
    last = done.catch(() => undefined);
    return done;
  };
  const readNow = async (text: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> => {
    const client = await reader.client();
    try {
      return (await client.query(text, parameters(values))).rows.map(toRow);
    } catch (error) {
      if (isConnectionLost(error)) reader.drop(client);
      throw error;
    }
  };
  return {
    name,
    types: { bytes: 'BYTEA', number: 'BIGINT' },
    forUpdate: ' FOR UPDATE',
    read: {
      query: async (text, values = []) => {
        try {
          return await read(text, values).catch(error => {
            // Reading twice does no harm.
            if (!isConnectionLost(error)) throw error;
            return read(text, values);
          });
        } catch (error) {
          throw reader.failed(error);
        }
      },
    },
    async transaction(work) {
      const client = await writer.client();
      const sql: Sql = {
        query: async (text, values = []) => {
          if (text.startsWith('CREATE TABLE')) await client.query(`SELECT pg_advisory_xact_lock(${TABLES_LOCK})`);
          return (await client.query(text, parameters(values))).rows.map(toRow);
        },
      };
      try {
        await client.query('BEGIN');
        const value = await work(sql);
        await client.query('COMMIT');
        return value;
      } catch (error) {
        // A connection in doubt is not used again: closing it ends its transaction, if it had not been committed.
        if (error instanceof BiolensError) await client.query('ROLLBACK').catch(() => writer.drop(client));
        else writer.drop(client);
        throw writer.failed(error);
      }
    },
    close: async () => {
      await writer.close();
      await reader.close();
    },
  };
}
