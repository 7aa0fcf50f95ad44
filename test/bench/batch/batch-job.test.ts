import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { BenchReport } from '../../../src/ground/contracts/index.ts';
import {
  type BenchConfigurationInput,
  type BenchEvent,
  benchJob,
  benchRun,
  type ResumeChanges,
  resumeBench,
} from '../../../src/jobs/bench/index.ts';
import { commandOf, parseConfiguration, planJob } from '../../../src/kit/job/index.ts';
import { readRunRecord } from '../../../src/kit/runs/index.ts';
import { biolens } from '../../cli/biolens.ts';
import { makeQuestion } from '../questions.ts';
import { ENVIRONMENT, MODELS, MockProvider } from './mock-provider.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-batch-job-'));
const runsDir = join(root, 'runs');
const from = join(root, 'q.jsonl');
const lines = Array.from({ length: 8 }, (_, i) =>
  JSON.stringify(makeQuestion({ id: `f/${i}`, text: `Which is ${i}?` })),
);
writeFileSync(from, `${lines.join('\n')}\n`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function follow(run: AsyncGenerator<BenchEvent, BenchReport>) {
  let [path, error]: [string, unknown] = ['', null];
  let report: BenchReport | null = null;
  const news = benchJob.news();
  const told: string[] = [];
  try {
    for await (const event of run) {
      if (event.type === 'run') path = event.path;
      if (event.type === 'result') report = event.report;
      if (event.type === 'run' || event.type === 'result') continue;
      const one = news.tell(event);
      if (one !== null) told.push(one.type === 'note' ? one.text : `${one.stage} ${one.done}/${one.total}`);
    }
  } catch (thrown) {
    error = thrown;
  }
  return { path, error, report, told };
}

test('a run hands in and ends; bench resume collects what is there by then, and the report is as of any run', async () => {
  const provider = new MockProvider({ kind: 'openai', polls: 2 });
  const access = { environment: ENVIRONMENT, fetch: provider.fetch };
  const input: BenchConfigurationInput = { from, model: MODELS.openai, batch: true, wait: false, pollMs: 5 };
  const first = await follow(benchRun(input, { ...access, runsDir }));
  expect(first.error).toMatchObject({ code: 'interrupted', message: '8 requests in 1 batch are not answered yet' });
  expect(benchJob.remedy?.(first.error as never, 'ID')).toBe('biolens bench resume ID collects them');
  expect(first.told).toContain('a batch of 8 requests is handed in');
  expect((await readRunRecord(first.path)).status).toBe('interrupted');

  const resume = (changes: ResumeChanges) => follow(resumeBench(first.path, { ...access, changes }));
  const second = await resume({ wait: true });
  expect(second.error).toBeNull();
  expect(second.told).toEqual(expect.arrayContaining(['waiting for batches 8/8', 'asking 8/8']));
  expect(second.report?.scores[0]?.usage.cachedInputTokens).toEqual({ value: 8 * 64, n: 8, interval: null });
  expect(second.report?.scores[0]?.counts.answers).toBe(8);
  expect(second.report === null ? '' : benchJob.describe(second.report)).toContain(
    'tokens: 800 in (512 from a cache), 80 out',
  );
  expect(provider.batches).toHaveLength(1);
  expect(readFileSync(join(first.path, 'artifacts/batches.json'), 'utf8')).toContain('"state":"forgotten"');
});

test('the estimate tells the batches and half the price', async () => {
  const input: BenchConfigurationInput = {
    from,
    model: MODELS.anthropic,
    batch: true,
    price: { inputPerMillion: 3, outputPerMillion: 15 },
  };
  const { plan } = await planJob(benchJob, input, { runsDir, environment: ENVIRONMENT });
  expect(plan.seconds).toBeNull();
  expect(plan.basis).toBe(
    'depends on the server: 8 requests to anthropic:claude-test; in 1 or more batches of at most 64 MiB, answered within 24 hours, at half the price ($1.5 in, $7.5 out for a million tokens)',
  );
  const other = await planJob(benchJob, { from, model: 'openai-compatible:http://h/v1#m', batch: true }, { runsDir });
  expect(other.plan.basis).toContain('at the price that the host has for batches');
});

test.each([
  [{ model: 'specialist', batch: true }, '"batch" wants a model of OpenAI'],
  [{ model: 'ollama:llava', batch: true }, '"batch" wants a model of OpenAI'],
  [{ model: MODELS.openai, batch: true, setting: 'tools' }, '"batch" cannot be had with --setting tools'],
  [{ model: MODELS.openai, batch: true, maxTokens: 5 }, '"maxTokens" cannot be kept with --batch'],
  [{ model: MODELS.google, batch: true, alternatives: 5 }, '"alternatives" are not had from the batches'],
  [{ model: MODELS.openai, wait: false }, '"wait" wants --batch'],
  [{ model: MODELS.openai, promptCache: true }, '"promptCache" is for models of Anthropic'],
] as const)('%j is refused in words', (more, message) => {
  expect(() => parseConfiguration(benchJob, { from, ...more })).toThrow(message);
});

test('the command says what the configuration does', () => {
  const configuration = parseConfiguration(benchJob, {
    from,
    model: MODELS.openai,
    batch: true,
    wait: false,
    pollMs: 30_000,
  });
  expect(commandOf(benchJob, configuration)).toBe(
    `biolens bench run --from ${from} --model openai:gpt-test --batch --poll 30 --no-wait`,
  );
});

test.each(['--no-wait', '--wait-for-all'])('the flag %s is understood', async flag => {
  const model = 'openai-compatible:http://h/v1#m';
  const { code, out, err } = await biolens(
    ...['bench', 'run', '--from', from, '--model', model, '--batch', flag, '--dry-run'],
  );
  expect(err).toBe('');
  expect(code).toBe(0);
  expect(out.includes('--no-wait')).toBe(flag === '--no-wait');
});
