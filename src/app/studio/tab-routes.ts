import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context, Hono } from 'hono';
import { BiolensError } from '../../ground/errors.ts';

/** The built client: `dist/web/federate/` beside `src/` in a clone, and beside `studio/` in the package. */
const CLIENT_FOLDERS = ['../../web/federate/', '../../../dist/web/federate/'].map(path =>
  fileURLToPath(new URL(path, import.meta.url)),
);

export interface TabRoutesOptions {
  /** The studio's page, and its policy. */
  readonly template: string;
  readonly policy: string;
  /** Folder of the built client; the one that comes with biolens by default. */
  readonly clientPath?: string | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  mjs: 'text/javascript',
  wasm: 'application/wasm',
};
/** Hosts as they can stand in a policy. */
const HOST = /^(?:[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** A coordinator's address as a source of a policy; null for anything else. */
function sourceOf(server: string | undefined): string | null {
  if (server === undefined || !URL.canParse(server)) return null;
  const { protocol, host } = new URL(server);
  return (protocol === 'ws:' || protocol === 'wss:') && HOST.test(host) ? `${protocol}//${host}` : null;
}

async function readClient(options: TabRoutesOptions, name: string): Promise<Buffer<ArrayBuffer>> {
  const folders = options.clientPath === undefined ? CLIENT_FOLDERS : [options.clientPath];
  for (const folder of folders) {
    const bytes = await readFile(join(folder, name)).catch(() => null);
    if (bytes !== null) return bytes;
  }
  throw new BiolensError('external', 'the client for browsers has not been built: run "npm run build:web"');
}

/** A file of the engine, from its package. */
async function readEngine(name: string): Promise<Buffer<ArrayBuffer>> {
  let folder: string;
  try {
    folder = dirname(fileURLToPath(import.meta.resolve('onnxruntime-web/wasm')));
  } catch (error) {
    throw new BiolensError('external', 'the engine for browsers is not installed: npm install onnxruntime-web', {
      cause: error,
    });
  }
  return await readFile(join(folder, basename(name)));
}

/**
 * The page on which a person takes part in a federation with a folder of this machine, and the workers that it starts.
 *
 * - `GET /federate/join`: the page; it may start workers of the studio, and connects to the studio alone
 * - `GET /federate/worker.js?server=wss://host:port`: the client; its policy lets it connect to the studio and to that coordinator, and to nothing else
 * - `GET /federate/engine.js`, `GET /federate/ort/:file`: the engine that it trains with, which connects to the studio alone
 */
export function addTabRoutes(app: Hono, options: TabRoutesOptions): void {
  const { template, policy } = options;
  const wider = `${policy}; worker-src 'self'`;
  const page = template.replace(policy, () => wider);
  const send = (c: Context, { bytes, name, sources }: { bytes: Buffer<ArrayBuffer>; name: string; sources: string }) =>
    c.body(bytes, 200, {
      'Content-Type': TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src ${sources}`,
    });

  app.get('/federate/join', c => c.html(page, 200, { 'Content-Security-Policy': wider }));
  app.get('/federate/worker.js', async c => {
    const server = c.req.query('server');
    const source = sourceOf(server);
    if (server !== undefined && source === null) return c.json({ error: '"server" expected ws:// or wss://' }, 400);
    const sources = source === null ? "'self'" : `'self' ${source}`;
    return send(c, { bytes: await readClient(options, 'worker.js'), name: 'worker.js', sources });
  });
  app.get('/federate/engine.js', async c =>
    send(c, { bytes: await readClient(options, 'engine.js'), name: 'engine.js', sources: "'self'" }),
  );
  app.get('/federate/ort/:file{ort[a-z0-9.-]+\\.(?:mjs|wasm)}', async c => {
    const name = c.req.param('file');
    return send(c, { bytes: await readEngine(name), name, sources: "'self'" });
  });
}
