import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Answer, Question } from '../../../src/ground/contracts/bench.ts';
import {
  type AskOptions,
  askAll,
  askSettings,
  buildText,
  createModelAnswerer,
  createRandomAnswerer,
  latestAnswers,
  posings,
} from '../../../src/jobs/bench/ask/index.ts';
import { openModel } from '../../../src/kit/vlm/index.ts';
import { type MockOptions, type MockServer, mockLetter, startMockServer } from './mock-server.ts';
import { collect, makeImages, makeQuestion, makeQuestions, memoryJournal } from './support.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function serve(options: MockOptions = {}): Promise<MockServer> {
  const server = await startMockServer(options);
  cleanups.push(() => server.close());
  return server;
}

type Given = Partial<Pick<AskOptions, 'images' | 'signal'>> & {
  questions?: readonly Question[];
  journal?: ReturnType<typeof memoryJournal>;
  settings?: Parameters<typeof askSettings>[0];
  apiKey?: string;
};

function prepare(server: MockServer, { settings: given, apiKey, ...more }: Given = {}) {
  const settings = askSettings({ concurrency: 8, timeoutMs: 2000, ...given });
  const model = openModel(`openai-compatible:${server.baseUrl}#mock`, { environment: {}, apiKey });
  cleanups.push(() => model.close?.());
  const journal = more.journal ?? memoryJournal();
  const questions = more.questions ?? makeQuestions(20);
  const answerer = createModelAnswerer(model, { settings });
  const options = { images: makeImages(), random: () => 0.01, ...more, questions, answerer, journal, settings };
  return { ...options, run: () => collect(askAll(options)) };
}

/** What the mock server says to a question put the plain way. */
const expected = (question: Question, settings = askSettings()): string =>
  mockLetter(buildText([...posings(question, settings)][0]!));

describe('a run', () => {
  test('asks every question once and records what came back, under the right question', async () => {
    const server = await serve({ delayMs: 2 });
    const { run, journal, questions } = prepare(server);
    const events = await run();
    const answers = await latestAnswers(journal.items());
    expect(answers).toHaveLength(20);
    for (const question of questions) {
      const answer = answers.find(({ question: id }) => id === question.id);
      expect(answer).toMatchObject({
        raw: expected(question),
        setting: 'zero-shot',
        rotation: 0,
        repeat: 0,
        usage: { inputTokens: 100, outputTokens: 10 },
        cost: null,
        finishReason: 'stop',
        attempts: 1,
      });
    }
    expect(events[0]).toMatchObject({ type: 'started', done: 0, total: 20 });
    expect(events.at(-1)).toMatchObject({
      type: 'finished',
      reason: 'complete',
      errors: 0,
      done: 20,
      spent: { inputTokens: 2000, outputTokens: 200, dollars: null },
    });
    const progress = events.map(event => event.done);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(server.stats.highWater).toBeLessThanOrEqual(8);
  });

  test('every rotation and every repeat is asked, with the options turned', async () => {
    const server = await serve();
    const { run, journal } = prepare(server, {
      questions: [makeQuestion(1), makeQuestion(2)],
      settings: { rotations: 'all', repeats: 2 },
    });
    await run();
    const answers = await latestAnswers(journal.items());
    expect(answers).toHaveLength(2 * 4 * 2);
    // Position i shows option (i + rotation) mod 4 under the label of position i.
    expect(
      server.stats.prompts.filter(prompt => prompt.includes('(A) 30-39\n(B) 0-9\n(C) 10-19\n(D) 20-29')),
    ).toHaveLength(4);
    expect(new Set(answers.map(({ rotation, repeat }) => `${rotation}/${repeat}`)).size).toBe(8);
  });

  test('shards share the questions without overlap', async () => {
    const server = await serve();
    const ids: string[] = [];
    for (const index of [1, 2, 3]) {
      const { run, journal } = prepare(server, { settings: { shard: { index, of: 3 } } });
      const events = await run();
      expect(events[0]!.total).toBe(journal.answers.length);
      ids.push(...journal.answers.map(({ question }) => question));
    }
    expect(ids.sort()).toEqual(
      makeQuestions(20)
        .map(({ id }) => id)
        .sort(),
    );
  });

  test('an unknown number of questions has no total', async () => {
    const server = await serve();
    const { run, ...options } = prepare(server);
    const stream = async function* (): AsyncGenerator<Question> {
      yield* makeQuestions(5);
    };
    const events = await collect(askAll({ ...options, questions: stream() }));
    expect(events.at(-1)).toMatchObject({ done: 5, total: null });
  });

  test('a question that is there twice is asked once', async () => {
    const server = await serve();
    const { run, journal } = prepare(server, { questions: [makeQuestion(1), makeQuestion(1)] });
    await run();
    expect(journal.answers).toHaveLength(1);
  });
});

describe('a server that misbehaves', () => {
  test('every fault is retried or is an answer, and errors are errors', async () => {
    const server = await serve({ faultShare: 0.6, brokenShare: 0.1, seed: 5 });
    const questions = makeQuestions(150);
    const { run, journal } = prepare(server, {
      questions,
      settings: { concurrency: 16, timeoutMs: 1000, attempts: 4 },
    });
    const events = await run();
    const answers = await latestAnswers(journal.items());
    expect(journal.answers).toHaveLength(150);
    expect(answers).toHaveLength(150);
    for (const [fault, times] of Object.entries(server.stats.faults)) expect(times, fault).toBeGreaterThan(0);

    const errors = answers.filter(({ raw }) => raw === null);
    const refused = answers.filter(answer => answer.refused);
    const empty = answers.filter(({ raw }) => raw === '');
    expect(errors.length).toBeGreaterThan(5);
    expect(refused.length).toBeGreaterThan(0);
    expect(empty.length).toBeGreaterThan(0);
    // Fewer where a reply came too late to be read.
    expect(refused.length).toBeLessThanOrEqual(server.stats.faults.refusal);
    expect(empty.length).toBeLessThanOrEqual(server.stats.faults.empty);
    const byId = new Map(questions.map(question => [question.id, question]));
    for (const answer of answers) {
      if (answer.raw === null) expect(answer.error?.message).toMatch(/\S/);
      else if (!answer.refused && answer.raw !== '') expect(answer.raw).toBe(expected(byId.get(answer.question)!));
    }
    expect(events.at(-1)).toMatchObject({ errors: errors.length, done: 150 });
    const kinds = new Set(events.flatMap(event => (event.type === 'retry' ? [event.kind] : [])));
    expect([...kinds].sort()).toEqual(['malformed', 'network', 'rate-limited', 'server', 'timeout']);
  });

  test('errors are asked again on resuming only where that is wanted', async () => {
    const broken = await serve({ brokenShare: 0.3 });
    const journal = memoryJournal();
    await prepare(broken, { journal, settings: { attempts: 1 } }).run();
    const errors = journal.answers.filter(({ raw }) => raw === null).length;
    expect(errors).toBeGreaterThan(0);

    const again = prepare(broken, { journal });
    expect(await again.run()).toMatchObject([
      { type: 'started', done: 20 },
      { type: 'finished', errors: 0 },
    ]);

    const healed = await serve();
    const model = openModel(`openai-compatible:${healed.baseUrl}#mock`, { environment: {} });
    cleanups.push(() => model.close?.());
    const settings = askSettings({ retryErrors: true });
    // The same model behind another port.
    const answerer = { ...createModelAnswerer(model, { settings }), id: again.answerer.id };
    await collect(askAll({ ...again, answerer, settings }));
    expect(healed.stats.requests).toBe(errors);
    const answers = await latestAnswers(journal.items());
    expect(answers).toHaveLength(20);
    expect(answers.every(({ raw }) => raw !== null)).toBe(true);
  });

  test('retry-after holds everybody back', async () => {
    const server = await serve({ capacity: 2, delayMs: 50, retryAfterSeconds: 0.2 });
    const { run, journal } = prepare(server, { settings: { concurrency: 'auto' } });
    const events = await run();
    expect(journal.answers.every(({ raw }) => raw !== null)).toBe(true);
    expect(journal.answers).toHaveLength(20);
    expect(events.some(event => event.type === 'pause' && event.waitMs === 200)).toBe(true);
    expect(events.some(event => event.type === 'concurrency' && event.why === 'overloaded')).toBe(true);
  });
});

describe('the end comes early', () => {
  test('a wrong key stops the run at the first reply and says so in one line, without the key', async () => {
    const server = await serve({ apiKey: 'sk-right-0123456789', delayMs: 5 });
    const { run, journal } = prepare(server, { apiKey: 'sk-wrong-0123456789' });
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'input', message: 'wrong key Bearer [key] (HTTP 401)' });
    expect(server.stats.requests).toBeLessThanOrEqual(8);
    expect(journal.answers).toEqual([]);
  });

  test('an endpoint that is not there leaves no errors behind', async () => {
    const server = await serve();
    const { run, journal } = prepare(server, { questions: makeQuestions(200), settings: { attempts: 2 } });
    await server.close();
    cleanups.splice(0, 1);
    await expect(run()).rejects.toThrow(
      /32 questions in a row failed: http:.* nothing listens there; nothing was recorded/,
    );
    expect(journal.answers).toEqual([]);
  });

  test('an answerer that gives what could not be read back is asked again, and its error recorded', async () => {
    const server = await serve();
    const { answerer, ...options } = prepare(server, { questions: makeQuestions(3), settings: { attempts: 2 } });
    const journal = memoryJournal();
    const poisoned = {
      ...answerer,
      async answer(...given: Parameters<typeof answerer.answer>) {
        const reply = await answerer.answer(...given);
        if (given[0].question.id !== 'made/2') return reply;
        return { ...reply, usage: { inputTokens: -1e308, outputTokens: 1 } };
      },
    };
    await collect(askAll({ ...options, answerer: poisoned, journal, random: () => 0 }));
    const answers = await latestAnswers(journal.items());
    expect(answers.map(({ question, raw }) => [question, raw === null]).sort()).toEqual([
      ['made/1', false],
      ['made/2', true],
      ['made/3', false],
    ]);
    expect(answers.find(({ raw }) => raw === null)?.error).toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining('inputTokens'),
    });
  });

  test('few questions without any reply are an outage too', async () => {
    const server = await serve({ brokenShare: 1 });
    const { run, journal } = prepare(server, { questions: makeQuestions(3), settings: { attempts: 1 } });
    await expect(run()).rejects.toMatchObject({ code: 'external' });
    expect(journal.answers).toEqual([]);
  });

  test('an abort ends requests under way; what was recorded stays, and resuming asks the rest', async () => {
    const server = await serve({ delayMs: 30 });
    const controller = new AbortController();
    const { run, ...options } = prepare(server, { signal: controller.signal, questions: makeQuestions(40) });
    const seen: string[] = [];
    const interrupted = async (): Promise<void> => {
      for await (const event of askAll(options)) {
        if (event.type === 'answer') seen.push(event.answer.question);
        if (seen.length === 10) controller.abort();
      }
    };
    await expect(interrupted()).rejects.toMatchObject({ code: 'interrupted' });
    const before = options.journal.answers.length;
    expect(before).toBeGreaterThanOrEqual(10);
    expect(before).toBeLessThan(40);
    await collect(askAll({ ...options, signal: undefined }));
    expect(options.journal.answers).toHaveLength(40);
    expect(new Set(options.journal.answers.map(({ question }) => question)).size).toBe(40);
  });

  test('leaving the loop is as good as an abort', async () => {
    const server = await serve({ delayMs: 20 });
    const { run, ...options } = prepare(server, { questions: makeQuestions(40) });
    for await (const event of askAll(options)) if (event.type === 'answer') break;
    // What was on its way may still arrive; nothing new is sent after that.
    await sleep(150);
    const after = server.stats.requests;
    await sleep(100);
    expect(server.stats.requests).toBe(after);
    expect(after).toBeLessThan(40);
    expect(options.journal.answers.length).toBeLessThan(40);
  });

  test('a journal that cannot be written ends the run with its error', async () => {
    const server = await serve();
    const journal = {
      ...memoryJournal(),
      append: async () => {
        throw new Error('disk full');
      },
    };
    await expect(prepare(server, { journal }).run()).rejects.toThrow('disk full');
  });
});

describe('budgets', () => {
  test('tokens: stops before the budget is broken and goes on with a larger one', async () => {
    const server = await serve({ delayMs: 5 });
    const journal = memoryJournal();
    // Every reply takes 110 tokens: nine are 990.
    const events = await prepare(server, { journal, settings: { maxTokens: 1000 } }).run();
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'token-budget', done: 9 });
    expect(journal.answers).toHaveLength(9);
    const more = await prepare(server, { journal, settings: { maxTokens: 100_000 } }).run();
    expect(more.at(-1)).toMatchObject({ reason: 'complete', done: 20 });
    expect(server.stats.requests).toBe(20);
  });

  test('money: counts what earlier stretches cost', async () => {
    const server = await serve();
    const journal = memoryJournal();
    const price = { inputPerMillion: 100, outputPerMillion: 1000 };
    // 100 · 100 $/M + 10 · 1000 $/M = 2 ¢ a reply.
    const first = await prepare(server, { journal, settings: { maxDollars: 0.1, price } }).run();
    expect(first.at(-1)).toMatchObject({ reason: 'money-budget', done: 5, spent: { dollars: 0.1 } });
    expect(journal.answers[0]!.cost).toBeCloseTo(0.02, 12);
    const second = await prepare(server, { journal, settings: { maxDollars: 0.2, price } }).run();
    expect(second.at(-1)).toMatchObject({ reason: 'money-budget', done: 10 });
  });

  test('dollars without a price are refused', async () => {
    const server = await serve();
    await expect(prepare(server, { settings: { maxDollars: 1 } }).run()).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('pictures', () => {
  test('a picture that is missing is this question’s error and no other’s, and nothing is sent for it', async () => {
    const server = await serve();
    const good = makeImages();
    const images = {
      load: (ref: Parameters<typeof good.load>[0]) =>
        ref.path.endsWith('_7.png') ? Promise.resolve(new TextEncoder().encode('no picture')) : good.load(ref),
    };
    const { run, journal } = prepare(server, { images });
    await run();
    const [failed, ...others] = journal.answers.filter(({ raw }) => raw === null);
    expect(others).toEqual([]);
    expect(failed).toMatchObject({ question: 'made/7', error: { kind: 'input' }, attempts: 0 });
    expect(failed!.error!.message).toContain('question_7.png: not an image');
    expect(server.stats.requests).toBe(19);
  });

  test('a picture that comes back is loaded once', async () => {
    const server = await serve();
    const images = makeImages();
    const shared = { path: 'images/shared.png', file: 'images/shared.png' };
    const questions = makeQuestions(6).map(question => ({ ...question, images: [shared, ...question.images] }));
    await prepare(server, { images, questions, settings: { rotations: 'all' } }).run();
    expect(images.loads.filter(path => path === 'images/shared.png')).toHaveLength(1);
    expect(images.loads).toHaveLength(7);
  });

  test('answerers that do not look at pictures load none', async () => {
    const images = makeImages();
    const settings = askSettings();
    const journal = memoryJournal();
    const answerer = createRandomAnswerer({ seed: 1 });
    await collect(askAll({ questions: makeQuestions(400), images, answerer, journal, settings }));
    expect(images.loads).toEqual([]);
    const counts = Map.groupBy(journal.answers, ({ raw }: Answer) => raw ?? '');
    // 400 draws of a fair four-sided die: five standard deviations are 43, an alarm in 10^6 runs.
    for (const label of ['A', 'B', 'C', 'D']) expect(Math.abs((counts.get(label)?.length ?? 0) - 100)).toBeLessThan(43);
  });
});
