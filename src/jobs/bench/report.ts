import type { Answer, Question } from '../../ground/contracts/bench.ts';
import type { BenchItem, BenchReport, LintReport, Reading } from '../../ground/contracts/bench-report.ts';
import { compareModels } from './compare/compare.ts';
import { scoreSettings } from './compare/score-settings.ts';
import { formatLeaderboard } from './export/leaderboard.ts';
import { flaggedQuestions } from './lint/lint.ts';
import type { ParserName } from './parse/index.ts';
import { type BenchmarkFormat, digestQuestions } from './read/benchmark.ts';
import { inQuestionOrder } from './score/answer-order.ts';
import { judgeAnswer } from './score/judge.ts';
import type { ScoredModel } from './score/score.ts';

export interface BenchReportInput {
  readonly benchmark: { readonly source: string; readonly format: BenchmarkFormat };
  /** All of them, with digests of their images where shared ones are to be known as shared. */
  readonly questions: readonly Question[];
  /** One for every time a question was asked, of one model or several. */
  readonly answers: readonly Answer[];
  readonly lint?: LintReport | null;
  /** Beside the published rows; the default. */
  readonly published?: boolean;
}

/**
 * Characters of a reply that a report shows, and of all replies together: many long ones are cut shorter, so that a page of
 * 5,000 questions opens. All of each stays in the run's items.
 */
const MOST_CHARACTERS = { reply: 8000, replies: 24_000_000, least: 400 } as const;

/**
 * The report of a bench run: scores of each model and setting by both parsers, the comparison, and every reply with what the
 * parsers made of it.
 *
 * @throws {BiolensError} `input` for an answer to a question that is not there.
 */
export function buildBenchReport(input: BenchReportInput): BenchReport {
  const { benchmark, questions, lint = null, published = true } = input;
  const answers = inQuestionOrder(questions, input.answers);
  const flagged = lint === null ? null : flaggedQuestions(lint.findings);
  const score = (parser: ParserName): ScoredModel[] =>
    scoreSettings(questions, answers, { parser, ...(flagged === null ? {} : { flagged }) });
  const strict = score('strict');
  const official = score('official');
  const asked = new Set(answers.map(answer => answer.question));
  const byId = new Map(questions.map(question => [question.id, question]));
  const comparison = compareModels(strict, { published });
  const { rows } = comparison;
  const most = charactersShown(answers);
  return {
    schema: 'biolens/bench@1',
    benchmark: { ...benchmark, digest: digestQuestions(questions), questions: questions.length },
    scores: [...strict, ...official].map(model => model.score),
    comparison,
    leaderboard: {
      csv: formatLeaderboard(rows, 'csv'),
      markdown: formatLeaderboard(rows, 'markdown'),
      latex: formatLeaderboard(rows, 'latex'),
    },
    lint,
    ...changesIn(answers),
    questions: questions.filter(question => asked.has(question.id)),
    items: answers.map(answer => itemOf(byId.get(answer.question)!, answer, most)),
  };
}

/** How many replies came of requests that were changed, by change. */
function changesIn(answers: readonly Answer[]): Pick<BenchReport, 'changes'> {
  const replies = new Map<string, number>();
  for (const change of answers.flatMap(answer => answer.changes ?? []))
    replies.set(change, (replies.get(change) ?? 0) + 1);
  return replies.size === 0 ? {} : { changes: Array.from(replies, ([change, n]) => ({ change, replies: n })) };
}

/** The most characters of any reply: less than usual only where all of them together are too many. */
function charactersShown(answers: readonly Answer[]): number {
  const { reply, replies, least } = MOST_CHARACTERS;
  const total = answers.reduce((sum, { raw }) => sum + Math.min(raw?.length ?? 0, reply), 0);
  return total <= replies ? reply : Math.max(least, Math.floor(replies / answers.length));
}

function itemOf(question: Question, answer: Answer, most: number): BenchItem {
  const read = (parser: ParserName): Reading => {
    const { outcome, chosen, shown, how } = judgeAnswer(question, answer, { parser });
    return { outcome, chosen, shown, how };
  };
  const { model, setting, rotation, repeat, raw, error, latencyMs, toolCalls } = answer;
  return {
    question: question.id,
    model,
    setting,
    rotation,
    repeat,
    raw: raw?.slice(0, most) ?? null,
    cut: Math.max(0, (raw?.length ?? 0) - most),
    ...(error === undefined ? {} : { error: `${error.kind}: ${error.message}` }),
    latencyMs,
    toolCalls: toolCalls?.length ?? 0,
    official: read('official'),
    strict: read('strict'),
  };
}
