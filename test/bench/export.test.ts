import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import {
  type BenchRunContent,
  formatInspectLog,
  formatLmmsResults,
  formatLmmsSamples,
  ownReplies,
} from '../../src/jobs/bench/index.ts';
import { makeAnswer, makeQuestion } from './questions.ts';

const record: RunRecord = {
  schema: 'biolens/run@1',
  id: '2026-11-28-bench-m',
  kind: 'bench',
  status: 'interrupted',
  configuration: { temperature: 0, maxOutputTokens: 64, seed: 3 },
  provenance: {
    biolens: '0.1.0',
    commit: 'c0ffee',
    seed: 3,
    digests: { benchmark: 'd'.repeat(64) },
    host: { platform: 'p', cpu: 'c', cores: 1, memoryBytes: 1, node: 'n', runtime: 'r', device: 'cpu' },
    startedAt: '2026-11-28T02:00:00.000Z',
    endedAt: null,
  },
};

/** A question that was asked with its options turned, and one of each other outcome. */
const run: BenchRunContent = {
  record,
  digest: 'd'.repeat(64),
  report: null,
  questions: [
    makeQuestion({ id: 'f/1', paths: ['images/1.png'], correct: 'B' }),
    makeQuestion({ id: 'f/2' }),
    makeQuestion({ id: 'f/3', task: 'Race Estimation' }),
    makeQuestion({ id: 'f/4' }),
  ],
  answers: [
    makeAnswer('f/4', null),
    makeAnswer('f/1', 'A', { rotation: 1, usage: { inputTokens: 10, outputTokens: 1 }, cost: 0.5, latencyMs: 250 }),
    makeAnswer('f/1', 'A', { usage: { inputTokens: 12, outputTokens: null } }),
    makeAnswer('f/2', 'I cannot tell.', { refused: true }),
    makeAnswer('f/3', 'It could be either of them', { finishReason: 'length' }),
    makeAnswer('f/3', 'A', { setting: 'in-context' }),
  ],
};

// The forms are those that inspect_ai 0.3.285 reads with read_eval_log and that lmms-eval writes.
describe('a run as a log of Inspect', () => {
  const log = JSON.parse(formatInspectLog(ownReplies(run, 'strict')));

  test('says what was asked of whom, and how it ended', () => {
    expect(log).toMatchObject({
      version: 2,
      status: 'cancelled',
      eval: {
        created: record.provenance.startedAt,
        task: 'biolens_bench',
        model: 'm',
        model_generate_config: { temperature: 0, max_tokens: 64, seed: 3 },
        config: { epochs: 2 },
        dataset: { samples: 4, sample_ids: ['f/1', 'f/2', 'f/3', 'f/4'] },
      },
      stats: { model_usage: { m: { input_tokens: 22, output_tokens: 1, total_tokens: 23, total_cost: 0.5 } } },
    });
    expect(log.samples.map(({ id, epoch }: { id: string; epoch: number }) => [id, epoch])).toEqual([
      ['f/1', 1],
      ['f/1', 2],
      ['f/2', 1],
      ['f/3', 1],
      ['f/4', 1],
    ]);
  });

  test('keeps right, wrong, refused, unreadable and missing replies apart', () => {
    const scores = log.samples.map((sample: { scores: { strict?: { value: string } } }) => sample.scores.strict?.value);
    expect(scores).toEqual(['I', 'C', 'N', 'N', undefined]);
    expect(log.samples[2].scores.strict.metadata).toEqual({ outcome: 'refused' });
    expect(log.samples[3].scores.strict.metadata).toEqual({ outcome: 'unparsed' });
    expect(log.samples[3].output.choices[0].stop_reason).toBe('max_tokens');
    expect(log.samples[4]).toMatchObject({ error: { message: 'no reply in time' }, output: { choices: [] } });
    expect(log.results.scores[0]).toMatchObject({ scored_samples: 4, unscored_samples: 1 });
    // Right in one of two turns of f/1, in none of the other two.
    expect(log.results.scores[0].metrics.accuracy.value).toBeCloseTo(0.5 / 3, 12);
  });

  test('shows options, target and images as the model saw them', () => {
    const turned = log.samples[1];
    expect(turned).toMatchObject({ choices: ['x', 'y', 'z', 'w'], target: 'A', metadata: { rotation: 1 } });
    expect(turned.input[0].content).toEqual([
      { type: 'text', text: 'Which one is it?\n(A) x\n(B) y\n(C) z\n(D) w\n' },
      { type: 'image', image: 'images/1.png', detail: 'auto' },
    ]);
  });
});

describe('a run as lmms-eval has it', () => {
  test('results: a group of all questions and a task for each task', () => {
    const { results, ...rest } = JSON.parse(formatLmmsResults(ownReplies(run, 'strict')));
    expect(Object.keys(results)).toEqual(['biolens', 'biolens_age', 'biolens_race_estimation']);
    expect(results.biolens['acc,strict']).toBeCloseTo(0.5 / 3, 12);
    expect(results.biolens['acc_stderr,strict']).toBe('N/A');
    expect(rest).toMatchObject({
      group_subtasks: { biolens: ['biolens_age', 'biolens_race_estimation'] },
      'n-samples': { biolens_age: { original: 3, effective: 2 } },
      higher_is_better: { biolens: { acc: true } },
      model_name: 'm',
    });
  });

  test('samples: a line a reply, null where there was none', () => {
    const lines = formatLmmsSamples(ownReplies(run, 'strict'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines.map(({ doc_id, acc, outcome }) => [doc_id, acc, outcome])).toEqual([
      [0, 0, 'wrong'],
      [0, 1, 'correct'],
      [1, 0, 'refused'],
      [2, 0, 'unparsed'],
      [3, null, 'error'],
    ]);
    expect(lines[1]).toMatchObject({ target: 'A', resps: ['A'], filtered_resps: ['A'], input_media: ['images/1.png'] });
  });
});

test('a run without an answer is refused', () => {
  expect(() => ownReplies({ ...run, answers: [] }, 'strict')).toThrow('no question has been answered yet');
});
