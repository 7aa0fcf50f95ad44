import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type Answer, answerSchema } from '../../../src/ground/contracts/bench.ts';
import { backoffMs } from '../../../src/jobs/bench/ask/backoff.ts';
import { createGate } from '../../../src/jobs/bench/ask/gate.ts';
import {
  askSettings,
  createFrequentAnswerer,
  createRandomAnswerer,
  inShard,
  journalOf,
  latestAnswers,
  mergeAnswers,
  parseShard,
  posings,
} from '../../../src/jobs/bench/ask/index.ts';
import { createPictureStore } from '../../../src/jobs/bench/ask/picture-store.ts';
import { createSpending } from '../../../src/jobs/bench/ask/spending.ts';
import { DEFAULT_IMAGE_RULE } from '../../../src/kit/vlm/index.ts';
import { makeImages, makeQuestion, makeQuestions, memoryJournal } from './support.ts';

const answer = (more: Partial<Answer> = {}): Answer => ({
  question: 'made/1',
  model: 'm',
  setting: 'zero-shot',
  promptDigest: 'd',
  rotation: 0,
  repeat: 0,
  raw: 'A',
  finishReason: 'stop',
  usage: { inputTokens: 1, outputTokens: 1 },
  cost: null,
  latencyMs: 1,
  ...more,
});
const failed = (more: Partial<Answer> = {}): Answer =>
  answer({ raw: null, error: { kind: 'server', message: 'down' }, finishReason: null, latencyMs: null, ...more });

describe('back-off', () => {
  test('full jitter: anywhere from zero to a bound that doubles, up to half a minute', () => {
    const bound = (attempt: number) => backoffMs({ attempt, retryAfterMs: null, random: () => 1 });
    expect([1, 2, 3, 4].map(bound)).toEqual([500, 1000, 2000, 4000]);
    expect(bound(50)).toBe(30_000);
    expect(backoffMs({ attempt: 3, retryAfterMs: null, random: () => 0 })).toBe(0);
  });

  test('never before the time that the server names', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, retryAfterMs, at) => {
          const wait = backoffMs({ attempt, retryAfterMs, random: () => at });
          expect(wait).toBeGreaterThanOrEqual(retryAfterMs);
          expect(wait).toBeLessThanOrEqual(retryAfterMs + 500);
        },
      ),
    );
  });
});

describe('the gate', () => {
  const settle = () => new Promise<void>(resolve => setImmediate(resolve));

  test('lets so many through, in order, and more as the limit grows', async () => {
    let limit = 2;
    const gate = createGate(() => limit);
    const through: number[] = [];
    for (const n of [1, 2, 3, 4, 5]) void gate.enter().then(() => through.push(n));
    await settle();
    expect(through).toEqual([1, 2]);
    gate.release();
    await settle();
    expect(through).toEqual([1, 2, 3]);
    limit = 4;
    gate.wake();
    await settle();
    expect(through).toEqual([1, 2, 3, 4, 5]);
  });

  test('a pause holds everybody; a longer one counts, a shorter one does not', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const gate = createGate(() => 9);
      expect(gate.pause(1000)).toBe(true);
      expect(gate.pause(500)).toBe(false);
      let through = false;
      void gate.enter().then(() => {
        through = true;
      });
      await vi.advanceTimersByTimeAsync(900);
      expect(through).toBe(false);
      expect(gate.pause(400)).toBe(true);
      await vi.advanceTimersByTimeAsync(300);
      expect(through).toBe(false);
      await vi.advanceTimersByTimeAsync(102);
      expect(through).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  test('shut: who waits and who comes gets the reason', async () => {
    const gate = createGate(() => 0);
    const waiting = gate.enter();
    gate.shut('over');
    await expect(waiting).rejects.toBe('over');
    await expect(gate.enter()).rejects.toBe('over');
  });
});

describe('spending', () => {
  test('expects of the next request and of those under way what the average one took', () => {
    const spending = createSpending({ maxTokens: 1000, maxDollars: null, price: null });
    expect(spending.blind).toBe(true);
    spending.add({ inputTokens: 90, outputTokens: 10 });
    expect(spending.blind).toBe(false);
    expect(spending.stopBefore(8)).toBeNull();
    expect(spending.stopBefore(9)).toBe('token-budget');
  });

  test('a budget needs an endpoint that counts', () => {
    const spending = createSpending({ maxTokens: 1000, maxDollars: null, price: null });
    spending.add({ inputTokens: null, outputTokens: null });
    expect(() => spending.stopBefore(0)).toThrow('does not say how many tokens');
    const free = createSpending({ maxTokens: null, maxDollars: null, price: null });
    free.add({ inputTokens: null, outputTokens: null });
    expect(free.stopBefore(1000)).toBeNull();
  });

  test('a reply costs what the price list says, and nothing is known where there is none', () => {
    // 1,200 tokens at $2.50 a million and 300 at $10: 0.003 + 0.003.
    const usage = { inputTokens: 1200, outputTokens: 300 };
    const price = { inputPerMillion: 2.5, outputPerMillion: 10 };
    expect(createSpending({ maxTokens: null, maxDollars: null, price }).costOf(usage)).toBeCloseTo(0.006, 12);
    expect(createSpending({ maxTokens: null, maxDollars: null, price: null }).costOf(usage)).toBeNull();
  });
});

describe('shards', () => {
  test('every question is in exactly one, and they are of about one size', () => {
    const questions = makeQuestions(3000);
    for (const { id } of questions) {
      expect([1, 2, 3].filter(index => inShard(id, { index, of: 3 }))).toHaveLength(1);
    }
    const sizes = [1, 2, 3].map(index => questions.filter(({ id }) => inShard(id, { index, of: 3 })).length);
    // Binomial(3000, 1/3): five standard deviations are 129.
    for (const size of sizes) expect(Math.abs(size - 1000)).toBeLessThan(129);
  });

  test('i/n', () => {
    expect(parseShard('2/8')).toEqual({ index: 2, of: 8 });
    for (const text of ['0/3', '4/3', '1', 'a/b', '1/2/3', ''])
      expect(() => parseShard(text)).toThrow('"shard" expected i/n');
  });
});

describe('answers on file', () => {
  test('a reply counts before an error, whichever came first', async () => {
    expect(await latestAnswers([failed(), answer({ raw: 'B' })])).toEqual([answer({ raw: 'B' })]);
    expect(await latestAnswers([answer({ raw: 'B' }), failed()])).toEqual([answer({ raw: 'B' })]);
    expect(await latestAnswers([failed(), failed()])).toEqual([failed()]);
  });

  test('rotations, repeats, settings, prompts and models are kept apart', async () => {
    const different = [
      answer(),
      answer({ rotation: 1 }),
      answer({ repeat: 1 }),
      answer({ setting: 'in-context' }),
      answer({ promptDigest: 'e' }),
      answer({ model: 'n' }),
      answer({ question: 'made/2' }),
    ];
    expect(await latestAnswers(different)).toHaveLength(7);
  });

  test('what is no answer is named', async () => {
    await expect(latestAnswers([answer(), { question: 'x' }])).rejects.toThrow(
      'items.jsonl: line 2 is no answer: "model"',
    );
  });

  test('what an earlier version wrote down unchecked of a server is read: what is impossible is not known', async () => {
    const { finishReason: _, ...unfinished } = answer({ question: 'made/2' });
    const poisoned = [
      // finish_reason "constructor" was a function, which JSON leaves out; "__proto__" was an object.
      unfinished,
      { ...answer({ question: 'made/3' }), finishReason: {} },
      { ...answer({ question: 'made/4' }), usage: { inputTokens: -1e308, outputTokens: 2 }, cost: -3 },
      { ...answer({ question: 'made/5' }), latencyMs: -1, logProbabilities: [{ token: 'A', logProbability: null }] },
      { ...answer({ question: 'made/6' }), usage: null },
    ];
    const read = await latestAnswers(poisoned);
    expect(read.map(({ raw }) => raw)).toEqual(Array(5).fill('A'));
    expect(read.map(({ finishReason }) => finishReason)).toEqual(['other', 'other', 'stop', 'stop', 'stop']);
    expect(read[2]).toMatchObject({ usage: { inputTokens: null, outputTokens: 2 }, cost: null });
    expect(read[3]).toMatchObject({ latencyMs: null });
    for (const one of read) expect(answerSchema.safeParse(one).success).toBe(true);
    await expect(latestAnswers([{ ...answer(), raw: 7 }])).rejects.toThrow('line 1 is no answer: "raw"');
  });

  test('a journal takes only what it can give back', async () => {
    const lines: unknown[] = [];
    const journal = journalOf({
      append: async item => void lines.push(item),
      items: () => (async function* () {})(),
    });
    await journal.append(answer());
    const poisoned = answer({ usage: { inputTokens: -1e308, outputTokens: 1 } });
    await expect(journal.append(poisoned)).rejects.toThrow('inputTokens');
    expect(lines).toEqual([answer()]);
  });

  test('merging: all keys once; replies win over errors; differing replies are counted', async () => {
    const into = memoryJournal();
    const result = await mergeAnswers(
      [
        { name: 'one', items: [answer({ question: 'q/1' }), failed({ question: 'q/2' }), answer({ question: 'q/3' })] },
        { name: 'two', items: [answer({ question: 'q/2', raw: 'C' }), answer({ question: 'q/3', raw: 'D' })] },
      ],
      into,
    );
    expect(result).toEqual({ answers: 3, duplicates: 2, conflicts: 1 });
    expect(into.answers.map(({ question, raw }) => [question, raw])).toEqual([
      ['q/1', 'A'],
      ['q/2', 'C'],
      ['q/3', 'A'],
    ]);
  });

  test('runs of different models are not merged', async () => {
    const parts = [
      { name: 'one', items: [answer()] },
      { name: 'two', items: [answer({ model: 'n' })] },
    ];
    await expect(mergeAnswers(parts, memoryJournal())).rejects.toThrow('"model" is "m" in one and "n" in two');
  });
});

describe('baselines', () => {
  const context = { pictures: [], signal: new AbortController().signal };
  const all = (rotations: 'none' | 'all') => [...posings(makeQuestion(1), { ...askSettings(), rotations })];

  test('random: the same for the same seed, another for another', async () => {
    const draw = async (seed: number): Promise<string> => {
      const answerer = createRandomAnswerer({ seed });
      const posed = makeQuestions(40).flatMap(question => [...posings(question, askSettings())]);
      return (await Promise.all(posed.map(one => answerer.answer(one, context)))).map(({ text }) => text).join('');
    };
    expect(await draw(1)).toBe(await draw(1));
    expect(await draw(1)).not.toBe(await draw(2));
    expect(await draw(1)).toMatch(/^[ABCD]{40}$/);
  });

  test('frequent: the letter that is right most often in the same file, however the options are turned', async () => {
    const keyed = (id: string, correct: string) => makeQuestion(1, { id, correct });
    const answerer = createFrequentAnswerer([
      keyed('a/1', 'C'),
      keyed('a/2', 'C'),
      keyed('a/3', 'A'),
      keyed('b/1', 'D'),
      keyed('b/2', 'B'),
    ]);
    const given = async (id: string) =>
      Promise.all(
        all('all').map(async posed => {
          const reply = await answerer.answer({ ...posed, question: { ...posed.question, id } }, context);
          return reply.text;
        }),
      );
    expect(await given('a/9')).toEqual(['C', 'C', 'C', 'C']);
    expect(await given('b/9'), 'a tie goes to the earlier letter').toEqual(['B', 'B', 'B', 'B']);
  });
});

describe('the store of pictures', () => {
  const ref = (n: number) => ({ path: `${n}.png`, file: `${n}.png` });

  test('keeps the last used within its bytes', async () => {
    const images = makeImages();
    const size = (await images.load(ref(0))).length;
    images.loads.length = 0;
    const store = createPictureStore({ images, rule: DEFAULT_IMAGE_RULE, cacheBytes: 2 * size });
    for (const n of [1, 2, 1, 3, 1, 2]) await store.prepare([ref(n)]);
    // 3 drives out 2, which was used before 1 was.
    expect(images.loads).toEqual(['1.png', '2.png', '3.png', '2.png']);
  });

  test('one load for those who ask at the same time; a failure is not kept', async () => {
    const images = makeImages();
    const store = createPictureStore({ images, rule: DEFAULT_IMAGE_RULE });
    await Promise.all([store.prepare([ref(1), ref(1)]), store.prepare([ref(1)])]);
    expect(images.loads).toEqual(['1.png']);

    let broken = true;
    const flaky = createPictureStore({
      images: { load: r => (broken ? Promise.reject(new Error('gone')) : images.load(r)) },
      rule: DEFAULT_IMAGE_RULE,
    });
    await expect(flaky.prepare([ref(1)])).rejects.toThrow('gone');
    broken = false;
    expect(await flaky.prepare([ref(1)])).toHaveLength(1);
  });

  test('cells of one file are different pictures', async () => {
    const images = makeImages();
    const store = createPictureStore({ images, rule: DEFAULT_IMAGE_RULE });
    const cell = (index: number) => ({ path: 'p', file: 'x.parquet', cell: { column: 'images', row: 0, index } });
    await store.prepare([cell(0), cell(1)]);
    expect(images.loads).toHaveLength(2);
  });
});
