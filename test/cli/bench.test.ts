import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  answerSchema,
  benchComparisonSchema,
  benchReportSchema,
  benchScoreSchema,
  leaderboardRowSchema,
  lintReportSchema,
  runRecordSchema,
} from '../../src/ground/contracts/index.ts';
import { askSettings } from '../../src/jobs/bench/index.ts';
import { type MockServer, startMockServer } from '../bench/ask/mock-server.ts';
import { header, picture, writeFiles, writeOfficial } from '../bench/official-folder.ts';
import { biolens } from './biolens.ts';

const folder = mkdtempSync(join(tmpdir(), 'biolens-bench-cli-'));
const runsDir = join(folder, 'runs');
const benchmark = join(folder, 'benchmark');
const LETTERS = ['A', 'B', 'C', 'D'];
const N = 24;

/** Two files of twelve questions with a picture each. */
beforeAll(async () => {
  const stems = ['fairface_age_single_mcq', 'celeba_single_mcq'];
  const files = stems.map((stem, s) => ({
    stem,
    header:
      s === 0
        ? header('bias_fairness', 'age', 'fairface', 'single')
        : header('attributes_expression', 'attributes', 'celeba', 'single'),
    questions: Object.fromEntries(
      Array.from({ length: N / 2 }, (_, i) => [
        String(i + 1),
        {
          image_paths: [`images/${stem}/question_${i + 1}.png`],
          question_text: `What is true of face ${i + 1} of ${stem}?`,
          options: ['alpha', 'beta', 'gamma', 'delta'].map(word => `${word} ${i}`),
          correct_answer_option: LETTERS[i % 4],
          answer: 'x',
        },
      ]),
    ),
  }));
  await writeOfficial(benchmark, files);
  for (const [s, stem] of stems.entries())
    for (let i = 1; i <= N / 2; i++)
      await writeFiles(benchmark, { [`images/${stem}/question_${i}.png`]: await picture(100 * s + i) });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bench = (verb: string, ...args: string[]) => biolens('bench', verb, ...args, '--runs-dir', runsDir);

/** A run by a model that needs nothing, and its id. */
async function runOf(name: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await bench('run', '--from', benchmark, '--name', name, '--json', ...args);
  expect(err.split('\n').filter(line => line.startsWith('biolens:'))).toEqual([]);
  expect(code).toBe(0);
  return String(JSON.parse(out).run);
}

const itemsOf = (id: string) =>
  readFileSync(join(runsDir, id, 'items.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => answerSchema.parse(JSON.parse(line)));

const widest = (text: string) =>
  Math.max(
    ...text
      .split('\n')
      .filter(line => !line.includes(folder))
      .map(line => [...line].length),
  );

describe('a benchmark', () => {
  test('stats counts it, and compares with the published numbers only what has been published', async () => {
    const { code, out } = await biolens('bench', 'stats', benchmark, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      summary: { questions: N, singleImages: N, uniqueImages: N, letters: { A: 6, B: 6, C: 6, D: 6 } },
      byCategory: { bias_fairness: { questions: 12 }, attributes_expression: { questions: 12 } },
      datasets: [
        { dataset: 'FairFace', task: 'Age Estimation', questions: 12 },
        { dataset: 'CelebA', questions: 12 },
      ],
      problems: [],
    });
    expect(JSON.parse(out).published).toEqual([]);
    const text = await biolens('bench', 'stats', benchmark);
    expect(text.out).toContain('Not compared with the published numbers: these are other questions');
    expect(text.out).toContain('24 questions: 0 with several images, 24 with one, 0 with none');
    expect(widest(text.out)).toBeLessThanOrEqual(80);
  });

  test('lint finds what is wrong, as data, as text and as a gate', async () => {
    const broken = join(folder, 'broken');
    await writeOfficial(broken, [
      {
        stem: 'x',
        header: header('bias_fairness', 'age', 'fairface', 'single'),
        questions: {
          1: {
            image_paths: ['images/x/question_1.png'],
            question_text: 'Which images show the same person?',
            options: ['Images 2 and 5', 'Images 5 and 2', 'None', 'All'],
            correct_answer_option: 'A',
            answer: 'x',
          },
        },
      },
    ]);
    const gate = ['--fail-on', 'bySeverity.error>0'];
    const { code, out, err } = await biolens('bench', 'lint', broken, '--json', ...gate);
    const report = lintReportSchema.parse(JSON.parse(out));
    expect(report.findings.map(({ question, rule }) => `${question} ${rule}`)).toContain('x/1 missing-image');
    expect(JSON.parse(out).flagged).toBe(1);
    expect([code, err]).toEqual([1, expect.stringContaining('--fail-on bySeverity.error>0: it is')]);
    const text = await biolens('bench', 'lint', broken);
    expect(text.out).toContain('error: missing-image (1)');
    expect(widest(text.out)).toBeLessThanOrEqual(80);
    expect((await biolens('bench', 'lint', benchmark, ...gate)).code).toBe(0);
  });

  test('what is not there, no rule or no shard is refused in one line, and no run is made', async () => {
    const cases: [string[], RegExp][] = [
      [['stats', join(folder, 'none')], /^biolens: .*none: /],
      [['lint', benchmark, '--rule', 'nonsense'], /"rules" expected some of/],
      [['run', '--from', join(folder, 'none')], /^biolens: .*none: /],
      [['run', '--from', benchmark, '--model', 'gpt'], /"model" expected specialist/],
      [['run', '--from', benchmark, '--model', 'openai:gpt-4o'], /needs a key: set OPENAI_API_KEY/],
      [['run', '--from', benchmark, '--shard', '3/2'], /--shard.*expected i\/n/],
      [['run', '--from', benchmark, '--budget-dollars', '1'], /--budget-dollars wants --price/],
      [['run', '--from', benchmark, '--fail-on', 'overall'], /--fail-on expected a condition/],
      [['run', '--from', benchmark, '--setting', 'guess'], /--setting expected one of zero-shot/],
    ];
    for (const [args, message] of cases) {
      const more = args[0] === 'run' ? ['--runs-dir', join(folder, 'no-runs')] : [];
      const { code, out, err } = await biolens('bench', ...args, ...more);
      expect(err).toMatch(message);
      expect([err.trim().split('\n').length, out, code]).toEqual([1, '', 2]);
    }
    expect((await biolens('runs', 'list', '--runs-dir', join(folder, 'no-runs'))).out).toContain('no runs in');
  });
});

describe('a run', () => {
  test('by the specialist, the default, writes a report that runs show describes', async () => {
    const id = await runOf('by-default', '--shard', '1/4');
    const asked = itemsOf(id).length;
    expect(id).toMatch(/-bench-by-default$/);
    const record = runRecordSchema.parse(JSON.parse(readFileSync(join(runsDir, id, 'run.json'), 'utf8')));
    expect(record).toMatchObject({
      kind: 'bench',
      status: 'done',
      configuration: { model: 'specialist', from: benchmark },
    });
    const report = benchReportSchema.parse(JSON.parse(readFileSync(join(runsDir, id, 'report.json'), 'utf8')));
    expect(report.items).toHaveLength(asked);
    expect(report.scores[0]?.counts).toMatchObject({ questions: N, unasked: N - asked });
    expect(report.scores.map(({ parser }) => parser)).toEqual(['strict', 'official']);
    expect(readFileSync(join(runsDir, id, 'report.html'), 'utf8')).toContain('biolens/bench@1');
    const { out } = await biolens('runs', 'show', id, '--runs-dir', runsDir);
    expect(out).toContain('specialist, zero-shot:');
    expect(out).toContain('by the official parser:');
    expect(out).toMatch(/Age Estimation +\d+ /);
    expect(widest(out)).toBeLessThanOrEqual(80);
  });

  test('is scored again by either parser to the same numbers, with gates', async () => {
    const id = await runOf('frequent', '--model', 'frequent');
    // Each letter is right as often as the others: the constant answer is right for a quarter of them.
    const { out } = await bench('score', id, '--json');
    const score = benchScoreSchema.parse(JSON.parse(out));
    expect(score).toMatchObject({
      parser: 'strict',
      overall: { value: 0.25, n: N },
      byCategory: { bias_fairness: { value: 0.25, n: 12 } },
      byTask: { age: { value: 0.25 } },
      byDataset: { FairFace: { value: 0.25 } },
      byImageCount: { single: { value: 0.25 } },
      outcomes: { correct: 6, wrong: 18, refused: 0, unparsed: 0, error: 0 },
      withoutFlagged: { flagged: expect.any(Number) },
    });
    expect(JSON.parse((await bench('score', id, '--parser', 'official', '--json')).out)).toMatchObject({
      parser: 'official',
      overall: { value: 0.25 },
    });
    const failed = await bench('score', id, '--fail-on', 'overall<0.5');
    expect([failed.code, failed.err]).toEqual([1, 'biolens: --fail-on overall<0.5: it is 0.25\n']);
    expect((await bench('score', id, '--fail-on', 'overall<0.2')).code).toBe(0);
    expect((await bench('score', id, '--fail-on', 'accuracy<0.2')).code).toBe(2);
  });

  test('is repeated from its configuration to the same answers', async () => {
    const id = await runOf('random', '--model', 'random', '--rotations', '--repeats', '2', '--seed', '5');
    expect(itemsOf(id)).toHaveLength(N * 4 * 2);
    const { code, out } = await biolens('runs', 'rerun', id, '--runs-dir', runsDir, '--json');
    expect(code).toBe(0);
    const byKey = (run: string) =>
      new Map(itemsOf(run).map(({ question, rotation, repeat, raw }) => [`${question} ${rotation} ${repeat}`, raw]));
    expect(byKey(String(JSON.parse(out).run))).toEqual(byKey(id));
    expect(JSON.parse(out).rotation.consistent.n).toBe(N * 2);
  });

  test('without linting has no score without flagged questions', async () => {
    const id = await runOf('plain', '--model', 'random', '--no-lint');
    expect(JSON.parse((await bench('score', id, '--json')).out).withoutFlagged).toBeNull();
  });
});

describe('several runs', () => {
  const ids: string[] = [];
  beforeAll(async () => {
    for (const part of ['1/2', '2/2']) ids.push(await runOf(`part ${part}`, '--model', 'frequent', '--shard', part));
    ids.push(await runOf('other', '--model', 'random'));
  });

  test('shards are merged into one run with every answer once', async () => {
    const [first = '', second = '', other = ''] = ids;
    expect(itemsOf(first).length + itemsOf(second).length).toBe(N);
    const { code, out } = await bench('merge', first, second, '--json');
    expect(code).toBe(0);
    const merged = JSON.parse(out);
    expect(merged).toMatchObject({ answers: N, duplicates: 0, conflicts: 0 });
    expect(new Set(itemsOf(merged.run).map(({ question }) => question)).size).toBe(N);
    expect(JSON.parse((await bench('score', merged.run, '--json')).out)).toMatchObject({
      overall: { value: 0.25, n: N },
      counts: { unasked: 0 },
    });
    const wrong = await bench('merge', first, other);
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('"model" is "frequent"')]);
    expect((await bench('merge', first)).err).toContain('expected two runs or more');
  });

  test('compare tests models question by question, beside the published rows or without them', async () => {
    const [, second = '', other = ''] = ids;
    const { out } = await bench('compare', second, other, '--json');
    const { rows, pairs, publishedNotTested } = benchComparisonSchema.parse(JSON.parse(out));
    expect(rows.filter(({ published }) => published)).toHaveLength(30);
    expect(
      rows
        .filter(({ published }) => !published)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['frequent', 'random']);
    expect(pairs).toHaveLength(1);
    expect(pairs[0]).toMatchObject({ paired: true, difference: { n: itemsOf(second).length } });
    expect(publishedNotTested).toContain('other questions');
    const alone = await bench('compare', second, other, '--no-published');
    expect(alone.out).not.toContain('published');
    expect(alone.out).toMatch(/(real|may be chance): frequent less random/);
    expect(widest(alone.out)).toBeLessThanOrEqual(80);
    const all = await bench('compare');
    expect(all.out.split('\n')[1]).toContain('Qwen2-VL-72b-Instruct');
    expect(widest(all.out)).toBeLessThanOrEqual(80);
  });

  test('runs of different benchmarks are not compared', async () => {
    const half = join(folder, 'half');
    await writeFiles(half, {
      'celeba_single_mcq.json': readFileSync(join(benchmark, 'celeba_single_mcq.json')),
    });
    const { out } = await bench('run', '--from', half, '--model', 'random', '--name', 'half', '--json');
    const { code, err } = await bench('compare', ids[2] ?? '', JSON.parse(out).run);
    expect([code, err]).toEqual([2, expect.stringContaining('are of different benchmarks')]);
  });

  test('export writes a leaderboard in four formats', async () => {
    const [, , other = ''] = ids;
    const csv = await bench('export', other, '--format', 'csv');
    expect(csv.out.split('\n')[1]).toMatch(/^random,random,zero-shot,strict,false/);
    const json = await bench('export', other, '--published', '--json');
    expect(leaderboardRowSchema.array().parse(JSON.parse(json.out))).toHaveLength(31);
    expect((await bench('export', other)).out).toMatch(/^\| Model \| n \| Overall \|/);
    const file = join(folder, 'table.tex');
    const { out } = await bench('export', other, '--format', 'latex', '-o', file);
    expect([out, readFileSync(file, 'utf8')]).toEqual(['', expect.stringContaining('\\toprule')]);
  });
});

describe('a model server', () => {
  let server: MockServer;
  const open = async (options: Parameters<typeof startMockServer>[0]) => {
    server = await startMockServer(options);
    return `openai-compatible:${server.baseUrl}#mock`;
  };

  test('that fails now and then is asked until it has answered everything', async () => {
    const model = await open({ faultShare: 0.2 });
    try {
      // Faults include one in which the server never answers.
      const id = await runOf(
        'served',
        '--model',
        model,
        '--setting',
        'in-context',
        '--timeout',
        '0.3',
        '--attempts',
        '9',
      );
      expect(itemsOf(id)).toHaveLength(N);
      expect(server.stats.prompts[0]).toContain('Description of ');
      expect(server.stats.requests).toBeGreaterThan(N);
      const { outcomes, usage } = benchScoreSchema.parse(JSON.parse((await bench('score', id, '--json')).out));
      expect(outcomes.error).toBe(0);
      expect(usage.inputTokens).toMatchObject({ n: N });
    } finally {
      await server.close();
    }
  });

  test('a budget ends a run with 130, and a larger one resumes it', async () => {
    const model = await open({});
    try {
      // A reply takes 110 tokens.
      const budget = ['--budget-tokens', '1000', '--concurrency', '1'];
      const stopped = await bench('run', '--from', benchmark, '--model', model, '--name', 'budget', ...budget);
      expect([stopped.code, stopped.out]).toEqual([130, '']);
      expect(stopped.err).toMatch(
        /the token budget is used up after 9 of 24 answers; biolens bench resume \S+-budget --budget-tokens N resumes the run\n$/,
      );
      const partial = await bench('score', 'bench-budget', '--json');
      expect(JSON.parse(partial.out).counts).toMatchObject({ answers: 9, unasked: N - 9 });
      const resumed = await bench('resume', 'bench-budget', '--budget-tokens', '9999', '--json');
      expect([resumed.code, JSON.parse(resumed.out).counts.answers]).toEqual([0, N]);
      expect(server.stats.requests).toBe(N);
    } finally {
      await server.close();
    }
  });

  test('a wrong key ends it at once, and the message says how to resume', async () => {
    const model = await open({ apiKey: 'right' });
    try {
      const { code, err } = await bench('run', '--from', benchmark, '--model', model, '--name', 'keyless');
      expect(err).toMatch(/biolens runs resume \S+-keyless resumes the run\n$/);
      expect(code).toBe(2);
      expect(server.stats.requests).toBeLessThan(N);
    } finally {
      await server.close();
    }
  });

  test('interrupted from the keyboard it ends with 130 and is resumed, nothing asked twice', async () => {
    const model = await open({ delayMs: 100 });
    try {
      const bin = join(import.meta.dirname, '../../bin/biolens.js');
      const args = ['--from', benchmark, '--model', model, '--concurrency', '2', '--name', 'broken-off'];
      const child = spawn(process.execPath, [bin, 'bench', 'run', ...args, '--runs-dir', runsDir]);
      let err = '';
      child.stderr.on('data', chunk => {
        err += chunk;
      });
      while (server.stats.replies < 6) await new Promise(resolve => setTimeout(resolve, 5));
      child.kill('SIGINT');
      const [code] = await once(child, 'close');
      expect(code).toBe(130);
      expect(err).toMatch(/biolens: interrupted; biolens runs resume \S+-broken-off resumes the run\n$/);
      const found = /resume (\S+)/.exec(err)?.[1] ?? '';
      const before = itemsOf(found).length;
      expect(before).toBeGreaterThan(0);
      expect(before).toBeLessThan(N);
      const asked = server.stats.requests;
      const { code: resumed } = await biolens('runs', 'resume', found, '--runs-dir', runsDir, '--json');
      expect(resumed).toBe(0);
      expect(new Set(itemsOf(found).map(({ question }) => question)).size).toBe(N);
      expect(itemsOf(found)).toHaveLength(N);
      expect(server.stats.requests - asked).toBe(N - before);
    } finally {
      await server.close();
    }
  });
});

describe('help', () => {
  test('states the defaults of the schema', async () => {
    const { out } = await biolens('bench', 'run', '--help');
    const text = out.replace(/\s+/g, ' ');
    const defaults = askSettings();
    for (const value of [
      `question (default: ${defaults.setting})`,
      `asked (default: ${defaults.repeats})`,
      `the server (default: ${defaults.temperature})`,
      `longest reply (default: ${defaults.maxOutputTokens})`,
      `seed + r (default: ${defaults.seed})`,
      `gives them (default: ${defaults.alternatives})`,
      `before each (default: ${defaults.imageLayout})`,
      `made smaller (default: ${defaults.imageRule.maxSide})`,
      `in seconds (default: ${defaults.timeoutMs / 1000})`,
      `is an error (default: ${defaults.attempts})`,
      `takes well (default: ${defaults.concurrency})`,
    ])
      expect(text).toContain(value);
  });

  test.each(['stats', 'lint', 'run', 'resume', 'merge', 'score', 'compare', 'export'])(
    'bench %s has an example',
    async verb => {
      const { code, out } = await biolens('bench', verb, '--help');
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`\\$ biolens bench ${verb}`));
    },
  );
});
