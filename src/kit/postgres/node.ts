import { BiolensError, messageOf } from '../../ground/errors.ts';

type Pg = typeof import('pg');

/**
 * node-postgres, an optional part.
 *
 * @param what needs it, as the error says it
 * @throws {BiolensError} `usage` where it is not installed
 */
export async function loadPg(what: string): Promise<Pg> {
  const loaded = await import('pg').catch(error => {
    throw new BiolensError('usage', `${what} takes pg: npm install pg (${messageOf(error)})`, { cause: error });
  });
  return 'default' in loaded ? (loaded.default as Pg) : loaded;
}

/** Whether an error means that the server is there and recovers what a crash left (SQLSTATE 57P03, cannot_connect_now). */
export const isServerStarting = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === '57P03';

/** Whether an error means that the connection is gone and not that the statement was wrong: it has an SQLSTATE of class 08 or 57, or none. */
export function isConnectionLost(error: unknown): boolean {
  // The system's own codes may look like an SQLSTATE: EPIPE.
  if (!(error instanceof Error) || !('code' in error) || 'syscall' in error) return true;
  const code = String(error.code);
  return !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('08') || code.startsWith('57');
}
