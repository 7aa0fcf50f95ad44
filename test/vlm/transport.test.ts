import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { ModelError } from '../../src/kit/vlm/index.ts';
import { createNodeTransport } from '../../src/kit/vlm/transport.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return new URL(`http://127.0.0.1:${address.port}/v1`);
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
  const server = createServer(handle);
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return listen(server);
}

const never = new AbortController().signal;
function openTransport() {
  const transport = createNodeTransport();
  cleanups.push(() => transport.close());
  return transport;
}
const post = (url: URL, signal = never) => openTransport().post(url, { headers: {}, body: ['{"a":', '"é"}'], signal });
const kindOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    error => (error instanceof ModelError ? error.kind : error),
  );

test('sends the pieces as one body of the right length and reads the whole answer', async () => {
  const url = await serve((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', piece => pieces.push(piece));
    request.on('end', () => {
      response.writeHead(418, { 'X-Odd': 'yes' });
      response.write('{"received":');
      response.end(`${Buffer.concat(pieces).length},"length":${request.headers['content-length']},"ok":"ü"}`);
    });
  });
  const reply = await post(url);
  expect(reply.status).toBe(418);
  expect(reply.headers['x-odd']).toBe('yes');
  expect(JSON.parse(reply.body)).toEqual({ received: 9, length: 9, ok: 'ü' });
});

test('bytes arrive as their base64, of any length, also when many requests share the scratch buffers', async () => {
  const url = await serve(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    response.end(Buffer.concat(pieces));
  });
  const transport = openTransport();
  const lengths = [0, 1, 2, 3, 12_287, 12_288, 12_289, 49_152, 49_153, 100_000, 300_001];
  await Promise.all(
    [...lengths, ...lengths].map(async (length, i) => {
      const bytes = Uint8Array.from({ length }, (_, k) => (k * 31 + i) & 255);
      const reply = await transport.post(url, { headers: {}, body: ['<', bytes, '>'], signal: never });
      expect(reply.body === `<${Buffer.from(bytes).toString('base64')}>`, `${length} bytes`).toBe(true);
    }),
  );
});

test('nothing listening, half a body, and no HTTP at all are network errors that name the server', async () => {
  const closed = createTcpServer();
  const nobody = await listen(closed);
  closed.close();
  await expect(post(nobody)).rejects.toThrow(`${nobody.origin}: nothing listens there`);
  const half = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"choices":');
    setTimeout(() => response.destroy(), 20);
  });
  expect(await kindOf(post(half))).toBe('network');
  const babble = createTcpServer(socket => socket.end('HELLO\r\n\r\n'));
  cleanups.push(() => babble.close());
  expect(await kindOf(post(await listen(babble)))).toBe('network');
});

test('a hang ends when the signal says so, before the headers and in the body', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/body') response.writeHead(200, { 'content-length': 100 }).write('{');
  });
  for (const path of ['/headers', '/body']) {
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 50);
    expect(await kindOf(post(new URL(path, url), controller.signal))).toBe(reason);
  }
  expect(await kindOf(post(url, AbortSignal.abort('early')))).toBe('early');
});

test('an endless reply is cut off', async () => {
  const url = await serve((_, response) => {
    const flood = (): void => {
      while (response.write(Buffer.alloc(1 << 20, 32)));
      response.once('drain', flood);
    };
    flood();
  });
  expect(await kindOf(post(url))).toBe('malformed');
});

test('a connection that the server closed while it was idle does not fail the next request', async () => {
  // Answers the first request on a connection, then drops it as soon as the second one begins to arrive.
  let connections = 0;
  const server = createTcpServer(socket => {
    connections++;
    let requests = 0;
    socket.on('error', () => {});
    socket.on('data', data => {
      if (!data.includes('POST')) return;
      requests++;
      if (requests === 2) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok');
    });
  });
  const url = await listen(server);
  cleanups.push(() => server.close());
  const transport = openTransport();
  const send = () => transport.post(url, { headers: {}, body: ['x'], signal: never });
  expect((await send()).body).toBe('ok');
  await new Promise(resolve => setTimeout(resolve, 20));
  expect((await send()).body).toBe('ok');
  expect(connections).toBe(2);
  connect({ host: url.hostname, port: Number(url.port) }).destroy();
});
