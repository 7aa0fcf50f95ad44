import { createServer as createHttps } from 'node:https';
import { type ServerType, serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { stream } from 'hono/streaming';
import type { z } from 'zod';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import { explainIssue, toJsonSchema } from '../../../../kit/job/index.ts';
import type { Clients, Right } from '../clients/node.ts';
import { LimitedError } from '../errors.ts';
import { enrollRequestSchema, identifyRequestSchema, revokeRequestSchema, verifyRequestSchema } from '../schemas.ts';
import type { GalleryService } from '../service.ts';

/** An embedding of the most dimensions, with every digit that a double has. */
const MOST_BODY_BYTES = 64 * 1024;

type ErrorCode = 'input' | 'unauthorised' | 'limited' | 'unavailable';

function refuse(
  c: Context,
  status: 400 | 401 | 403 | 404 | 413 | 429 | 503,
  code: ErrorCode,
  message: string,
  retryAfterMs: number | null = null,
): Response {
  if (retryAfterMs !== null) c.header('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  return c.json({ error: { code, message, retryAfterMs } }, status);
}

async function bodyOf<S extends z.ZodType>(c: Context, schema: S): Promise<z.output<S>> {
  const input: unknown = await c.req.json().catch(() => {
    throw new BiolensError('input', 'the body expected JSON');
  });
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  // What was sent is a face: the message names the field and repeats nothing.
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') ?? '';
  const why =
    issue?.path.length === 1 && issue.path[0] === 'embedding' ? 'expected a list of numbers, 2 to 1024' : null;
  throw new BiolensError(
    'input',
    why === null && !field.startsWith('embedding')
      ? explainIssue(parsed.error, { input, schema: toJsonSchema(schema, 'input') })
      : `"${field}" ${why ?? 'expected a number'}`,
    { cause: parsed.error },
  );
}

/**
 * The gallery over HTTP. Every request but `GET /v1/health` carries `Authorization: Bearer TOKEN`.
 *
 * - `POST /v1/enroll`, `/v1/verify`, `/v1/identify`, `/v1/revoke`, `/v1/rekey`
 * - `GET /v1/rekey`, `/v1/export` (a line a template), `/v1/audit?after=`, `/v1/metrics`, `/v1/health`
 */
export function createGalleryApp(service: GalleryService, clients: Clients): Hono {
  const app = new Hono();
  const clientOf = (c: Context, right: Right): string => {
    const given = /^Bearer ([\w-]{1,200})$/.exec(c.req.header('authorization') ?? '')?.[1];
    const client = given === undefined ? null : clients.find(given);
    if (client === null) throw new AccessError(401);
    if (!client.may.includes(right)) throw new AccessError(403);
    return client.name;
  };
  const limited = bodyLimit({
    maxSize: MOST_BODY_BYTES,
    onError: c => refuse(c, 413, 'input', `the body is larger than ${MOST_BODY_BYTES} bytes`),
  });
  app.use((c, next) => {
    // A length that the server holds the body to; counting as it comes takes a third of the time of a request.
    const told = c.req.header('content-length') ?? '';
    const isTold = /^\d{1,6}$/.test(told) && c.req.header('transfer-encoding') === undefined;
    return isTold && Number(told) <= MOST_BODY_BYTES ? next() : limited(c, next);
  });
  app.use(async (c, next) => {
    await next();
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
  });
  app.post('/v1/enroll', async c => {
    const client = clientOf(c, 'enroll');
    return c.json(await service.enroll(client, await bodyOf(c, enrollRequestSchema)));
  });
  app.post('/v1/verify', async c => {
    const client = clientOf(c, 'match');
    return c.json(await service.verify(client, await bodyOf(c, verifyRequestSchema)));
  });
  app.post('/v1/identify', async c => {
    const client = clientOf(c, 'match');
    return c.json(await service.identify(client, await bodyOf(c, identifyRequestSchema)));
  });
  app.post('/v1/revoke', async c => {
    const client = clientOf(c, 'revoke');
    return c.json(await service.revoke(client, await bodyOf(c, revokeRequestSchema)));
  });
  app.post('/v1/rekey', async c => c.json(await service.rekey(clientOf(c, 'rekey'))));
  app.get('/v1/rekey', async c => {
    clientOf(c, 'rekey');
    return c.json(await service.rekeying());
  });
  app.get('/v1/export', c => {
    const client = clientOf(c, 'export');
    c.header('Content-Type', 'application/x-ndjson');
    return stream(c, async out => {
      for await (const one of service.export(client)) await out.writeln(JSON.stringify(one));
    });
  });
  app.get('/v1/audit', async c => {
    clientOf(c, 'audit');
    const after = Number(c.req.query('after') ?? 0);
    if (!Number.isSafeInteger(after) || after < 0)
      return refuse(c, 400, 'input', '"after" expected a whole number from 0');
    return c.json({ entries: await service.audit(after) });
  });
  app.get('/v1/metrics', c => {
    clientOf(c, 'metrics');
    return c.text(service.metrics.write({ templates: service.size }));
  });
  app.get('/v1/health', async c => {
    const ok = await service.healthy();
    return c.json({ status: ok ? 'ok' : 'failing' }, ok ? 200 : 503);
  });
  app.notFound(c => refuse(c, 404, 'input', 'there is nothing here'));
  app.onError((error, c) => {
    if (error instanceof AccessError)
      return refuse(
        c,
        error.status,
        'unauthorised',
        error.status === 401 ? 'expected a token' : 'this client may not do that',
      );
    if (error instanceof LimitedError) return refuse(c, 429, 'limited', error.message, error.retryAfterMs);
    if (error instanceof BiolensError && error.code !== 'external') return refuse(c, 400, 'input', messageOf(error));
    // What went wrong inside is for the operator.
    process.stderr.write(`gallery: ${messageOf(error)}\n`);
    return refuse(c, 503, 'unavailable', 'the gallery cannot do that now');
  });
  return app;
}

class AccessError extends Error {
  readonly status: 401 | 403;

  constructor(status: 401 | 403) {
    super('access');
    this.status = status;
  }
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Certificate and key in PEM. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
}

export interface RunningGallery {
  readonly url: string;
  /** Takes no more requests, and lets those under way end. */
  close(): Promise<void>;
}

/** Serves a gallery. @throws {BiolensError} `usage` when the port is taken or may not be used */
export function listenGallery(app: Hono, { host, port, tls }: ListenOptions): Promise<RunningGallery> {
  return new Promise((resolve, reject) => {
    const secure =
      tls === undefined
        ? {}
        : { createServer: createHttps, serverOptions: { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key) } };
    const server: ServerType = serve({ fetch: app.fetch, hostname: host, port, ...secure }, ({ port: taken }) => {
      const name = host.includes(':') ? `[${host}]` : host;
      resolve({
        url: `${tls === undefined ? 'http' : 'https'}://${name}:${taken}`,
        close: () =>
          new Promise((done, failed) => {
            server.close(error => (error === undefined || error === null ? done() : failed(error)));
            if ('closeIdleConnections' in server) server.closeIdleConnections();
          }),
      });
    });
    server.once('error', error =>
      reject(new BiolensError('usage', `${host}:${port}: ${messageOf(error)}`, { cause: error })),
    );
  });
}
