import { describe, expect, test } from 'vitest';
import { MOCK_KEY, MockProvider } from './mock-provider.ts';
import { clientFor, makeRun, saidIn } from './support.ts';

const FILES = ['openai', 'anthropic'] as const;
const ALL = [...FILES, 'google'] as const;

/** Pieces without an end, as fast as they are taken. */
function endless(piece: string): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(piece);
  return new ReadableStream({ pull: controller => controller.enqueue(bytes) });
}

/** A network that answers itself where `answer` does, and leaves the rest to the provider. */
const through =
  (provider: MockProvider, answer: (url: URL, init: RequestInit | undefined) => Response | null): typeof fetch =>
  async (input, init) =>
    answer(new URL(String(input)), init) ?? (await provider.fetch(input, init));

describe.each(FILES)('results of %s as a file', kind => {
  test('mangled lines, second ones and strange ids cost nothing but what they replace', async () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    const provider = new MockProvider({
      kind,
      results: (lines, times) => {
        if (times > (kind === 'openai' ? 2 : 1) || lines.length === 0) return lines.map(line => `${line}\n`).join('');
        const [first = '', second = '', third = '', ...rest] = lines;
        const other = first.replace(/"custom_id":"bl[0-9a-f]{16}/, '"custom_id":"bl0000000000000000');
        return [
          first,
          first.replaceAll('"A"', '"D"'),
          second.slice(0, -20),
          other,
          other.replace(/"custom_id":"[^"]+"/, '"custom_id":"__proto__"'),
          deep,
          `{"custom_id":"${'x'.repeat(1.2 * 2 ** 20)}"}`,
          '\u0000\u0001{',
          third.replace(/"custom_id":"[^"]+"/, '"custom_id":17'),
          ...rest,
        ].join('\n');
      },
    });
    const run = makeRun(provider);
    const stretch = await run.stretch();
    expect(stretch.error).toBeNull();
    expect(run.answers).toHaveLength(6);
    expect(new Set(run.answers.map(({ raw }) => raw))).toEqual(new Set(['A']));
    expect(provider.batches.map(({ requests }) => requests.length)).toEqual([6, 2]);
    expect(saidIn(stretch)).toEqual(
      expect.arrayContaining([
        'results of a batch: 5 are unreadable',
        'results of a batch: 2 are of requests that were never made, and are left out',
        'results of a batch: 1 come a second time, and the first counts',
      ]),
    );
  });

  test.each([
    ['of one line', 'x'.repeat(2 ** 16)],
    ['of many lines', `${'{"custom_id":"x"}\n'.repeat(4096)}`],
    ['of empty lines', '\n'.repeat(2 ** 16)],
  ])(
    'a stream without an end %s is broken off, what came before is kept, and the run can be resumed',
    async (_, piece) => {
      let hostile = true;
      const provider = new MockProvider({
        kind,
        results: lines => {
          if (!hostile) return lines.map(line => `${line}\n`).join('');
          const [first = ''] = lines;
          let begun = false;
          const rest = endless(piece).getReader();
          return new ReadableStream({
            async pull(controller) {
              controller.enqueue(begun ? (await rest.read()).value : new TextEncoder().encode(`${first}\n`));
              begun = true;
            },
          });
        },
      });
      const run = makeRun(provider, { maxOutputTokens: 16 });
      const { error } = await run.stretch();
      expect(error).toMatchObject({
        code: 'external',
        message: expect.stringContaining('more than so many replies can have'),
      });
      expect(run.answers).toHaveLength(1);
      hostile = false;
      expect((await run.stretch()).error).toBeNull();
      expect(run.answers).toHaveLength(6);
      expect(provider.batches).toHaveLength(1);
    },
  );
});

test('results of Google that are none are counted, and asked again', async () => {
  let times = 0;
  const provider = new MockProvider({
    kind: 'google',
    show: batch => {
      const text = JSON.stringify(batch);
      if (!text.includes('inlinedResponses') || times++ > 3) return batch;
      return JSON.parse(text, (name, value) =>
        name === 'inlinedResponses' && Array.isArray(value)
          ? [
              value[0],
              value[0],
              7,
              { metadata: { key: 'strange' }, response: {} },
              { ...value[1], response: { candidates: 'no' } },
            ]
          : value,
      );
    },
  });
  const run = makeRun(provider);
  const stretch = await run.stretch();
  expect(stretch.error).toBeNull();
  expect(run.answers.map(({ raw }) => raw)).toEqual(Array(6).fill('A'));
  expect(saidIn(stretch)).toContain('results of a batch: 1 are of requests that were never made, and are left out');
});

describe.each(ALL)('what %s must not be able to do', kind => {
  test('lead elsewhere: redirects are not followed', async () => {
    const provider = new MockProvider({ kind });
    const asked: string[] = [];
    const fetch = through(provider, (url, init) => {
      asked.push(url.origin);
      expect(init?.redirect).toBe('manual');
      return init?.method === 'GET'
        ? new Response(null, { status: 307, headers: { location: 'https://evil.test/' } })
        : null;
    });
    const { error } = await makeRun(provider).stretch({}, clientFor(provider, fetch));
    expect(error).toMatchObject({
      message: expect.stringContaining('redirects to another address, which is not followed'),
    });
    expect(new Set(asked).size).toBe(1);
  });

  test('give a name that leads to another path', async () => {
    const provider = new MockProvider({ kind });
    const fetch = through(provider, (url, init) =>
      init?.method === 'POST' && !url.pathname.endsWith('/files')
        ? Response.json({ id: '../../v1/files', name: 'batches/../files/x' })
        : null,
    );
    const { error } = await makeRun(provider, { attempts: 1 }).stretch({}, clientFor(provider, fetch));
    expect(error).toMatchObject({ code: 'external', message: expect.stringContaining('is not as published') });
  });

  test('have the key in what is written, in any spelling', async () => {
    const escaped = [...MOCK_KEY].map(letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const provider = new MockProvider({
      kind,
      answer: () => ({ text: `${MOCK_KEY} ${encodeURIComponent(MOCK_KEY)} ${escaped}` }),
    });
    const run = makeRun(provider, { questions: 2 });
    const { events, error } = await run.stretch();
    expect(error).toBeNull();
    const all = JSON.stringify([run.answers, run.shelf.written, events]);
    expect(all).not.toContain(MOCK_KEY);
    expect(all).not.toContain(escaped);
    expect(run.answers[0]?.raw).toBe('[key] [key] [key]');
  });

  test('send a state without an end', async () => {
    const provider = new MockProvider({ kind });
    const fetch = through(provider, (_, init) =>
      init?.method === 'GET' ? new Response(endless('a'.repeat(2 ** 16))) : null,
    );
    const { error } = await makeRun(provider, { attempts: 1 }).stretch({}, clientFor(provider, fetch));
    expect(error).toMatchObject({ code: 'external', message: expect.stringContaining('longer than') });
  });
});

test('a key that stands where an error is cut off is not shown in part', async () => {
  const provider = new MockProvider({ kind: 'openai' });
  const tag = (length: number): string => `<${'x'.repeat(length - 2)}>`;
  // The words that are shown end 64 KiB after the start, in the middle of the key.
  const fetch = through(provider, (_, init) =>
    init?.method === 'GET' ? new Response(`${tag(2 ** 16 - 10)}${MOCK_KEY}${' '.repeat(100)}`, { status: 400 }) : null,
  );
  const { error } = await makeRun(provider, { attempts: 1 }).stretch({}, clientFor(provider, fetch));
  expect(error).toMatchObject({ kind: 'bad-request' });
  expect(String(error)).not.toContain(MOCK_KEY.slice(0, 9));
});

test('results of Anthropic at another address are not fetched', async () => {
  for (const address of [
    'https://evil.test/results',
    'https://api.anthropic.com.evil.test/x',
    '//evil.test/x',
    'http://api.anthropic.com/x',
  ]) {
    const provider = new MockProvider({
      kind: 'anthropic',
      show: batch => (batch.results_url === null ? batch : { ...batch, results_url: address }),
    });
    const { error } = await makeRun(provider, { attempts: 1 }).stretch();
    expect(error).toMatchObject({ message: expect.stringContaining('names results at another address') });
  }
});
