import { describe, expect, test } from 'vitest';
import { BiolensError } from '../../../src/ground/errors.ts';
import { ModelError, openBatches } from '../../../src/kit/vlm/index.ts';
import { MOCK_KEY, MODELS, type MockOptions, MockProvider } from './mock-provider.ts';
import { clientFor, makeRun, saidIn } from './support.ts';

const KINDS = ['openai', 'anthropic', 'google'] as const;
const make = (kind: MockOptions['kind'], options: Omit<MockOptions, 'kind'> = {}): MockProvider =>
  new MockProvider({ kind, ...options });

/** Answers everything, and keeps what was asked. */
const keepIn =
  (seen: unknown[]): NonNullable<MockOptions['answer']> =>
  ({ body }) => {
    seen.push(body);
    return { text: 'A' };
  };

const bytesOf = (value: unknown): string => JSON.stringify(value);

describe.each(KINDS)('batches of %s', kind => {
  test('all questions are answered once, at half the price, and nothing is left at the provider', async () => {
    const provider = make(kind, { polls: 2, answer: ({ id }) => ({ text: `B ${id.length}` }) });
    const run = makeRun(provider, { price: { inputPerMillion: 10, outputPerMillion: 100 } });
    const { error, events } = await run.stretch();
    expect(error).toBeNull();
    expect(run.answers).toHaveLength(6);
    for (const answer of run.answers) {
      expect(answer.raw).toMatch(/^B \d+$/);
      expect(answer.usage).toEqual({ inputTokens: 100, outputTokens: 10, cachedInputTokens: 64 });
      expect(answer.cost).toBeCloseTo((100 * 10 + 10 * 100) / 1e6 / 2, 12);
      expect(answer).toMatchObject({ latencyMs: null, attempts: 1, finishReason: 'stop' });
      expect(answer.changes).toBeUndefined();
    }
    expect(provider.batches).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'complete', done: 6, errors: 0 });
    expect(provider.deleted.length).toBeGreaterThan(0);
    expect(provider.files.size).toBe(0);
    expect(run.shelf.written.join('')).not.toContain(MOCK_KEY);
  });

  test('what is sent is what the provider publishes: images, text, settings', async () => {
    const seen: unknown[] = [];
    const provider = make(kind, { answer: keepIn(seen) });
    await makeRun(provider, {
      questions: 1,
      system: 'Be brief.',
      temperature: 0.5,
      maxOutputTokens: 64,
      seed: 7,
    }).stretch();
    const [body] = seen;
    const text = expect.stringContaining('Which age group does face 1 belong to?');
    const data = expect.stringMatching(/^iVBOR/);
    if (kind === 'openai')
      expect(body).toMatchObject({
        model: 'gpt-test',
        temperature: 0.5,
        max_completion_tokens: 64,
        seed: 7,
        messages: [
          { role: 'system', content: 'Be brief.' },
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: expect.stringMatching(/^data:image\/png;base64,iVBOR/) } },
              { type: 'text', text },
            ],
          },
        ],
      });
    if (kind === 'anthropic')
      expect(body).toEqual({
        model: 'claude-test',
        max_tokens: 64,
        temperature: 0.5,
        system: 'Be brief.',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
              { type: 'text', text },
            ],
          },
        ],
      });
    if (kind === 'google')
      expect(body).toEqual({
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        generationConfig: { temperature: 0.5, maxOutputTokens: 64, seed: 7 },
        contents: [{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data } }, { text }] }],
      });
  });

  test('several batches where one would be too large, by number and by bytes', async () => {
    const byNumber = make(kind);
    await makeRun(byNumber, { questions: 7, limits: { requests: 3, bytes: 1e6 } }).stretch();
    expect(byNumber.batches.map(({ requests }) => requests.length)).toEqual([3, 3, 1]);

    const byBytes = make(kind);
    const run = makeRun(byBytes, { questions: 7, limits: { requests: 100, bytes: 2500 } });
    expect((await run.stretch()).error).toBeNull();
    expect(run.answers).toHaveLength(7);
    expect(byBytes.batches.length).toBeGreaterThan(1);
    for (const { requests } of byBytes.batches) expect(bytesOf(requests).length).toBeLessThan(2500 + 300);
  });

  test('a question larger than a batch may be is its own error', async () => {
    const run = makeRun(make(kind), { questions: 2, limits: { requests: 100, bytes: 100 } });
    expect((await run.stretch()).error).toBeNull();
    expect(run.answers.map(({ error }) => error?.message)).toEqual([
      expect.stringContaining('larger than a batch may be (100 bytes)'),
      expect.stringContaining('larger than a batch may be (100 bytes)'),
    ]);
  });

  test('what expired, failed for a moment or was left out is asked again; the rest is not', async () => {
    const outcomes: Record<number, readonly ('expired' | 'missing' | 'fail' | 'ok')[]> = {
      0: ['ok', 'expired', 'missing', 'fail', 'ok', 'ok'],
      1: ['expired', 'ok', 'ok'],
      2: ['ok'],
    };
    const places = new Map<number, number>();
    const known = new Map<string, 'expired' | 'missing' | 'fail' | 'ok'>();
    const provider = make(kind, {
      answer: ({ id, batch }) => {
        const place = places.get(batch) ?? 0;
        if (!known.has(id)) {
          known.set(id, outcomes[batch]?.[place] ?? 'ok');
          places.set(batch, place + 1);
        }
        const outcome = known.get(id);
        if (outcome === 'fail') return { error: { status: 500, message: 'overloaded' } };
        return outcome === 'ok' || outcome === undefined ? { text: 'C' } : outcome;
      },
    });
    const run = makeRun(provider);
    const { error } = await run.stretch();
    expect(error).toBeNull();
    expect(provider.batches.map(({ requests }) => requests.length)).toEqual([6, 3, 1]);
    expect(new Set(run.answers.map(({ raw }) => raw))).toEqual(new Set(['C']));
    expect(run.answers.map(({ attempts }) => attempts).sort()).toEqual([1, 1, 1, 2, 2, 3]);
  });

  test('a refused field is learnt from the results, and the answers say so', async () => {
    const provider = make(kind, {
      answer: ({ body }) =>
        bytesOf(body).includes('"temperature"')
          ? {
              error: { status: 400, message: "Unsupported parameter: 'temperature' is not supported with this model." },
            }
          : { text: 'D' },
    });
    const run = makeRun(provider);
    expect((await run.stretch()).error).toBeNull();
    expect(provider.batches).toHaveLength(2);
    expect(run.answers.every(({ changes }) => bytesOf(changes) === '["temperature"]')).toBe(true);
  });

  test('an error that stays is recorded as one, after as many batches as there are attempts', async () => {
    const first = new Set<string>();
    const provider = make(kind, {
      answer: ({ id, batch }) => {
        if (batch === 0 && first.size === 0) first.add(id.slice(id.indexOf('-')));
        return first.has(id.slice(id.indexOf('-'))) ? { error: { status: 500, message: 'broken' } } : { text: 'A' };
      },
    });
    const run = makeRun(provider, { attempts: 2 });
    expect((await run.stretch()).error).toBeNull();
    expect(provider.batches.map(({ requests }) => requests.length)).toEqual([6, 1]);
    const failed = run.answers.filter(({ raw }) => raw === null);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({
      attempts: 2,
      error: { kind: 'server', message: expect.stringContaining('broken') },
    });
  });

  test('--no-wait hands in and leaves; a later stretch collects and hands nothing in again', async () => {
    const provider = make(kind, { polls: 2 });
    const run = makeRun(provider);
    const left = await run.stretch({ wait: false });
    expect(left.error).toBeInstanceOf(BiolensError);
    expect(left.error).toMatchObject({ code: 'interrupted', message: '6 requests in 1 batch are not answered yet' });
    expect((await run.stretch({ wait: false })).error).toMatchObject({ code: 'interrupted' });
    expect((await run.stretch({ wait: false })).error).toBeNull();
    expect(run.answers).toHaveLength(6);
    expect(provider.batches).toHaveLength(1);
  });

  test('--cancel cancels, keeps what came, and a later stretch asks the rest', async () => {
    const provider = make(kind, { polls: 1000 });
    const run = makeRun(provider);
    await run.stretch({ wait: false });
    const cancelled = await run.stretch({ cancel: true });
    expect(cancelled.error).toMatchObject({
      code: 'interrupted',
      message: 'the batches are cancelled; 0 of 6 answers came',
    });
    expect(provider.batches[0]?.cancelled).toBe(true);
    expect(provider.batches).toHaveLength(1);
    expect((await run.stretch({ wait: false })).error).toMatchObject({ details: { requests: 6 } });
    expect(provider.batches).toHaveLength(2);
  });

  test('a batch whose answer was lost is found again, not handed in twice', async () => {
    const broken = (count: number): Response | undefined =>
      count === 1 ? new Response('', { status: 502 }) : undefined;
    const provider = make(kind, { taken: broken });
    const run = makeRun(provider);
    const stretch = await run.stretch();
    expect(stretch.error).toBeNull();
    expect(provider.batches).toHaveLength(1);
    expect(new Set(provider.taken).size).toBe(6);
    expect(run.answers).toHaveLength(6);
    expect(saidIn(stretch)).toContain('a batch of 6 requests was found at the provider');
  });

  test('a batch that never arrived is handed in again, once it would have shown', async () => {
    const provider = make(kind);
    let cut = true;
    const fetch: typeof globalThis.fetch = async (url, init) => {
      if (cut && init?.method === 'POST' && !String(url).endsWith('/files')) {
        cut = false;
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
      }
      return await provider.fetch(url, init);
    };
    const run = makeRun(provider);
    const { client } = clientFor(provider, fetch);
    const early = await run.stretch({ wait: false }, { client, settleMs: 60_000 });
    expect(early.error).toMatchObject({ code: 'interrupted' });
    expect(provider.batches, 'too early to tell').toHaveLength(0);
    expect((await run.stretch({}, { client, settleMs: 0 })).error).toBeNull();
    expect(provider.batches).toHaveLength(1);
    expect(run.answers).toHaveLength(6);
  });

  test('a wrong key ends the run before anything, and is not shown', async () => {
    const provider = make(kind);
    const wrong = 'sk-wrong-9876543210fedcba';
    const client = openBatches(MODELS[kind], { apiKey: wrong, fetch: provider.fetch });
    const { error } = await makeRun(provider).stretch({}, { client });
    expect(error).toBeInstanceOf(ModelError);
    expect(error).toMatchObject({ kind: 'unauthorised', message: 'wrong key [key] (HTTP 401)' });
  });

  test('an interrupt ends at once and leaves the batch with the provider', async () => {
    const provider = make(kind, { polls: 1000 });
    const run = makeRun(provider, { pollMs: 60_000 });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 200);
    const started = performance.now();
    const { error } = await run.stretch({}, { signal: controller.signal });
    expect(error).toMatchObject({ code: 'interrupted' });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(provider.batches[0]?.cancelled).toBe(false);
  });
});

test('images that are asked about several times are marked to be kept, for Anthropic alone', async () => {
  const seen: unknown[] = [];
  const provider = make('anthropic', { answer: keepIn(seen) });
  await makeRun(provider, { questions: 1, rotations: 'all', promptCache: true }).stretch();
  expect(seen.length).toBeGreaterThanOrEqual(4);
  for (const body of seen)
    expect(body).toMatchObject({
      messages: [{ content: [{ type: 'image', cache_control: { type: 'ephemeral' } }, { type: 'text' }] }],
    });
});

test('a batch of Google that has ended is seen to have, however much it brings', async () => {
  const replies = 'x'.repeat(65 * 2 ** 20);
  const body = { name: 'batches/b0', done: true, response: { inlinedResponses: { inlinedResponses: [replies] } } };
  const { client } = clientFor(make('google'), async () => Response.json(body));
  expect(await client.poll('batches/b0', AbortSignal.timeout(60_000))).toMatchObject({ state: 'done' });
});

test('what Anthropic declines is a refusal, and no error', async () => {
  const provider = make('anthropic');
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await provider.fetch(input, init);
    if (!String(input).endsWith('/results')) return response;
    const declined = (await response.text())
      .replaceAll('"end_turn"', '"refusal"')
      .replaceAll('"text":"A"', '"text":""');
    return new Response(declined);
  };
  const run = makeRun(provider, { questions: 2 });
  expect((await run.stretch({}, clientFor(provider, fetch))).error).toBeNull();
  expect(run.answers.map(({ raw, refused, finishReason }) => [raw, refused, finishReason])).toEqual([
    ['', true, 'content-filter'],
    ['', true, 'content-filter'],
  ]);
});
