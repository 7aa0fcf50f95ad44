import { expect, test } from 'vitest';
import { benchReportSchema } from '../../src/ground/contracts/bench-report.ts';
import { buildBenchReport } from '../../src/jobs/bench/index.ts';
import { describeBench } from '../../src/jobs/bench/run/describe.ts';
import { makeAnswer, makeQuestion } from './questions.ts';

test('a report has every model by both parsers, and every reply with what they made of it', () => {
  const questions = Array.from({ length: 4 }, (_, i) =>
    makeQuestion({ id: `f/${i}`, options: ['Image 1', 'Image 2', 'x', 'y'], correct: 'B' }),
  );
  const report = buildBenchReport({
    benchmark: { source: 'bench', format: 'official' },
    questions,
    answers: [
      makeAnswer('f/0', 'A closer look says the answer is B.', { rotation: 0 }),
      makeAnswer('f/1', null),
      makeAnswer('f/2', `B${' '.repeat(9000)}`, { model: 'other', latencyMs: 5 }),
    ],
    lint: {
      questions: 4,
      pictures: 0,
      findings: [{ question: 'f/0', rule: 'r', severity: 'error', detail: 'd' }],
      rules: [],
    },
  });
  expect(benchReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  expect(report.scores.map(({ model, parser, overall }) => [model, parser, overall.value])).toEqual([
    ['m', 'strict', 1],
    ['other', 'strict', 1],
    ['m', 'official', 0],
    ['other', 'official', 1],
  ]);
  expect(report.scores[0]?.withoutFlagged).toMatchObject({ flagged: 1, overall: { value: null, n: 0 } });
  expect(report.items).toMatchObject([
    { strict: { outcome: 'correct', chosen: 'B' }, official: { outcome: 'wrong', chosen: 'A' }, cut: 0 },
    { raw: null, error: 'timeout: no reply in time', strict: { outcome: 'error', chosen: null } },
    { model: 'other', cut: 1001, latencyMs: 5 },
  ]);
  expect(report).not.toHaveProperty('changes');
  expect(report.questions.map(question => question.id)).toEqual(['f/0', 'f/1', 'f/2']);
  expect(report.comparison.rows).toHaveLength(32);
  expect(report.leaderboard.csv.split('\n').filter(Boolean)).toHaveLength(33);
  expect(report.leaderboard.markdown).toContain('| Model | n | Overall |');
  expect(report.leaderboard.latex).toContain('\\begin{tabular}');
  expect(report.benchmark).toMatchObject({ questions: 4, digest: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('without replies there is a report that says so', () => {
  const report = buildBenchReport({
    benchmark: { source: 'b', format: 'jsonl' },
    questions: [makeQuestion()],
    answers: [],
    published: false,
  });
  expect(report).toMatchObject({
    scores: [],
    items: [],
    questions: [],
    comparison: { rows: [], pairs: [], size: null },
  });
});

test('many long replies are shown shorter, so that a report of them can be opened', () => {
  const answers = Array.from({ length: 4000 }, (_, repeat) => makeAnswer('q', `B ${'x'.repeat(9000)}`, { repeat }));
  const { items } = buildBenchReport({
    benchmark: { source: 'b', format: 'jsonl' },
    questions: [makeQuestion({ id: 'q' })],
    answers,
    published: false,
  });
  expect(items.every(({ raw, cut }) => raw?.length === 6000 && cut === 3002)).toBe(true);
});

test('what a server made us ask otherwise is in the report, and said in its text', () => {
  const questions = Array.from({ length: 3 }, (_, i) =>
    makeQuestion({ id: `f/${i}`, options: ['v', 'w', 'x', 'y'], correct: 'B' }),
  );
  const answers = questions.map(({ id }, i) => ({
    ...makeAnswer(id, 'B'),
    ...(i === 0 ? {} : { changes: ['temperature', 'max_completion_tokens', ...(i === 1 ? ['of-tomorrow'] : [])] }),
  }));
  const report = buildBenchReport({ benchmark: { source: 'bench', format: 'official' }, questions, answers });
  expect(report.changes).toEqual([
    { change: 'temperature', replies: 2 },
    { change: 'max_completion_tokens', replies: 2 },
    { change: 'of-tomorrow', replies: 1 },
  ]);
  const text = describeBench(benchReportSchema.parse(JSON.parse(JSON.stringify(report))));
  expect(text).toContain('Not as configured, since the server refuses it:');
  expect(text.replace(/\s+/g, ' ')).toContain('no temperature was sent');
  expect(text.replace(/\s+/g, ' ')).toContain('requests were changed (of-tomorrow) (1 of 3 replies)');
  expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(80);
});
