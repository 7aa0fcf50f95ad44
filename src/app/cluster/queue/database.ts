import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient, QueryResult } from 'pg';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { isConnectionLost, isServerStarting, loadPg } from '../../../kit/postgres/node.ts';

/** How long a server that is gone is waited for, and between two tries. */
const PATIENCE = { forMs: 300_000, everyMs: 500 } as const;

type Query = (text: string, values?: readonly unknown[]) => Promise<QueryResult>;

/** PostgreSQL whose statements outlive a restart of the server. */
export interface Database {
  /** Runs a statement; where the connection is lost, it is run again: it is to change nothing the second time. */
  readonly query: Query;
  /** Runs statements as one, all of them again where the connection is lost. */
  readonly transaction: <T>(work: (query: Query) => Promise<T>) => Promise<T>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a database by its connection string, which no error repeats: it holds a password.
 *
 * @throws {BiolensError} `usage` for another kind of address, or where `pg` is not installed; `external` where the server cannot be reached
 */
export async function openDatabase(
  connectionString: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Database> {
  if (!/^postgres(?:ql)?:\/\//.test(connectionString))
    throw new BiolensError('usage', '"--queue" expected an address such as postgres://user@host/database');
  const pg = await loadPg('a queue');
  const pool: Pool = new pg.Pool({
    connectionString,
    max: 4,
    connectionTimeoutMillis: 5000,
    application_name: 'biolens-queue',
  });
  // A connection that breaks while idle says so here; the next statement finds out.
  pool.on('error', () => undefined);
  const failed = (error: unknown): BiolensError =>
    error instanceof BiolensError
      ? error
      : new BiolensError('external', `the queue: ${messageOf(error)}`, { cause: error });
  const patiently = async <T>(work: () => Promise<T>, isAwaited: (error: unknown) => boolean): Promise<T> => {
    const until = Date.now() + PATIENCE.forMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof BiolensError || !isAwaited(error) || Date.now() >= until) throw failed(error);
        await sleep(PATIENCE.everyMs, undefined, { signal }).catch(() => {
          throw new BiolensError('interrupted', 'interrupted');
        });
      }
    }
  };
  const withClient = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    // Without a listener a server that goes away would end the process.
    const ignore = (): void => undefined;
    client.on('error', ignore);
    let broken: Error | undefined;
    try {
      return await work(client);
    } catch (error) {
      if (isConnectionLost(error) && !(error instanceof BiolensError)) broken = new Error('lost', { cause: error });
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  };
  const run =
    (client: PoolClient): Query =>
    (text, values = []) =>
      // Several statements in one text take no parameters.
      values.length === 0 ? client.query(text) : client.query(text, [...values]);
  const database: Database = {
    query: (text, values) => patiently(() => withClient(client => run(client)(text, values)), isConnectionLost),
    transaction: work =>
      patiently(
        () =>
          withClient(async client => {
            await client.query('BEGIN');
            try {
              const value = await work(run(client));
              await client.query('COMMIT');
              return value;
            } catch (error) {
              await client.query('ROLLBACK').catch(() => undefined);
              throw error;
            }
          }),
        isConnectionLost,
      ),
    close: () => pool.end(),
  };
  try {
    // One that was never there is told of at once; one that recovers what a crash left is not.
    await patiently(() => withClient(client => client.query('SELECT 1')), isServerStarting);
  } catch (error) {
    await pool.end();
    throw error;
  }
  return database;
}
