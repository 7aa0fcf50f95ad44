import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { classifyFailure, ERROR_BYTES, readServerMessage } from '../../src/kit/vlm/classify-failure.ts';
import { ModelError, openModel } from '../../src/kit/vlm/index.ts';
import type { ModelRequest, Reply } from '../../src/kit/vlm/model.ts';
import { isNestedDeeper, parseJson } from '../../src/kit/vlm/parse-json.ts';
import { createRedactor } from '../../src/kit/vlm/redact.ts';

const KEY = 'sk-test-0123456789abcdef/+';
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function serve(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

const request: ModelRequest = {
  parts: [{ type: 'text', text: 'Which?' }],
  temperature: 0,
  maxOutputTokens: 64,
  seed: 5,
  signal: new AbortController().signal,
};
const tool = {
  name: 'count_faces',
  description: 'Counts the faces in an image.',
  parameters: { type: 'object', properties: { image: { type: 'integer' } } },
  run: async () => ({ faces: 1 }),
};
const PATHS = [
  ['the plain path', {}],
  ['the tools path', { tools: [tool] }],
] as const;

async function ask(origin: string, more: Partial<ModelRequest> = {}): Promise<Reply> {
  const model = openModel(`openai-compatible:${origin}/v1#m`, { apiKey: KEY, environment: {} });
  cleanups.push(() => model.close?.());
  return await model.ask({ ...request, ...more });
}

const failure = async (promise: Promise<unknown>): Promise<ModelError> => {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof ModelError) return error;
  throw new Error(`expected a ModelError, got ${String(error)}`);
};

const completion = (content: unknown, more: Record<string, unknown> = {}, message: Record<string, unknown> = {}) => ({
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content, ...message } }],
  usage: { prompt_tokens: 3, completion_tokens: 1 },
  ...more,
});
const call = (name: string, args: string) => ({ id: 'c1', type: 'function', function: { name, arguments: args } });

async function bodyOf(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(Buffer.concat(pieces).toString('utf8')));
}

/** Answers every request with this text. */
const answering =
  (text: string | Buffer, status = 200, headers: Record<string, string> = {}): RequestListener =>
  (incoming, response) => {
    incoming.resume();
    incoming.on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(text);
    });
  };

describe.each(PATHS)('%s', (_, more) => {
  test('an error body of a megabyte of tags is told in one line at once', async () => {
    for (const filling of ['<', '<script', '<a ', '<script>', '"', '{"error":', '\\', ' ']) {
      const body = filling.repeat(Math.ceil(1e6 / filling.length));
      const error = await failure(ask(await serve(answering(body, 500)), more));
      expect(error.kind, filling).toBe('server');
      expect(error.message.length).toBeLessThan(350);
      expect(JSON.stringify(error.details).length).toBeLessThan(2000);
    }
  });

  test.each([
    ['gzip', gzipSync(Buffer.alloc(64 << 20, 32))],
    ['br', brotliCompressSync(Buffer.alloc(64 << 20, 32))],
  ])('a %s bomb is cut off', async (encoding, bomb) => {
    const origin = await serve(answering(bomb, 200, { 'content-encoding': encoding }));
    const before = process.memoryUsage().rss;
    const error = await failure(ask(origin, more));
    expect(error).toMatchObject({ kind: 'malformed', transient: true });
    expect(error.message).toContain('longer than 1,048,576 bytes');
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
  });

  test('a compressed honest reply is read, a broken and an unknown one told', async () => {
    const text = JSON.stringify(completion('B'));
    const gzip = await serve(answering(gzipSync(text), 200, { 'content-encoding': 'gzip' }));
    expect((await ask(gzip, more)).text).toBe('B');
    const broken = await serve(answering('no gzip at all', 200, { 'content-encoding': 'gzip' }));
    expect((await failure(ask(broken, more))).message).toContain('cannot be decompressed');
    const unknown = await serve(answering(text, 200, { 'content-encoding': 'rot13' }));
    expect((await failure(ask(unknown, more))).message).toContain('compressed as "rot13"');
  });

  test.each([301, 302, 303, 307, 308])('a redirect with status %i takes the question nowhere', async status => {
    let elsewhere = 0;
    const other = await serve((incoming, response) => {
      elsewhere++;
      answering(JSON.stringify(completion('B')))(incoming, response);
    });
    const origin = await serve(answering('', status, { location: `${other}/v1/chat/completions` }));
    const error = await failure(ask(origin, more));
    expect(error).toMatchObject({ kind: 'not-found', fatal: true });
    expect(error.message).toContain('not followed');
    expect(elsewhere).toBe(0);
  });

  test('words that are names of every object, and counts that are none, are no more than that', async () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      const choices = [{ index: 0, finish_reason: word, message: { role: 'assistant', content: 'B' } }];
      const reply = await ask(await serve(answering(JSON.stringify(completion('B', { choices })))), more);
      expect(reply).toMatchObject({ text: 'B', finishReason: 'other' });
    }
    for (const count of ['-1e308', '1e999', '0.5', '1e300', '-1', '"7"', '[]']) {
      const text = JSON.stringify(completion('B')).replace('"prompt_tokens":3', `"prompt_tokens":${count}`);
      const answer = ask(await serve(answering(text)), more);
      const reply = await answer.catch((error: unknown) => error);
      // The SDK refuses some of them, which is told; none of them counts.
      if (reply instanceof ModelError) expect(reply.kind).toBe('malformed');
      else expect(reply, count).toMatchObject({ text: 'B', usage: { inputTokens: null } });
    }
  });

  test('deep nesting is told, wherever it is', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const text of [
      deep,
      `{"choices":${deep}}`,
      JSON.stringify(completion('B')).replace('"stop"', deep),
      `{"error":${'{"error":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
    ]) {
      const error = await failure(ask(await serve(answering(text)), more));
      expect(error.kind).toBe('malformed');
      expect(error.message).toContain('nested deeper than 64 levels');
      expect((await failure(ask(await serve(answering(text, 400)), more))).kind).toBe('bad-request');
    }
  });

  test('a key comes back in no spelling', async () => {
    const escaped = (prefix: string): string =>
      Array.from(KEY, c => `${prefix}${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const spellings = [
      KEY,
      encodeURIComponent(KEY),
      encodeURIComponent(encodeURIComponent(KEY)),
      escaped('\\u'),
      escaped('\\\\u').toUpperCase().replaceAll('U', 'u'),
      Array.from(KEY, c => `&#${c.charCodeAt(0)};`).join(''),
      KEY.replaceAll('/', '\\/'),
    ];
    for (const spelling of spellings) {
      // As the server writes it: once as the text itself, once so that decoding the JSON makes it the text.
      const quoted = JSON.stringify(spelling).slice(1, -1);
      for (const text of [quoted, spelling.includes('\\') ? spelling : quoted]) {
        const reply = await ask(await serve(answering(JSON.stringify(completion('@')).replace('@', text))), more);
        expect(reply.text, text).toBe('[key]');
        const body = JSON.stringify({ error: { message: `no ${'@'}` } }).replace('@', text);
        const error = await failure(ask(await serve(answering(body, 401)), more));
        expect(`${error.message} ${JSON.stringify(error.details)} ${error.stack}`, text).toContain('no [key]');
      }
    }
  });

  test('a stream is read as a reply, one that breaks off is not', async () => {
    const chunk = (delta: unknown, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'x', model: 'm', created: 1, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const events = [
      ': hello\n\n',
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'Hm.' }),
      chunk({ content: 'The answer' }),
      chunk({ content: ' is B.' }, 'stop'),
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 2 } })}\n\n`,
      'data: [DONE]\n\n',
    ];
    // The connection stays open after the last event.
    const origin = await serve((incoming, response) => {
      incoming.resume();
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of events) response.write(event);
    });
    expect(await ask(origin, more)).toMatchObject({
      text: 'The answer is B.',
      reasoning: 'Hm.',
      finishReason: 'stop',
      usage: { inputTokens: 7, outputTokens: 2 },
      changes: ['stream'],
    });
    const half = await serve(answering(events.slice(0, 4).join(''), 200, { 'content-type': 'text/event-stream' }));
    expect((await failure(ask(half, more))).message).toContain('the stream broke off');
  });

  test('an abort in the middle of anything ends the question at once', async () => {
    const hang = await serve((incoming, response) => {
      incoming.resume();
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
      response.write(gzipSync('{"choices":').subarray(0, 12));
    });
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 50);
    await expect(ask(hang, { ...more, signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('calls of tools', () => {
  const calling = (calls: unknown[]) => answering(JSON.stringify(completion(null, {}, { tool_calls: calls })));

  test('deep arguments, too many calls and names of every object are told', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const cases: [unknown[], string][] = [
      [[call('count_faces', deep)], 'nested too deep'],
      [Array.from({ length: 33 }, () => call('count_faces', '{}')), 'calls 33 tools at once'],
      [[call('constructor', '{}')], 'calls a tool "constructor"'],
      [[call('__proto__', '{}')], 'calls a tool "__proto__"'],
    ];
    for (const [calls, words] of cases) {
      const error = await failure(ask(await serve(calling(calls)), { tools: [tool] }));
      expect(error).toMatchObject({ kind: 'malformed', transient: true });
      expect(error.message).toContain(words);
    }
  });

  test('a tool that does not listen is not waited for', async () => {
    const stuck = { ...tool, run: () => new Promise<never>(() => {}) };
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 50);
    const origin = await serve(calling([call('count_faces', '{}')]));
    await expect(ask(origin, { tools: [stuck], signal: controller.signal })).rejects.toThrow('enough');
  });
});

describe('a server that refuses a field', () => {
  /** Refuses requests in which a test finds something, in these words. */
  const refusing =
    (
      sent: Record<string, unknown>[],
      refuse: (body: Record<string, unknown>) => [status: number, json: unknown] | null,
    ) =>
    async (incoming: IncomingMessage, response: import('node:http').ServerResponse): Promise<void> => {
      const body = await bodyOf(incoming);
      sent.push(body);
      const [status, json] = refuse(body) ?? [200, completion('B')];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(json));
    };
  const openai = (message: string, param: string) => ({
    error: { message, type: 'invalid_request_error', param, code: 'unsupported_parameter' },
  });

  const CASES: [string, (body: Record<string, unknown>) => [number, unknown] | null, string[]][] = [
    [
      'max_tokens, as OpenAI',
      body =>
        'max_tokens' in body
          ? [
              400,
              openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
                'max_tokens',
              ),
            ]
          : null,
      ['max_completion_tokens'],
    ],
    [
      'a temperature of 0, as OpenAI',
      body =>
        'temperature' in body
          ? [
              400,
              openai(
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
                'temperature',
              ),
            ]
          : null,
      ['temperature'],
    ],
    [
      'seed, as pydantic, which repeats the whole request',
      body =>
        'seed' in body
          ? [
              422,
              {
                detail: [
                  {
                    type: 'extra_forbidden',
                    loc: ['body', 'seed'],
                    msg: 'Extra inputs are not permitted',
                    input: body,
                  },
                ],
              },
            ]
          : null,
      ['seed'],
    ],
    [
      'log-probabilities',
      body =>
        'logprobs' in body
          ? [403, { error: { message: 'You are not allowed to request logprobs from this model' } }]
          : null,
      ['logprobs'],
    ],
    [
      'all of them, one after another',
      body => {
        const name = ['seed', 'logprobs', 'temperature', 'max_tokens'].find(field => field in body);
        return name === undefined ? null : [400, { message: `Unrecognized request argument supplied: ${name}` }];
      },
      ['seed', 'logprobs', 'temperature', 'max_completion_tokens'],
    ],
    [
      'an answer in one piece',
      body =>
        body.stream === true
          ? null
          : [400, { error: 'This model only supports stream mode, please enable the stream parameter.' }],
      ['stream'],
    ],
  ];
  test.each(CASES)('%s is asked without it, and again only once', async (_, refuse, changes) => {
    const sent: Record<string, unknown>[] = [];
    const origin = await serve(refusing(sent, refuse));
    const model = openModel(`openai-compatible:${origin}/v1#m`, { environment: {} });
    cleanups.push(() => model.close?.());
    const asked = { ...request, alternatives: 5 };
    expect(await model.ask(asked)).toMatchObject({ text: 'B', changes });
    expect(sent).toHaveLength(1 + changes.length);
    await model.ask(asked);
    expect(sent).toHaveLength(2 + changes.length);
    // What one path has learnt the other knows; the SDK does not ask for log-probabilities here.
    const withTools = await model.ask({ ...asked, tools: [tool] });
    expect(withTools.text).toBe('B');
    expect(sent).toHaveLength(3 + changes.length);
    expect(sent.at(-1)).toHaveProperty('tools');
  });

  test('the tools path learns too', async () => {
    const sent: Record<string, unknown>[] = [];
    const origin = await serve(refusing(sent, CASES[4]![1]));
    const reply = await ask(origin, { tools: [tool] });
    expect(reply).toMatchObject({ text: 'B', changes: ['seed', 'temperature', 'max_completion_tokens'] });
    expect(sent.at(-1)).toMatchObject({ max_completion_tokens: 64 });
  });

  test('a refusal of something else changes nothing', async () => {
    const sent: Record<string, unknown>[] = [];
    for (const message of ['At most 1 image may be provided in one request.', 'max_tokens is too large: 64', 'no']) {
      const error = await failure(ask(await serve(refusing(sent, () => [400, { error: { message } }]))));
      expect(error.kind).toBe('bad-request');
    }
    expect(sent).toHaveLength(3);
  });
});

describe('parts', () => {
  test('nesting is counted outside strings alone', () => {
    expect(isNestedDeeper(JSON.stringify('['.repeat(1000)))).toBe(false);
    expect(isNestedDeeper(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe(false);
    expect(isNestedDeeper(`${'['.repeat(65)}${']'.repeat(65)}`)).toBe(true);
    expect(isNestedDeeper(`["a\\"[",${'{"a":'.repeat(64)}1`)).toBe(true);
    expect(parseJson('{"a":[1,"\\\\"]}')).toEqual({ a: [1, '\\'] });
  });

  test('the words of a page are read in one pass, however it is made', () => {
    expect(readServerMessage('<html><style>b{}</style><h1>Bad</h1><script>x<y</script> Gate<br>way</html>')).toBe(
      'Bad Gate way',
    );
    expect(readServerMessage('a < b')).toBe('a');
    expect(readServerMessage('<script>never ends')).toBe('');
    expect(
      classifyFailure({ status: 400, headers: {}, body: `${' '.repeat(ERROR_BYTES)}content filter` }, 0).kind,
    ).toBe('bad-request');
  });

  test('short secrets are placeholders, and text like a key but not the key stays', () => {
    expect(createRedactor(['EMPTY']).text('EMPTY')).toBe('EMPTY');
    const { text, data } = createRedactor([KEY]);
    expect(text(KEY.toUpperCase())).toBe(KEY.toUpperCase());
    expect(data({ [KEY]: [{ a: `x${KEY}y` }] })).toEqual({ '[key]': [{ a: 'x[key]y' }] });
    // Many beginnings of a key and no key: time in proportion to the length.
    expect(text('\\'.repeat(1e6))).toHaveLength(1e6);
    expect(text(KEY.slice(0, -1).repeat(40_000))).toHaveLength(1_000_000);
  });
});
