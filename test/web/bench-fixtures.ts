import type { z } from 'zod';
import {
  type BenchReport,
  benchReportSchema,
  missingMetric,
  type ReportPage,
  reportPageSchema,
  TASKS,
} from '../../src/ground/contracts/index.ts';
import { drawnPicture, HOSTILE, lehmer, metric, runRecord, share } from './fixtures.ts';

type BenchInput = z.input<typeof benchReportSchema>;
type ScoreInput = BenchInput['scores'][number];
type ItemInput = BenchInput['items'][number];
type QuestionInput = BenchInput['questions'][number];
type RowInput = BenchInput['comparison']['rows'][number];

const LETTERS = ['A', 'B', 'C', 'D'] as const;
const OPTIONS = ['Image 1', 'Image 2', 'Both of them', 'None of the above'];
const SETS = ['FairFace', 'UTKFace', 'LFW', 'CelebA'];

/** Questions that go round the tasks, the data sets and the letters. */
export function makeQuestions(count: number): QuestionInput[] {
  return Array.from({ length: count }, (_, i) => {
    const task = TASKS[i % TASKS.length]!;
    const pictures = task.code === 'tools_retrieval' ? 0 : i % 3 === 0 ? 1 : 2;
    return {
      id: `${task.code}/${i}`,
      category: task.category,
      task: task.code,
      dataset: SETS[i % SETS.length]!,
      imageCount: pictures === 0 ? 'zero' : pictures === 1 ? 'single' : 'multiple',
      images: Array.from({ length: pictures }, (_, at) => ({
        path: `images/${i}-${at}.jpg`,
        file: `images/${i}-${at}.jpg`,
      })),
      text: `Question ${i}: which of these faces fits the description of the task ${task.name}?`,
      options: OPTIONS.map((text, at) => ({ label: LETTERS[at]!, text })),
      correct: LETTERS[i % 4]!,
      answer: null,
      prepend: '',
      postpend: '',
    };
  });
}

/** Replies that are right about `skill` of the time; every 20th is a refusal, every 25th says nothing clear, every 50th an error. */
export function makeItems(
  questions: readonly QuestionInput[],
  options: { readonly model: string; readonly skill: number; readonly rotations?: number },
): ItemInput[] {
  const { model, skill, rotations = 1 } = options;
  const draw = lehmer(11);
  return questions.flatMap((question, i) =>
    Array.from({ length: rotations }, (_, rotation): ItemInput => {
      const at = LETTERS.join('').indexOf(question.correct);
      const chosenAt = draw() < skill ? at : (at + 1 + Math.floor(draw() * 3)) % 4;
      const chosen = LETTERS[chosenAt]!;
      const shown = LETTERS[(chosenAt - rotation + 4) % 4]!;
      const base = {
        question: question.id,
        model,
        setting: 'zero-shot' as const,
        rotation,
        repeat: 0,
        cut: 0,
        toolCalls: 0,
      };
      const none = { chosen: null, shown: null };
      if (i % 50 === 7) {
        const reading = { outcome: 'error' as const, ...none, how: 'no reply in time' };
        return {
          ...base,
          raw: null,
          error: 'timeout: no reply in time',
          latencyMs: null,
          strict: reading,
          official: reading,
        };
      }
      if (i % 20 === 3) {
        const raw = 'I am sorry, but I cannot identify people in pictures. Any of these may fit.';
        return {
          ...base,
          raw,
          latencyMs: 412,
          strict: { outcome: 'refused', ...none, how: '"I cannot identify"' },
          official: { outcome: 'wrong', chosen: 'A', shown: 'A', how: 'the letter "A" of "Any"' },
        };
      }
      if (i % 25 === 4) {
        const reading = { outcome: 'unparsed' as const, ...none, how: 'no option is named' };
        return { ...base, raw: 'Hard to say.', latencyMs: 380, strict: reading, official: reading };
      }
      const outcome = chosenAt === at ? ('correct' as const) : ('wrong' as const);
      const reading = { outcome, chosen, shown, how: `"answer is ${shown}"` };
      return {
        ...base,
        raw: `Looking at the pictures one by one, the answer is ${shown}.`,
        latencyMs: 300 + (i % 17) * 20,
        strict: reading,
        official: reading,
      };
    }),
  );
}

function accuracyBy(
  questions: readonly QuestionInput[],
  right: ReadonlyMap<string, boolean | null>,
  keyOf: (question: QuestionInput) => string,
): ScoreInput['byTask'] {
  return Object.fromEntries(
    [...Map.groupBy(questions, keyOf)].map(([key, group]) => {
      const replied = group.flatMap(question => right.get(question.id) ?? []);
      return [
        key,
        replied.length === 0 ? missingMetric('no replies') : share(replied.filter(Boolean).length, replied.length),
      ];
    }),
  );
}

/** A score that agrees with the replies it is made from. */
export function makeScore(
  questions: readonly QuestionInput[],
  items: readonly ItemInput[],
  parser: 'strict' | 'official',
): ScoreInput {
  const [{ model }] = [items[0]!];
  const outcomes = { correct: 0, wrong: 0, refused: 0, unparsed: 0, error: 0 };
  for (const item of items) outcomes[item[parser].outcome]++;
  const right = new Map(
    items
      .filter(item => item.rotation === 0)
      .map(
        item => [item.question, item[parser].outcome === 'error' ? null : item[parser].outcome === 'correct'] as const,
      ),
  );
  const replied = [...right.values()].filter(value => value !== null);
  const overall = share(replied.filter(Boolean).length, replied.length);
  const accuracy = {
    overall,
    byCategory: accuracyBy(questions, right, question => question.category),
    byTask: accuracyBy(questions, right, question => question.task),
    byDataset: accuracyBy(questions, right, question => question.dataset),
    byImageCount: accuracyBy(questions, right, question => question.imageCount),
  };
  const committed = outcomes.correct + outcomes.wrong;
  const turned = items.some(item => item.rotation > 0);
  return {
    ...accuracy,
    parser,
    model,
    setting: 'zero-shot',
    bySetting: { 'zero-shot': overall },
    outcomes,
    committed: share(outcomes.correct, committed),
    counts: {
      questions: questions.length,
      unasked: 0,
      failed: 0,
      answers: items.length,
      cutOff: 2,
      drawn: 0,
      clusters: questions.length,
    },
    withoutFlagged: { ...accuracy, flagged: 3 },
    rotation: turned
      ? {
          consistent: share(Math.round(questions.length * 0.62), questions.length),
          allCorrect: share(Math.round(questions.length * 0.48), questions.length),
        }
      : null,
    letters: {
      chosen: Object.fromEntries(
        LETTERS.map((letter, i) => [letter, share(Math.round(committed * (0.31 - 0.04 * i)), committed)]),
      ),
      right: Object.fromEntries(LETTERS.map(letter => [letter, 0.25])),
      recall: Object.fromEntries(
        LETTERS.map((letter, i) => [
          letter,
          share(Math.round(committed * (0.16 - 0.015 * i)), Math.round(committed / 4)),
        ]),
      ),
      recallDeviation: metric(0.041, committed, 0.02),
      test: { p: 0.012, statistic: 11.2, n: outcomes.wrong, method: 'hotelling-clustered' },
    },
    calibration: {
      ece: metric(0.124, committed, 0.02),
      brier: metric(0.61, committed, 0.04),
      bins: Array.from({ length: 10 }, (_, i) => ({
        low: i / 10,
        high: (i + 1) / 10,
        confidence: i < 3 ? null : i / 10 + 0.05,
        accuracy: i < 3 ? missingMetric('no reply') : share(Math.round(30 * (0.1 + i * 0.07)), 30),
      })),
    },
    usage: {
      inputTokens: metric(1_284_000, items.length),
      outputTokens: metric(9_420, items.length),
      cost: missingMetric('the price is not known'),
      latencyMs: {
        mean: metric(410, items.length, 12),
        p50: metric(380, items.length),
        p90: metric(610, items.length),
        p99: metric(905, items.length),
      },
      attempts: metric(1.04, items.length, 0.01),
    },
  };
}

/** Drawn numbers in the shape of published ones. */
function publishedRows(): RowInput[] {
  const sizes = [0.5, 3, 7, 7, 8, 8, 9, 13, 19, 40, 72, 76, null, null];
  return sizes.map((size, i) => {
    const at = (offset: number): number => Math.round(5000 * Math.min(0.95, 0.3 + 0.02 * i + offset));
    return {
      name: `Published-${i}${size === null ? '' : `-${size}b`}`,
      model: `Published-${i}`,
      setting: null,
      parser: null,
      published: true,
      group: size === null ? 'proprietary' : size < 4 ? 'open <4B' : size > 13 ? 'open >13B' : 'open 4B-13B',
      size,
      overall: share(at(0), 5000),
      byCategory: { bias_fairness: share(at(0.05), 5000), face_recognition: share(at(-0.02), 5000) },
      withoutFlagged: null,
    };
  });
}

export interface BenchFixture {
  readonly questions?: readonly QuestionInput[];
  readonly items?: readonly ItemInput[];
  readonly overrides?: Partial<BenchInput>;
}

/** A report of one model or several; parts can be replaced. */
export function benchReport(fixture: BenchFixture = {}): BenchReport {
  const questions = fixture.questions ?? makeQuestions(280);
  const items = fixture.items ?? [
    ...makeItems(questions, { model: 'qwen2.5-vl-7b', skill: 0.58, rotations: 2 }),
    ...makeItems(questions, { model: 'specialist', skill: 0.8 }),
  ];
  const groups = [...Map.groupBy(items, item => item.model).values()];
  const scores = (['strict', 'official'] as const).flatMap(parser =>
    groups.map(group => makeScore(questions, group, parser)),
  );
  const own: RowInput[] = scores
    .filter(score => score.parser === 'strict')
    .map(score => ({
      name: score.model,
      model: score.model,
      setting: 'zero-shot',
      parser: 'strict',
      published: false,
      group: null,
      size: score.model.includes('7b') ? 7 : null,
      overall: score.overall,
      byCategory: score.byCategory,
      withoutFlagged: score.overall,
    }));
  const published = publishedRows();
  const rows = [...own, ...published].sort((a, b) => (b.overall.value ?? 0) - (a.overall.value ?? 0));
  return benchReportSchema.parse({
    schema: 'biolens/bench@1',
    benchmark: {
      source: '/data/facexbench',
      format: 'official',
      digest: 'c0ffee'.repeat(10),
      questions: questions.length,
    },
    scores,
    comparison: {
      rows,
      pairs: own.flatMap((first, i) => [
        ...own.slice(i + 1).map(second => ({
          first: first.name,
          second: second.name,
          difference: metric((first.overall.value ?? 0) - (second.overall.value ?? 0), questions.length, 0.06),
          p: 1e-6,
          q: 4e-6,
          test: 'mcnemar-exact' as const,
          paired: true,
          real: true,
          firstBetter: 20,
          secondBetter: 81,
        })),
        ...published.map(second => {
          const difference = (first.overall.value ?? 0) - (second.overall.value ?? 0);
          const real = Math.abs(difference) > 0.05;
          return {
            first: first.name,
            second: second.name,
            difference: metric(difference, 5000, 0.05),
            p: real ? 0.001 : 0.4,
            q: real ? 0.003 : 0.5,
            test: 'two-proportions' as const,
            paired: false,
            real,
            firstBetter: null,
            secondBetter: null,
          };
        }),
      ]),
      falseDiscoveryRate: 0.05,
      publishedNotTested: null,
      singleAgainstMultiple: own.map(({ name }) => ({
        name,
        single: share(60, 100),
        multiple: share(90, 180),
        difference: metric(0.1, 280, 0.12),
        p: 0.11,
      })),
      size: {
        rows: rows.filter(row => row.size !== null).map(row => row.name),
        fit: {
          law: { form: 'power', scale: 0.72, exponent: 0.09, floor: 0 },
          n: 13,
          exponent: metric(0.09, 13, 0.03),
          gainPerDoubling: metric(0.036, 13, 0.012),
          rSquared: 0.71,
          residualDeviation: 0.04,
          aicc: { power: -80, saturating: null },
          curve: Array.from({ length: 25 }, (_, i) => {
            const size = 0.5 * (76 / 0.5) ** (i / 24);
            const error = 0.72 * size ** -0.09;
            return { size, error, low: error - 0.04, high: error + 0.04 };
          }),
        },
      },
    },
    leaderboard: {
      csv: 'name,overall\r\nqwen2.5-vl-7b,0.55\r\n',
      markdown: '| Model |\n| --- |\n',
      latex: '\\begin{tabular}{l}\n',
    },
    lint: {
      questions: questions.length,
      pictures: 420,
      findings: [
        { question: 'age/0', rule: 'key-not-among-options', severity: 'error', detail: 'the answer matches no option' },
        { question: '*', rule: 'unbalanced-letters', severity: 'warning', detail: 'A is right in 41 % of questions' },
      ],
      rules: [
        {
          rule: 'key-not-among-options',
          severity: 'error',
          explanation: 'The answer as worded matches no option, so that the key may be wrong.',
          findings: 1,
        },
        {
          rule: 'unbalanced-letters',
          severity: 'warning',
          explanation: 'A letter is right much more often than others, which rewards a model that prefers it.',
          findings: 1,
        },
        { rule: 'duplicate-options', severity: 'error', explanation: 'Two options say the same.', findings: 0 },
      ],
    },
    questions,
    items,
    ...fixture.overrides,
  });
}

/** The same with the first model in the tools setting. */
export function withTools(report: BenchReport): BenchReport {
  return {
    ...report,
    scores: report.scores.map((score, i) =>
      i > 0
        ? score
        : {
            ...score,
            tools: {
              called: share(240, 280),
              calls: 412,
              failed: 3,
              byTool: { compare_faces: 112, estimate_age: 300 },
              rightWithCalls: share(150, 240),
              rightWithoutCalls: share(20, 40),
              changed: { difference: metric(0.04, 280, 0.03), p: 0.09, gained: 26, lost: 15 },
            },
          },
    ),
  };
}

/** Pictures of the first questions. */
export function questionPictures(report: BenchReport, count = 40): Record<string, string> {
  return Object.fromEntries(
    report.questions
      .slice(0, count)
      .flatMap(question => question.images.map(({ path }) => [`questions/${path}`, drawnPicture(path)])),
  );
}

export function benchPage(
  report = benchReport(),
  overrides: Partial<z.input<typeof reportPageSchema>> = {},
): ReportPage {
  return reportPageSchema.parse({
    run: runRecord({
      id: '2026-11-24T10-02-11-bench-facexbench',
      kind: 'bench',
      configuration: { model: 'openai-compatible:http://localhost:8000/v1#qwen2.5-vl-7b', setting: 'zero-shot' },
    }),
    report,
    itemsDone: report.items.length,
    images: questionPictures(report),
    blurred: false,
    ...overrides,
  });
}

/** A report in which all that a model, a benchmark or a server may write is one of `HOSTILE`. */
export function hostileBenchPage(): ReportPage {
  const words = Object.values(HOSTILE);
  const plain = makeQuestions(words.length);
  const questions = plain.map((question, i): QuestionInput => {
    const word = words[i]!;
    return {
      ...question,
      id: `${word}/${i}`,
      task: i % 2 === 0 ? HOSTILE.markup : HOSTILE.script,
      category: HOSTILE.direction,
      dataset: word,
      text: `${word}\n${HOSTILE.direction}`,
      context: word,
      options: LETTERS.map((label, at) => ({ label, text: words[(i + at) % words.length]! })),
      images: [{ path: word, file: word }],
    };
  });
  const items = makeItems(questions, { model: HOSTILE.markup, skill: 0.5, rotations: 2 }).map((item, i): ItemInput => {
    const word = words[i % words.length]!;
    const reading = { ...item.strict, how: word };
    return item.raw === null
      ? { ...item, error: word }
      : { ...item, raw: `${word}\n${HOSTILE.terminal}`, strict: reading, official: reading };
  });
  const base = benchReport({ questions, items });
  const report = benchReport({
    questions,
    items,
    overrides: {
      benchmark: { ...base.benchmark, source: HOSTILE.script },
      comparison: { ...base.comparison, publishedNotTested: HOSTILE.script },
      lint: {
        questions: questions.length,
        pictures: 0,
        findings: words.map(word => ({
          question: word,
          rule: HOSTILE.markup,
          severity: 'error' as const,
          detail: word,
        })),
        rules: [{ rule: HOSTILE.markup, severity: 'error', explanation: HOSTILE.script, findings: words.length }],
      },
    },
  });
  return benchPage(report, {
    images: {},
    run: runRecord({ id: 'hostile', kind: 'bench', configuration: { model: HOSTILE.script } }),
  });
}

/** A benchmark of as many questions as asked for, by one model. */
export function largeBenchPage(count: number): ReportPage {
  const questions = makeQuestions(count);
  return benchPage(benchReport({ questions, items: makeItems(questions, { model: 'large-7b', skill: 0.55 }) }));
}
