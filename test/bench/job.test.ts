import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BenchReport, benchComparisonSchema } from '../../src/ground/contracts/index.ts';
import { BiolensError } from '../../src/ground/errors.ts';
import {
  concurrencyText,
  priceText,
  secondsText,
  shardText,
  temperatureText,
} from '../../src/jobs/bench/ask/text-forms.ts';
import {
  type BenchConfigurationInput,
  type BenchEvent,
  benchConfigurationSchema,
  benchJob,
  benchRun,
  mergeRuns,
  type ResumeChanges,
  resumeBench,
} from '../../src/jobs/bench/index.ts';
import { printedScoreSchema } from '../../src/jobs/bench/run/score-view.ts';
import { commandOf, parseConfiguration, planJob, type TextForm } from '../../src/kit/job/index.ts';
import { readRunRecord } from '../../src/kit/runs/index.ts';
import { makeQuestion } from './questions.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-bench-job-'));
const runsDir = join(root, 'runs');
const [from, other] = [join(root, 'eight.jsonl'), join(root, 'six.jsonl')] as const;

beforeAll(() => {
  const write = (file: string, n: number): void => {
    const questions = Array.from({ length: n }, (_, i) => makeQuestion({ id: `f/${i + 1}`, text: `Which is ${i}?` }));
    writeFileSync(file, questions.map(question => `${JSON.stringify(question)}\n`).join(''));
  };
  write(from, 8);
  write(other, 6);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly path: string;
  readonly report: BenchReport | null;
  readonly error: unknown;
  readonly events: readonly BenchEvent[];
}

async function follow(run: AsyncGenerator<BenchEvent, BenchReport>): Promise<Ended> {
  const events: BenchEvent[] = [];
  let [report, error]: [BenchReport | null, unknown] = [null, null];
  try {
    for await (const event of run) {
      events.push(event);
      if (event.type === 'result') report = event.report;
    }
  } catch (thrown) {
    error = thrown;
  }
  const path = events.find(event => event.type === 'run')?.path ?? '';
  return { path, report, error, events };
}

/** A server that answers the option A, or fails as long as `broken` says so. */
function serverThat({ broken = () => false }: { readonly broken?: () => boolean } = {}): typeof fetch {
  return async () =>
    broken()
      ? new Response('no', { status: 400 })
      : Response.json({
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'A' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
        });
}

const MODEL = 'openai-compatible:http://h/v1#m';
const start = (input: Partial<BenchConfigurationInput>, options: Parameters<typeof benchRun>[1] = {}) =>
  follow(benchRun({ from, model: 'random', lint: false, ...input }, { runsDir, environment: {}, ...options }));
const resume = (path: string, changes: ResumeChanges, fetch: typeof globalThis.fetch) =>
  follow(resumeBench(path, { changes, fetch, environment: {} }));

describe('the configuration', () => {
  test.each<[string, TextForm, string, unknown]>([
    ['shard', shardText, '2/8', { index: 2, of: 8 }],
    ['price', priceText, '2.5,10', { inputPerMillion: 2.5, outputPerMillion: 10 }],
    ['temperature', temperatureText, '0.7', 0.7],
    ['temperature', temperatureText, 'server', null],
    ['concurrency', concurrencyText, '8', 8],
    ['concurrency', concurrencyText, 'auto', 'auto'],
    ['timeout', secondsText, '0.3', 300],
  ])('%s as text and back', (_, form, text, value) => {
    expect(form.parse(text)).toEqual(value);
    expect(form.format(value)).toBe(text);
  });

  test.each<[TextForm, string, string]>([
    [shardText, '3/2', 'expected i/n'],
    [priceText, '2.5', 'expected IN,OUT in dollars'],
    [priceText, '1,-1', 'expected IN,OUT in dollars'],
    [temperatureText, 'warm', 'expected a number from 0 to 2 or server'],
    [concurrencyText, '', 'expected a whole number from 1 to 1024 or auto'],
    [secondsText, '0', 'expected seconds from 0.001'],
  ])('text that is no value is refused', (form, text, message) => {
    expect(() => form.parse(text)).toThrow(message);
  });

  test('one recorded by an earlier version is read, merged runs included', () => {
    // As version 0.1.0 wrote it.
    const recorded =
      JSON.parse(`{"setting":"zero-shot","control":true,"concurrency":"auto","rotations":"none","repeats":1,
      "shard":null,"maxTokens":null,"maxDollars":null,"price":null,"system":null,"temperature":0,"maxOutputTokens":1024,
      "seed":0,"alternatives":0,"imageLayout":"first","imageRule":{"maxSide":1568,"maxBytes":1048576,"jpegQuality":95},
      "timeoutMs":180000,"attempts":6,"from":"/quiz","model":"random","lint":true,"mergedFrom":["a","b"]}`);
    const later = { batch: false, promptCache: false, pollMs: 60_000, wait: true };
    expect(parseConfiguration(benchJob, recorded)).toEqual({ ...recorded, ...later });
    const { mergedFrom: _, ...asked } = { ...recorded, ...later };
    expect(benchConfigurationSchema.parse({ from: '/quiz', model: 'random' })).toEqual(asked);
  });

  test('reads as the command line that gives it', () => {
    const configuration = parseConfiguration(benchJob, {
      from: '/quiz',
      shard: { index: 1, of: 2 },
      rotations: 'all',
      control: false,
      imageRule: { maxSide: 800 },
      maxDollars: 3,
      price: { inputPerMillion: 1, outputPerMillion: 2 },
      timeoutMs: 1500,
    });
    expect(commandOf(benchJob, configuration)).toBe(
      'biolens bench run --from /quiz --no-control --rotations all --shard 1/2 --max-side 800 --budget-dollars 3 --price 1,2 --timeout 1.5',
    );
  });
});

describe('before the work', () => {
  test.each<[Partial<BenchConfigurationInput>, string]>([
    [{ model: 'specalist' }, 'got "specalist", did you mean "specialist"?'],
    [{ model: 'openai:gpt-4o' }, 'needs a key: set OPENAI_API_KEY'],
    [{ maxDollars: 1 }, '"maxDollars" wants --price'],
    [{ shard: { index: 3, of: 2 } }, '"shard" expected i/n with 1 ≤ i ≤ n'],
    [{ from: join(root, 'none.jsonl') }, 'none.jsonl: '],
  ])('%j is refused, and no run is made', async (input, message) => {
    const none = join(root, 'no-runs');
    const { error } = await start(input, { runsDir: none });
    expect(error).toBeInstanceOf(BiolensError);
    expect(String(error)).toContain(message);
    expect(existsSync(none)).toBe(false);
  });

  test('the plan says how much is asked of whom', async () => {
    const input = { from, model: MODEL, setting: 'tools', rotations: 'all', repeats: 2 } as const;
    const { plan } = await planJob(benchJob, input, { environment: {} });
    expect(plan.reads).toEqual([{ what: 'benchmark', path: from, amount: '8 questions' }]);
    expect(plan.seconds).toBeNull();
    // Questions × rotations × repeats × settings.
    expect(plan.basis).toBe(`depends on the server: ${8 * 4 * 2 * 2} requests to ${MODEL}, more where it calls tools`);
    const local = await planJob(benchJob, { from, model: 'random', shard: { index: 1, of: 1 } });
    expect(local.plan.basis).toMatch(/^8 answers by random, as measured/);
    expect(local.plan.seconds).toBeGreaterThan(0);
    expect(local.plan.seconds).toBeLessThan(5);
  });
});

test('a run that used up its budget goes on with a larger one, and errors are asked again where that is said', async () => {
  let requests = 0;
  const server = serverThat({ broken: () => ++requests <= 2 });
  const options = { model: MODEL, concurrency: 1, attempts: 1 } as const;
  const stopped = await start({ ...options, maxTokens: 500 }, { fetch: server });
  expect(stopped.error).toMatchObject({ code: 'interrupted', details: { budget: 'token-budget' } });
  if (!(stopped.error instanceof BiolensError)) throw stopped.error;
  expect(benchJob.remedy?.(stopped.error, 'x')).toBe('biolens bench resume x --budget-tokens N resumes the run');

  const done = await resume(stopped.path, { maxTokens: 9999, retryErrors: true }, server);
  expect(done.error).toBeNull();
  expect(done.report?.scores[0]?.outcomes).toMatchObject({ correct: 8, error: 0 });
  const { configuration } = await readRunRecord(stopped.path);
  expect(configuration).toMatchObject({ maxTokens: 500 });
  expect(configuration).not.toHaveProperty('retryErrors');
});

test('what helps after an error depends on it', () => {
  const remedy = (...args: ConstructorParameters<typeof BiolensError>) =>
    benchJob.remedy?.(new BiolensError(...args), 'x');
  expect(remedy('input', 'q: bad', {})).toBeNull();
  expect(remedy('input', 'wrong key', { details: { kind: 'authentication' } })).toBe(
    'biolens runs resume x resumes the run',
  );
  expect(remedy('interrupted', 'used up', { details: { budget: 'money-budget' } })).toContain('--budget-dollars N');
  expect(remedy('external', 'outage')).toBe('biolens runs resume x resumes the run');
});

test('events become news', () => {
  const { tell } = benchJob.news();
  const progress = { done: 3, total: 8, spent: { inputTokens: 0, outputTokens: 0, dollars: null } };
  expect(tell({ type: 'reading', done: 1, total: 8 })).toMatchObject({ type: 'progress', stage: 'reading images' });
  expect(tell({ ...progress, type: 'pause', message: 'busy', waitMs: 1200 })).toEqual({
    type: 'note',
    text: 'waiting 2 s: busy',
  });
  expect(tell({ ...progress, type: 'started' })).toBeNull();
});

describe('the result', () => {
  test('is the score by the parser that was asked for', async () => {
    const { report } = await start({});
    if (report === null) throw new Error('no report');
    const view = (options: Record<string, unknown>) =>
      printedScoreSchema.parse(benchJob.result?.of(report, { run: 'r', options }));
    expect(view({})).toMatchObject({ schema: 'biolens/bench-score@1', run: 'r', parser: 'strict', model: 'random' });
    expect(view({ parser: 'official' }).parser).toBe('official');
    expect(benchJob.headline(report)).toMatchObject({ metric: report.scores[0]?.overall, level: 'unknown' });
  });

  test('without a score is an error, and a headline with the reason', async () => {
    const { report } = await start({});
    if (report === null) throw new Error('no report');
    const empty = { ...report, scores: [] };
    expect(() => benchJob.result?.of(empty, { run: 'r', options: {} })).toThrow('no question was put');
    expect(benchJob.headline(empty).metric).toMatchObject({ value: null, reason: 'no question was put' });
  });

  test('of several runs is a leaderboard for each benchmark', async () => {
    const ended = [await start({}), await start({ model: 'frequent' }), await start({ from: other })];
    const runs = ended.map(({ path, report }, i) => {
      if (report === null) throw new Error('no report');
      return { id: String(i), path, report };
    });
    const two = await benchJob.compare?.(runs.slice(0, 2));
    expect(two?.json).toMatchObject({ schema: 'biolens/bench-comparison@1' });
    const { rows, pairs } = benchComparisonSchema.parse(two?.json);
    // The published rows are of other questions.
    expect(rows.map(({ name }) => name).sort()).toEqual(['frequent', 'random']);
    expect(pairs).toHaveLength(1);
    expect(two?.text).toContain('frequent');
    const all = await benchJob.compare?.(runs);
    expect(all?.text).toContain('six.jsonl');
    expect(all?.json).toMatchObject({ comparisons: [{ benchmark: from }, { benchmark: other }] });
  });
});

test('a merged run is asked again as one run', async () => {
  const shards = await Promise.all([1, 2].map(index => start({ shard: { index, of: 2 } })));
  const { path } = await mergeRuns(
    shards.map(shard => shard.path),
    { runsDir },
  );
  const { configuration } = await readRunRecord(path);
  expect(configuration.mergedFrom).toHaveLength(2);
  const again = await follow(benchRun(benchConfigurationSchema.parse(configuration), { runsDir }));
  expect(again.report?.scores[0]?.counts.answers).toBe(8);
  expect(JSON.parse(readFileSync(join(again.path, 'run.json'), 'utf8')).configuration).not.toHaveProperty('mergedFrom');
});
