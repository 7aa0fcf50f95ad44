import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BiolensError } from '../../src/ground/errors.ts';
import { formatModelSpec, ModelError, openModel, parseModelSpec } from '../../src/kit/vlm/index.ts';
import type { ModelRequest } from '../../src/kit/vlm/model.ts';
import { MAX_TOOL_ROUNDS } from '../../src/kit/vlm/sdk-model.ts';
import * as recorded from './recorded-replies.ts';

const KEY = 'sk-test-0123456789abcdef';

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A network that answers every request from a list and remembers what was sent. */
function fakeNetwork(...answers: readonly { status?: number; json: unknown; headers?: Record<string, string> }[]) {
  const calls: Call[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)]!;
    const sent = init?.body;
    calls.push({
      url: String(url),
      headers: new Headers(init?.headers),
      body: JSON.parse(typeof sent === 'string' ? sent : '{}'),
    });
    const text = typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json);
    const headers = { 'content-type': 'application/json', ...answer.headers };
    return new Response(text, { status: answer.status ?? 200, headers });
  };
  return { calls, fetch };
}

const request: ModelRequest = {
  system: 'Be brief.',
  parts: [
    { type: 'image', bytes: new Uint8Array([1, 2, 3]), mediaType: 'image/png' },
    { type: 'text', text: 'Which?' },
  ],
  temperature: 0,
  maxOutputTokens: 64,
  seed: 5,
  signal: new AbortController().signal,
};

const failure = async (promise: Promise<unknown>): Promise<ModelError> => {
  const error = await promise.catch((thrown: unknown) => thrown);
  if (error instanceof ModelError) return error;
  throw new Error(`expected a ModelError, got ${String(error)}`);
};

describe('specifications', () => {
  test.each([
    ['openai-compatible:http://host:8000/v1/#qwen2.5-vl-7b', 'openai-compatible:http://host:8000/v1#qwen2.5-vl-7b'],
    ['openai-compatible:http://h:1/v1#Qwen/Qwen2.5-VL#x', 'openai-compatible:http://h:1/v1#Qwen/Qwen2.5-VL#x'],
    ['ollama:llava:13b', 'ollama:llava:13b'],
    ['openai:gpt-4o', 'openai:gpt-4o'],
  ])('%s', (spec, id) => {
    expect(formatModelSpec(parseModelSpec(spec))).toBe(id);
  });

  test.each([
    ['gpt-4o', 'openai-compatible:URL#MODEL'],
    ['azure:gpt', 'got "azure:…"'],
    ['openai:', 'expected a name after "openai:"'],
    ['openai-compatible:http://host/v1', 'no "#MODEL"'],
    ['openai-compatible:host#m', 'http or https address'],
    ['openai-compatible:file:///etc#m', 'got file:'],
    [`openai-compatible:https://u:${KEY}@host/v1#m`, 'without user, password or query'],
    [`openai-compatible:https://host/v1?key=${KEY}#m`, 'without user, password or query'],
  ])('%s is refused', (spec, message) => {
    const parse = (): unknown => parseModelSpec(spec);
    expect(parse).toThrow(BiolensError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(KEY);
  });
});

describe('keys', () => {
  test('a hosted model without a key says which variable to set', () => {
    expect(() => openModel('openai:gpt-4o', { environment: {} })).toThrow(
      'openai:gpt-4o needs a key: set OPENAI_API_KEY',
    );
    expect(() => openModel('google:gemini', { environment: {} })).toThrow(
      'set GOOGLE_GENERATIVE_AI_API_KEY or GEMINI_API_KEY',
    );
  });

  test('a key goes only to the host it is for', async () => {
    const environment = { OPENAI_API_KEY: KEY, OPENROUTER_API_KEY: 'or-0123456789' };
    const sent = async (address: string, more = {}) => {
      const { fetch, calls } = fakeNetwork({ json: recorded.VLLM });
      await openModel(`openai-compatible:${address}#m`, { environment: { ...environment, ...more }, fetch }).ask(
        request,
      );
      return calls[0]!.headers.get('authorization');
    };
    expect(await sent('http://localhost:8000/v1')).toBeNull();
    expect(await sent('https://evil-openai.com/v1')).toBeNull();
    expect(await sent('https://openai.com.evil.net/v1')).toBeNull();
    expect(await sent('https://api.openai.com/v1')).toBe(`Bearer ${KEY}`);
    expect(await sent('https://openrouter.ai/api/v1')).toBe('Bearer or-0123456789');
    expect(await sent('http://gpu-7:8000/v1', { OPENAI_COMPATIBLE_API_KEY: 'mine-123456' })).toBe('Bearer mine-123456');
  });

  test('a server that echoes the key finds it in no error and no reply', async () => {
    const spec = 'openai-compatible:http://h/v1#m';
    for (const options of [{ status: 401 }, { status: 500 }, { status: 200 }]) {
      const { fetch } = fakeNetwork({ ...options, json: { error: { message: `key ${KEY} unknown` } } });
      const error = await failure(openModel(spec, { apiKey: KEY, fetch }).ask(request));
      expect(`${error.message} ${JSON.stringify(error.details)} ${error.stack}`).not.toContain(KEY);
      expect(error.message).toContain('[key]');
    }
    const echo = { choices: [{ message: { content: `Bearer ${KEY}` } }] };
    const reply = await openModel(spec, { apiKey: KEY, fetch: fakeNetwork({ json: echo }).fetch }).ask(request);
    expect(reply.text).toBe('Bearer [key]');
    for (const model of ['openai:gpt-4o', 'google:gemini-2.5-flash', 'anthropic:claude-sonnet-4-5']) {
      const { fetch } = fakeNetwork({ status: 400, json: { error: { message: `bad ${KEY}`, type: 'x', code: 400 } } });
      const error = await failure(openModel(model, { apiKey: KEY, fetch }).ask(request));
      const everything = `${error.message} ${JSON.stringify(error.details)} ${error.stack} ${String(error.cause)}`;
      expect(everything, model).not.toContain(KEY);
    }
  });
});

describe('hosted models, through the SDK', () => {
  test('OpenAI: wire format, seed and log-probabilities', async () => {
    const { fetch, calls } = fakeNetwork({ json: recorded.OPENAI });
    const reply = await openModel('openai:gpt-4o', { apiKey: KEY, fetch }).ask({ ...request, alternatives: 2 });
    expect(calls[0]!.url).toBe('https://api.openai.com/v1/chat/completions');
    expect(calls[0]!.body).toMatchObject({
      model: 'gpt-4o',
      temperature: 0,
      seed: 5,
      logprobs: true,
      top_logprobs: 2,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AQID' } }, { text: 'Which?' }] },
      ],
    });
    expect(reply).toMatchObject({
      text: 'B',
      refused: false,
      usage: { inputTokens: 1117, outputTokens: 46 },
      logProbabilities: [{ token: 'B', logProbability: -0.0312, alternatives: [{ token: 'B' }, { token: 'A' }] }],
      response: { model: 'gpt-4o-2024-08-06' },
    });
  });

  test('Google: wire format; a blocked prompt and a stopped answer are refusals', async () => {
    const ask = async (json: unknown) => {
      const { fetch, calls } = fakeNetwork({ json });
      return { reply: await openModel('google:gemini-2.5-flash', { apiKey: KEY, fetch }).ask(request), calls };
    };
    const { reply, calls } = await ask(recorded.GOOGLE);
    expect(calls[0]!.body).toMatchObject({
      generationConfig: { temperature: 0, seed: 5, maxOutputTokens: 64 },
      contents: [{ parts: [{ inlineData: { mimeType: 'image/png', data: 'AQID' } }, { text: 'Which?' }] }],
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
    });
    expect(reply).toMatchObject({ text: 'D', usage: { inputTokens: 527, outputTokens: 1 } });
    expect((await ask(recorded.GOOGLE_BLOCKED)).reply).toMatchObject({ refused: true });
    expect((await ask(recorded.GOOGLE_STOPPED)).reply).toMatchObject({ refused: true, text: '' });
  });

  test('Anthropic: wire format; a refusal; what it cannot take is said', async () => {
    const ask = async (json: unknown) => {
      const { fetch, calls } = fakeNetwork({ json });
      return { reply: await openModel('anthropic:claude-sonnet-4-5', { apiKey: KEY, fetch }).ask(request), calls };
    };
    const { reply, calls } = await ask(recorded.ANTHROPIC);
    expect(calls[0]!.headers.get('x-api-key')).toBe(KEY);
    expect(calls[0]!.body).toMatchObject({
      max_tokens: 64,
      temperature: 0,
      messages: [{ content: [{ type: 'image', source: { type: 'base64', data: 'AQID' } }, { text: 'Which?' }] }],
    });
    expect(reply).toMatchObject({ text: 'A', usage: { inputTokens: 2095, outputTokens: 4 } });
    expect(reply.warnings?.join()).toContain('seed');
    expect((await ask(recorded.ANTHROPIC_REFUSAL)).reply).toMatchObject({ refused: true });
  });

  test.each([
    ['openai:gpt-4o', 401, recorded.OPENAI_WRONG_KEY, 'unauthorised'],
    ['openai:gpt-4o', 429, recorded.OPENAI_NO_QUOTA, 'quota'],
    ['openai:gpt-4o', 429, recorded.OPENAI_RATE_LIMIT, 'rate-limited'],
    ['openai:gpt-4o', 200, '<html>hello</html>', 'malformed'],
    ['openai:gpt-4o', 200, '{"choices":[{"mess', 'malformed'],
    ['google:gemini-2.5-flash', 400, recorded.GOOGLE_WRONG_KEY, 'unauthorised'],
    ['google:gemini-2.5-flash', 429, recorded.GOOGLE_RATE_LIMIT, 'rate-limited'],
    ['anthropic:claude-sonnet-4-5', 529, recorded.ANTHROPIC_OVERLOADED, 'server'],
    ['anthropic:claude-sonnet-4-5', 400, recorded.ANTHROPIC_TOO_LONG, 'context-too-long'],
  ])('%s with status %i', async (spec, status, json, kind) => {
    const { fetch, calls } = fakeNetwork({ status, json, headers: { 'retry-after': '3' } });
    const error = await failure(openModel(spec, { apiKey: KEY, fetch }).ask(request));
    expect(error.kind).toBe(kind);
    expect(calls, 'the SDK does not retry').toHaveLength(1);
    if (kind === 'rate-limited') expect(error.retryAfterMs).toBe(3000);
  });

  test('a broken connection is a network error; an abort throws its reason', async () => {
    const broken = openModel('openai:gpt-4o', {
      apiKey: KEY,
      fetch: async () => {
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
      },
    });
    expect((await failure(broken.ask(request))).kind).toBe('network');
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(broken.ask({ ...request, signal })).rejects.toBe(reason);
  });
});

describe('tools', () => {
  const call = (id: string, name: string, input: unknown) => ({
    ...recorded.VLLM,
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify(input) } }],
        },
      },
    ],
  });
  const tools = [
    {
      name: 'count_faces',
      description: 'Counts the faces in an image.',
      parameters: { type: 'object', properties: { image: { type: 'integer' } }, required: ['image'] },
      run: async (input: unknown) => {
        if (JSON.stringify(input) === '{"image":9}') throw new Error('there is no image 9');
        return { faces: 3 };
      },
    },
  ];

  test('the model calls, sees what came of it, and answers; tokens add up', async () => {
    const { fetch, calls } = fakeNetwork(
      { json: call('1', 'count_faces', { image: 9 }) },
      { json: call('2', 'count_faces', { image: 1 }) },
      { json: recorded.VLLM },
    );
    const model = openModel('openai-compatible:http://h/v1#m', { fetch });
    const reply = await model.ask({ ...request, tools });
    expect(reply.text).toBe('C');
    expect(reply.toolCalls).toEqual([
      { name: 'count_faces', input: { image: 9 }, output: null, error: 'there is no image 9' },
      { name: 'count_faces', input: { image: 1 }, output: { faces: 3 } },
    ]);
    expect(reply.usage).toEqual({ inputTokens: 3 * 1432, outputTokens: 3 * 2, cachedInputTokens: 0 });
    expect(JSON.stringify(calls[1]!.body)).toContain('there is no image 9');
    expect(JSON.stringify(calls[2]!.body)).toContain('{\\"faces\\":3}');
  });

  test.each([
    ['OpenAI', recorded.OPENAI_TOOL_CALL, recorded.OPENAI],
    ['vLLM', recorded.VLLM_TOOL_CALL, recorded.VLLM],
    ['Ollama', recorded.OLLAMA_TOOL_CALL, recorded.OLLAMA],
  ])('a call as %s writes it goes back with its result under the same id', async (_, asks, answers) => {
    const { fetch, calls } = fakeNetwork({ json: asks }, { json: answers });
    const reply = await openModel('openai-compatible:http://h/v1#m', { fetch }).ask({ ...request, tools });
    expect(reply.toolCalls).toEqual([{ name: 'count_faces', input: { image: 1 }, output: { faces: 3 } }]);
    expect(reply.text).toBe(answers.choices[0]?.message.content);
    expect(reply.usage.inputTokens).toBe(asks.usage.prompt_tokens + answers.usage.prompt_tokens);
    const { messages } = z
      .object({ messages: z.array(z.object({ role: z.string(), tool_call_id: z.string().optional() })) })
      .parse(calls[1]!.body);
    const result = messages.at(-1);
    expect(result).toEqual({ role: 'tool', tool_call_id: asks.choices[0]?.message.tool_calls[0]?.id });
  });

  test('a model that never stops calling is stopped and has given no answer', async () => {
    const { fetch, calls } = fakeNetwork({ json: call('1', 'count_faces', { image: 1 }) });
    const reply = await openModel('openai-compatible:http://h/v1#m', { fetch }).ask({ ...request, tools });
    expect(calls).toHaveLength(MAX_TOOL_ROUNDS);
    expect(reply).toMatchObject({ text: '', finishReason: 'tool-calls' });
    expect(reply.toolCalls).toHaveLength(MAX_TOOL_ROUNDS);
  });
});
