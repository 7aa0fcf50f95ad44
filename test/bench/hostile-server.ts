import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';

export const KEY = 'sk-hostile-0123456789abcdef/+x';

type Behave = (response: ServerResponse, context: { readonly socket: Socket; readonly elsewhere: string }) => void;

const completion = (content: unknown, more: Record<string, unknown> = {}, message: Record<string, unknown> = {}) =>
  JSON.stringify({
    id: 'x',
    model: 'm',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content, ...message }, ...more }],
    usage: { prompt_tokens: 3, completion_tokens: 1 },
  });
const HONEST = completion('B');

const send =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Behave =>
  response => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };

/** Writes the same for ever, as fast as it is taken. */
const endless =
  (piece: string | Buffer, headers: Record<string, string> = {}, start = ''): Behave =>
  response => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.write(start);
    const flood = (): void => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', flood);
    };
    flood();
  };

const deep = (levels: number): string => `${'{"error":'.repeat(levels)}1${'}'.repeat(levels)}`;
const bomb = Buffer.alloc(256 << 20, 32);
const unicode = (prefix: string): string =>
  Array.from(KEY, c => `${prefix}u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const calls = (n: number, name: string, args: string): string =>
  completion(
    null,
    {},
    {
      tool_calls: Array.from({ length: n }, (_, i) => ({
        id: `c${i}`,
        type: 'function',
        function: { name, arguments: args },
      })),
    },
  );
const chunk = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const STREAM = { 'content-type': 'text/event-stream' };

/** Ways in which a model server misbehaves, by what a test calls them. */
export const WAYS: Readonly<Record<string, Behave>> = {
  'closes the connection': (_, { socket }) => socket.destroy(),
  'resets the connection': (_, { socket }) => socket.resetAndDestroy(),
  'never answers': () => {},
  'begins headers and stops': (_, { socket }) => socket.write('HTTP/1.1 200 OK\r\ncontent-type: appl'),
  'begins a body and stops': response => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"choices":');
  },
  'sends a byte every 50 ms': response => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 50);
    response.on('close', () => clearInterval(timer));
  },
  'never ends blanks': endless(Buffer.alloc(1 << 16, 32)),
  'never ends a string': endless('x'.repeat(1 << 16), {}, '{"choices":[{"message":{"content":"'),
  'sends a gzip bomb': send(gzipSync(bomb), 200, { 'content-encoding': 'gzip' }),
  'sends a brotli bomb': send(brotliCompressSync(bomb, { params: {} }), 200, { 'content-encoding': 'br' }),
  'sends a zstd bomb': send(zstdCompressSync(bomb), 200, { 'content-encoding': 'zstd' }),
  'sends a gzip bomb as an error': send(gzipSync(bomb), 500, { 'content-encoding': 'gzip' }),
  'sends broken gzip': send('not gzip', 200, { 'content-encoding': 'gzip' }),
  'compresses by an unknown method': send(HONEST, 200, { 'content-encoding': 'rot13' }),
  'promises more than it sends': (_, { socket }) =>
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n${HONEST}`),
  'sends more than it promises': (_, { socket }) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n${HONEST.repeat(3)}`),
  'sends a megabyte of < with 500': send('<'.repeat(1e6), 500),
  'sends a megabyte of < with 400': send('<'.repeat(1e6), 400),
  'sends a megabyte of <script with 200': send('<script '.repeat(125_000), 200),
  'nests an error 100,000 deep': send(deep(100_000), 400),
  'nests a reply 100,000 deep': send(`{"choices":${'['.repeat(1e5)}${']'.repeat(1e5)}}`),
  'finishes with constructor': send(HONEST.replace('"stop"', '"constructor"')),
  'finishes with __proto__': send(HONEST.replace('"stop"', '"__proto__"')),
  'counts -1e308 tokens': send(HONEST.replace('"prompt_tokens":3', '"prompt_tokens":-1e308')),
  'counts 1e999 tokens': send(HONEST.replace('"prompt_tokens":3', '"prompt_tokens":1e999')),
  'redirects elsewhere with 307': (response, { elsewhere }) =>
    send('', 307, { location: elsewhere })(response, { elsewhere } as never),
  'redirects to itself': send('', 302, { location: '/v1/chat/completions' }),
  'gives the key back with 401': send(JSON.stringify({ error: { message: `wrong key ${KEY}` } }), 401),
  'gives the key back percent-escaped': send(`no ${encodeURIComponent(KEY)}`, 500),
  'gives the key back JSON-escaped': send(`{"error":{"message":"no ${unicode('\\')}"}}`, 500),
  'gives the key back escaped twice': send(`{"error":{"message":"no ${unicode('\\\\')}"}}`, 400),
  'answers with the key': send(completion(`It is B. ${KEY} ${encodeURIComponent(KEY)}`)),
  'answers with the key JSON-escaped': send(
    completion('@').replace('@', `It is B. ${unicode('\\')} ${unicode('\\\\')}`),
  ),
  'streams the key in pieces': response => {
    response.writeHead(200, STREAM);
    for (const letter of `B. ${KEY}`) response.write(chunk(letter));
    response.end('data: [DONE]\n\n');
  },
  'sends a page': send('<html><body><h1>Sign in</h1></body></html>', 200, { 'content-type': 'text/html' }),
  'sends nothing': send(''),
  'sends 204': send('', 204),
  'sends status 999': (_, { socket }) => socket.end('HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\n{}'),
  'switches protocols': (_, { socket }) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  'speaks no HTTP': (_, { socket }) => socket.write(Buffer.from('\u0000\u0001HELLO\r\n\r\n'.repeat(100))),
  'sends a header of 100 kB': (_, { socket }) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(1e5)}\r\n\r\n{}`),
  'never ends headers': (_, { socket }) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    const timer = setInterval(() => socket.write(`x-${'y'.repeat(100)}: z\r\n`), 5);
    socket.on('close', () => clearInterval(timer));
  },
  'never ends early hints': (_, { socket }) => {
    const timer = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(50)), 5);
    socket.on('close', () => clearInterval(timer));
  },
  'keeps a stream alive for ever': endless(': still here\n\n', STREAM),
  'streams words for ever': endless(chunk('word '), STREAM),
  'streams what is no JSON': send('data: {"choices":[{"delta"\n\ndata: [DONE]\n\n', 200, STREAM),
  'breaks a stream off': send(chunk('The answer'), 200, STREAM),
  'asks to wait for ages': send('{"error":"busy"}', 429, { 'retry-after': '1e12' }),
  'asks to wait for an hour': send('{"error":"busy"}', 429, { 'retry-after': '3600' }),
  'asks to wait for half a minute': send('{"error":"busy"}', 429, { 'retry-after': '30' }),
  'is always overloaded': send('{"error":"overloaded"}', 503),
  'refuses a field for ever': send('{"error":"Unsupported parameter: seed, temperature, max_tokens, stream"}', 400),
  'answers 900 kB of "answer is "': send(completion('answer is '.repeat(9e4))),
  'answers 900 kB of brackets': send(completion('((['.repeat(3e5))),
  'answers in bytes that are no text': send(Buffer.concat([Buffer.from('{"choices":'), Buffer.alloc(5000, 0xff)])),
  'offers 20,000 choices': send(`{"choices":[${Array(20_000).fill('{"message":{"content":"B"}}').join(',')}]}`),
  'calls a tool with deep arguments': send(calls(1, 'detect_faces', '['.repeat(1e5) + ']'.repeat(1e5))),
  'calls 5,000 tools at once': send(calls(5000, 'detect_faces', '{"image":1}')),
  'calls a tool named constructor': send(calls(1, 'constructor', '{}')),
  'calls an unknown tool for ever': send(calls(1, 'no_such_tool', '{}')),
  'calls a tool for an image that is not there for ever': send(calls(3, 'detect_faces', '{"image":99}')),
};

export interface HostileServer {
  readonly baseUrl: string;
  /** How the next requests are answered; null is an honest answer. */
  behave: Behave | null;
  requests: number;
  /** Requests that followed a redirect to another origin. */
  readonly strayed: () => number;
  close(): void;
}

/** A server that answers as it is told. */
export async function startHostileServer(): Promise<HostileServer> {
  let strayed = 0;
  const other = createServer((request, response) => {
    strayed++;
    request.resume();
    response.end(HONEST);
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const portOf = (server: typeof other): number => {
    const address = server.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    return address.port;
  };
  const elsewhere = `http://127.0.0.1:${portOf(other)}/v1/chat/completions`;
  const server = createServer({ maxHeaderSize: 1 << 20 }, (request, response) => {
    state.requests++;
    response.on('error', () => {});
    request.resume();
    request.on('end', () => (state.behave ?? send(HONEST))(response, { socket: request.socket, elsewhere }));
  });
  server.on('connection', socket => socket.on('error', () => {}));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: HostileServer = {
    baseUrl: `http://127.0.0.1:${portOf(server)}/v1`,
    behave: null,
    requests: 0,
    strayed: () => strayed,
    close() {
      for (const one of [server, other]) {
        one.closeAllConnections();
        one.close();
      }
    },
  };
  return state;
}
