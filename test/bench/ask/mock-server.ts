import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';

/**
 * An OpenAI-compatible endpoint that misbehaves on purpose. What it does to a request follows from the seed, the prompt
 * and how often that prompt has been asked before, so that a run meets the same faults in whatever order it asks.
 *
 * As a program: `node mock-server.ts '{"seed":1,"delayMs":200}'` prints its port on the first line and its counts as
 * JSON when it is told `stats` on standard input.
 */
export const FAULTS = [
  'rate-limit',
  'server-error',
  'half-body',
  'hang',
  'malformed-json',
  'html-page',
  'refusal',
  'empty',
] as const;
export type Fault = (typeof FAULTS)[number];

const optionsSchema = z.object({
  seed: z.number().default(1),
  delayMs: z.number().default(0),
  /** Share of requests that meet a fault, each kind alike. */
  faultShare: z.number().default(0),
  /** Share of prompts that get a server error however often they are asked. */
  brokenShare: z.number().default(0),
  retryAfterSeconds: z.number().default(0),
  /** More requests at a time than this are turned away. */
  capacity: z.number().default(Number.POSITIVE_INFINITY),
  /** More requests at a time than this wait for one another, as in a server that works on so many at once. */
  workers: z.number().default(Number.POSITIVE_INFINITY),
  /** Requests without this bearer token get a 401 that shows the token. */
  apiKey: z.string().optional(),
  /** The body is thrown away unread, and every answer is "B". */
  blind: z.boolean().default(false),
});
export type MockOptions = z.input<typeof optionsSchema>;

export interface MockServer {
  readonly baseUrl: string;
  readonly port: number;
  readonly stats: {
    requests: number;
    replies: number;
    highWater: number;
    faults: Record<Fault, number>;
    prompts: string[];
  };
  close(): Promise<void>;
}

const requestSchema = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([
        z.string(),
        z.array(
          z.discriminatedUnion('type', [
            z.object({ type: z.literal('text'), text: z.string() }),
            z.object({
              type: z.literal('image_url'),
              image_url: z.object({ url: z.string().startsWith('data:image/') }),
            }),
          ]),
        ),
      ]),
    }),
  ),
});

/** Uniform on [0, 1), from a text. */
function drawFrom(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}

const LETTERS = ['A', 'B', 'C', 'D'];
export const mockLetter = (prompt: string): string => LETTERS[createHash('sha256').update(prompt).digest()[0]! % 4]!;

function completion(content: string | null, more: { refusal?: string; promptTokens?: number } = {}): string {
  return JSON.stringify({
    id: 'chatcmpl-mock',
    object: 'chat.completion',
    created: 1757000000,
    model: 'mock',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: more.refusal ?? null, tool_calls: [] },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: more.promptTokens ?? 100, completion_tokens: 10, total_tokens: 110 },
  });
}

export async function startMockServer(given: MockOptions = {}): Promise<MockServer> {
  const options = optionsSchema.parse(given);
  const seen = new Map<string, number>();
  const faults: Record<Fault, number> = {
    'rate-limit': 0,
    'server-error': 0,
    'half-body': 0,
    hang: 0,
    'malformed-json': 0,
    'html-page': 0,
    refusal: 0,
    empty: 0,
  };
  const stats = { requests: 0, replies: 0, highWater: 0, faults, prompts: [] as string[] };
  let inside = 0;
  const queue: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    inside++;
    stats.highWater = Math.max(stats.highWater, inside);
    if (inside > options.workers) await new Promise<void>(resolve => queue.push(resolve));
  };
  const leave = (): void => {
    inside--;
    queue.shift()?.();
  };

  const server = createServer(async (request, response) => {
    stats.requests++;
    if (inside >= options.capacity) {
      request.resume();
      turnAway(response);
      return;
    }
    await enter();
    try {
      await answer(request, response);
    } finally {
      leave();
    }
  });

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readBody(request, options.blind);
    const authorization = request.headers.authorization ?? '';
    if (options.apiKey !== undefined && authorization !== `Bearer ${options.apiKey}`) {
      send(response, { status: 401, json: { error: { message: `wrong key ${authorization}` } } });
      return;
    }
    await new Promise(resolve => setTimeout(resolve, options.delayMs));
    if (options.blind) reply(response, completion('B'));
    else answerPrompt(promptOf(body), response);
  };

  const answerPrompt = (prompt: string | null, response: ServerResponse): void => {
    if (prompt === null) {
      send(response, { status: 400, json: { error: { message: 'no chat request' } } });
      return;
    }
    stats.prompts.push(prompt);
    const turn = seen.get(prompt) ?? 0;
    seen.set(prompt, turn + 1);
    const draw = drawFrom(`${options.seed} ${turn} ${prompt}`);
    if (drawFrom(`${options.seed} broken ${prompt}`) < options.brokenShare) {
      send(response, { status: 500, json: { error: { message: 'this prompt breaks me' } } });
    } else if (draw < options.faultShare) {
      const fault = FAULTS[Math.floor((draw / options.faultShare) * FAULTS.length)]!;
      faults[fault]++;
      misbehave(fault, response);
    } else {
      reply(response, completion(mockLetter(prompt)));
    }
  };

  const turnAway = (response: ServerResponse): void => {
    const headers = { 'retry-after': String(options.retryAfterSeconds) };
    send(response, { status: 429, json: { error: { message: 'too many at a time' } }, headers });
  };

  const reply = (response: ServerResponse, text: string): void => {
    stats.replies++;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };

  const misbehave = (fault: Fault, response: ServerResponse): void => {
    const whole = completion('A');
    switch (fault) {
      case 'rate-limit':
        turnAway(response);
        break;
      case 'server-error':
        send(response, { status: 500, json: { error: { message: 'out of memory' } } });
        break;
      case 'half-body':
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': whole.length });
        response.write(whole.slice(0, whole.length / 2), () => response.destroy());
        break;
      case 'hang':
        break;
      case 'malformed-json':
        reply(response, `${whole.slice(0, 40)}\n`);
        break;
      case 'html-page':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html><body><h1>Sign in</h1></body></html>');
        break;
      case 'refusal':
        reply(response, completion(null, { refusal: "I can't help with identifying people." }));
        break;
      case 'empty':
        reply(response, completion(''));
        break;
      default:
        fault satisfies never;
    }
  };

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    port: address.port,
    stats,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Sent {
  readonly status: number;
  readonly json: unknown;
  readonly headers?: Record<string, string>;
}

function send(response: ServerResponse, { status, json, headers = {} }: Sent): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(json));
}

async function readBody(request: IncomingMessage, blind: boolean): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) if (!blind && Buffer.isBuffer(piece)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}

/** The text parts of the last message, or null where the body is no chat request. */
function promptOf(body: string): string | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const content = requestSchema.safeParse(json).data?.messages.at(-1)?.content;
  if (content === undefined) return null;
  if (typeof content === 'string') return content;
  return content.flatMap(part => (part.type === 'text' ? [part.text] : [])).join('\n');
}

if (import.meta.main) {
  const server = await startMockServer(JSON.parse(process.argv[2] ?? '{}'));
  process.stdout.write(`${server.port}\n`);
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(server.stats)}\n`));
  process.stdin.on('end', () => process.exit(0));
}
