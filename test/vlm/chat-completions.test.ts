import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeReply, encodeRequest } from '../../src/kit/vlm/chat-completions.ts';
import { ModelError } from '../../src/kit/vlm/index.ts';
import type { ModelRequest } from '../../src/kit/vlm/model.ts';
import { type BodyPart, bodyLength, bodyText } from '../../src/kit/vlm/transport.ts';
import * as recorded from './recorded-replies.ts';

const signal = new AbortController().signal;
const picture = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);
/** The whole body, which has the length that it says, in bytes as in characters. */
function textOf(body: readonly BodyPart[]): string {
  const text = bodyText(body);
  expect(Buffer.byteLength(text)).toBe(bodyLength(body));
  return text;
}
const ask = (request: Partial<ModelRequest>): unknown =>
  JSON.parse(
    textOf(
      encodeRequest('m', {
        parts: [{ type: 'text', text: 'Which?' }],
        temperature: 0,
        maxOutputTokens: 1024,
        signal,
        ...request,
      }),
    ),
  );

const decode = (json: unknown, status = 200, headers = {}) =>
  decodeReply({ status, headers, body: typeof json === 'string' ? json : JSON.stringify(json) }, 12);
const failureOf = (json: unknown, status: number, headers = {}): ModelError => {
  try {
    decode(json, status, headers);
  } catch (error) {
    if (error instanceof ModelError) return error;
  }
  throw new Error('expected a ModelError');
};

describe('the request', () => {
  test('pictures and texts keep their order; settings have the names of the protocol', () => {
    const parts = [
      { type: 'image', bytes: picture, mediaType: 'image/png' },
      { type: 'text', text: 'Image 2:' },
      { type: 'image', bytes: picture.subarray(4), mediaType: 'image/jpeg' },
      { type: 'text', text: 'Which?\n(A) "yes"' },
    ] as const;
    expect(ask({ parts, system: 'Be brief.', seed: 7, alternatives: 5 })).toEqual({
      model: 'm',
      temperature: 0,
      max_tokens: 1024,
      seed: 7,
      logprobs: true,
      top_logprobs: 5,
      stream: false,
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORwECAw==' } },
            { type: 'text', text: 'Image 2:' },
            { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,AQID' } },
            { type: 'text', text: 'Which?\n(A) "yes"' },
          ],
        },
      ],
    });
  });

  test('what is not asked for is not sent', () => {
    expect(ask({ temperature: null })).toEqual({
      model: 'm',
      max_tokens: 1024,
      stream: false,
      messages: [{ role: 'user', content: 'Which?' }],
    });
  });

  test('any text and any picture survives, in ASCII', () => {
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(texts, texts, fc.uint8Array({ maxLength: 50 }), (text, system, bytes) => {
        const body = encodeRequest(text, {
          parts: [
            { type: 'image', bytes, mediaType: 'image/png' },
            { type: 'text', text },
          ],
          system,
          temperature: 0,
          maxOutputTokens: 1,
          signal,
        });
        expect(JSON.parse(textOf(body))).toMatchObject({
          model: text,
          messages: [
            { content: system },
            {
              content: [
                { image_url: { url: `data:image/png;base64,${Buffer.from(bytes).toString('base64')}` } },
                { text },
              ],
            },
          ],
        });
      }),
    );
  });
});

describe('replies as servers send them', () => {
  test('OpenAI, with log-probabilities', () => {
    expect(decode(recorded.OPENAI)).toEqual({
      text: 'B',
      finishReason: 'stop',
      refused: false,
      usage: { inputTokens: 1117, outputTokens: 46, cachedInputTokens: 0 },
      latencyMs: 12,
      logProbabilities: [
        {
          token: 'B',
          logProbability: -0.0312,
          alternatives: [
            { token: 'B', logProbability: -0.0312 },
            { token: 'A', logProbability: -3.7812 },
          ],
        },
      ],
      response: {
        id: 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT',
        model: 'gpt-4o-2024-08-06',
        finishReason: 'stop',
        fingerprint: 'fp_fc9f1d7035',
        status: 200,
      },
    });
  });

  test('an OpenAI refusal is an answer that says it is one', () => {
    const reply = decode(recorded.OPENAI_REFUSAL);
    expect(reply).toMatchObject({ refused: true, text: "I'm sorry, I can't identify people in images." });
  });

  test('vLLM, with and without reasoning', () => {
    expect(decode(recorded.VLLM)).toMatchObject({ text: 'C', usage: { inputTokens: 1432, outputTokens: 2 } });
    expect(decode(recorded.VLLM)).not.toHaveProperty('reasoning');
    expect(decode(recorded.VLLM_REASONING)).toMatchObject({
      text: '\n\nD',
      reasoning: 'Two of the faces share a chin.',
      finishReason: 'length',
    });
  });

  test('Ollama', () => {
    expect(decode(recorded.OLLAMA)).toMatchObject({
      text: ' (A) Male',
      usage: { inputTokens: 604, outputTokens: 5 },
      response: { fingerprint: 'fp_ollama', model: 'llava' },
    });
  });

  test('content in pieces, no usage, an unknown reason to finish, an empty answer', () => {
    const odd = {
      choices: [
        {
          message: {
            content: [
              { type: 'text', text: 'A' },
              { type: 'text', text: '.' },
            ],
          },
        },
      ],
    };
    expect(decode(odd)).toMatchObject({
      text: 'A.',
      finishReason: 'other',
      usage: { inputTokens: null, outputTokens: null },
    });
    expect(decode({ choices: [{ message: { content: null }, finish_reason: 'stop' }] })).toMatchObject({
      text: '',
      refused: false,
    });
  });

  test("Azure's and OpenRouter's filters are answers, not errors", () => {
    expect(decode(recorded.AZURE_FILTER, 400)).toMatchObject({ refused: true, finishReason: 'content-filter' });
    expect(decode(recorded.OPENROUTER_MODERATION, 403)).toMatchObject({ refused: true });
    const filtered = { choices: [{ message: { content: '' }, finish_reason: 'content_filter' }] };
    expect(decode(filtered)).toMatchObject({ refused: true, text: '' });
  });
});

describe('failures as servers send them', () => {
  test.each([
    ['a wrong key', recorded.OPENAI_WRONG_KEY, 401, 'unauthorised'],
    ["Google's wrong key", recorded.GOOGLE_WRONG_KEY, 400, 'unauthorised'],
    ['an empty account', recorded.OPENAI_NO_QUOTA, 429, 'quota'],
    ['OpenAI busy', recorded.OPENAI_RATE_LIMIT, 429, 'rate-limited'],
    ['Google busy, in the words of an empty account', recorded.GOOGLE_RATE_LIMIT, 429, 'rate-limited'],
    ['OpenRouter busy inside a 200', recorded.OPENROUTER_ERROR_INSIDE, 200, 'rate-limited'],
    ['vLLM, prompt too long', recorded.VLLM_ERROR_FLAT, 400, 'context-too-long'],
    ['Anthropic, prompt too long', recorded.ANTHROPIC_TOO_LONG, 400, 'context-too-long'],
    ['a body too large for the proxy', '<html><h1>413 Request Entity Too Large</h1></html>', 413, 'context-too-long'],
    ['vLLM, too many pictures', recorded.VLLM_ERROR_TOO_MANY_IMAGES, 400, 'bad-request'],
    ['vLLM without the model', recorded.VLLM_ERROR_NO_MODEL, 404, 'not-found'],
    ['Ollama without the model', recorded.OLLAMA_ERROR_NO_MODEL, 404, 'not-found'],
    ['a redirect', '', 301, 'not-found'],
    ['Anthropic overloaded', recorded.ANTHROPIC_OVERLOADED, 529, 'server'],
    ['a bare 500', '', 500, 'server'],
    ['a proxy page with 200', '<html><body>Welcome</body></html>', 200, 'malformed'],
    ['half a body', '{"choices":[{"mess', 200, 'malformed'],
    ['nothing', '', 200, 'malformed'],
    ['no choices', { choices: [] }, 200, 'malformed'],
    ['another protocol', { response: 'B' }, 200, 'malformed'],
  ])('%s', (_, json, status, kind) => {
    expect(failureOf(json, status).kind).toBe(kind);
  });

  test('the message is one line in the words of the server', () => {
    expect(failureOf(recorded.VLLM_ERROR_NO_MODEL, 404).message).toBe('The model `llava` does not exist. (HTTP 404)');
    const page = '<html><style>b{}</style><h1>Bad\n Gateway</h1>\u001b[31m</html>';
    expect(failureOf(page, 502).message).toBe('Bad Gateway [31m (HTTP 502)');
    expect(failureOf('x'.repeat(9999), 500).message.length).toBeLessThan(330);
  });

  test('what to do next follows from the kind', () => {
    expect(failureOf('', 500)).toMatchObject({ transient: true, fatal: false, code: 'external' });
    expect(failureOf('', 401)).toMatchObject({ transient: false, fatal: true, code: 'input' });
    expect(failureOf(recorded.VLLM_ERROR_FLAT, 400)).toMatchObject({ transient: false, fatal: false });
  });
});
