import { randomBytes } from 'node:crypto';
import { type ServerType, serve } from '@hono/node-server';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { createStudio, type StudioOptions } from './server.ts';

export interface StartStudioOptions extends Omit<StudioOptions, 'token'> {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** A fresh random one by default. */
  readonly token?: string;
}

export interface RunningStudio {
  /** Address of the list of runs, with the token in it. */
  readonly url: string;
  /** Address of one run, with the token in it. */
  readonly urlOf: (runId: string) => string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/**
 * Serves the studio on the loopback interface until it is closed.
 *
 * @throws BiolensError `usage` when the port is taken or may not be used; `external` when the pages have not been built.
 */
export async function startStudio(options: StartStudioOptions): Promise<RunningStudio> {
  const { port: wanted = 0, token = randomBytes(24).toString('base64url'), ...rest } = options;
  const app = await createStudio({ ...rest, token });
  const { server, port } = await listen(app.fetch, wanted);
  const addressOf = (path: string): string => `http://${LOOPBACK}:${port}${path}?token=${encodeURIComponent(token)}`;
  return {
    url: addressOf('/'),
    urlOf: runId => addressOf(`/runs/${encodeURIComponent(runId)}`),
    port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close(error => (error === undefined || error === null ? resolve() : reject(error)));
        // A page that follows a run holds its connection open.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  wanted: number,
): Promise<{ readonly server: ServerType; readonly port: number }> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch, port: wanted, hostname: LOOPBACK }, ({ port }) => resolve({ server, port }));
    server.once('error', error =>
      reject(new BiolensError('usage', `port ${wanted}: ${messageOf(error)}`, { cause: error })),
    );
  });
}
