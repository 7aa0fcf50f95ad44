import type { ImageRef, Question } from '../../../ground/contracts/bench.ts';
import type { LintReport } from '../../../ground/contracts/bench-report.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import type { Benchmark } from '../read/benchmark.ts';
import type { ReadProblem } from '../read/problem.ts';
import { BALANCE_RULES } from './balance-rules.ts';
import { IMAGE_RULES } from './image-rules.ts';
import { inspectPicture, type PictureFacts } from './inspect-picture.ts';
import { KEY_RULES } from './key-rules.ts';
import { OPTION_RULES } from './option-rules.ts';
import { QUESTION_RULES } from './question-rules.ts';
import type { Finding, LintInput, Rule, Severity } from './rule.ts';

/** All rules, in the order their findings are reported. */
export const LINT_RULES: readonly Rule[] = [
  ...QUESTION_RULES,
  ...KEY_RULES,
  ...OPTION_RULES,
  ...BALANCE_RULES,
  ...IMAGE_RULES,
];

export type LintEvent =
  | { readonly type: 'picture'; readonly done: number; readonly total: number }
  | { readonly type: 'report'; readonly report: LintReport };

export interface LintOptions {
  /** Open the images: finds missing, damaged, blank and repeated ones. Default true. */
  readonly pictures?: boolean;
  /** Ids of the rules to run; all by default. */
  readonly rules?: readonly string[];
  readonly signal?: AbortSignal | undefined;
}

/** Images that are open at a time. */
const CONCURRENCY = 4;

/**
 * Looks for defects in a benchmark. Ends with a `report` event.
 *
 * @throws {BiolensError} `usage` for a rule that there is not; `interrupted`.
 */
export async function* lintBenchmark(benchmark: Benchmark, options: LintOptions = {}): AsyncGenerator<LintEvent> {
  const { signal } = options;
  const rules = selectRules(options.rules);
  const problems: ReadProblem[] = [];
  const questions: Question[] = [];
  for await (const question of benchmark.questions({ signal, onProblem: problem => problems.push(problem) }))
    questions.push(question);
  const facts = new Map<string, PictureFacts>();
  if (options.pictures ?? true) {
    const refs = differentPictures(questions);
    const total = refs.length;
    for (let at = 0; at < total; at += CONCURRENCY) {
      throwIfAborted(signal);
      const batch = refs.slice(at, at + CONCURRENCY);
      const found = await Promise.all(batch.map(ref => inspectPicture(ref, benchmark.images)));
      for (const [i, ref] of batch.entries()) facts.set(placeOf(ref), found[i]!);
      yield { type: 'picture', done: Math.min(at + CONCURRENCY, total), total };
    }
  }
  const input: LintInput = { questions, problems, picture: ref => facts.get(placeOf(ref)) ?? null };
  const findings: Finding[] = [];
  const counts = rules.map(({ id, severity, explanation, check }) => {
    const before = findings.length;
    for (const finding of check(input)) findings.push({ ...finding, rule: id, severity });
    return { rule: id, severity, explanation, findings: findings.length - before };
  });
  yield { type: 'report', report: { questions: questions.length, pictures: facts.size, findings, rules: counts } };
}

function selectRules(ids: readonly string[] | undefined): readonly Rule[] {
  if (ids === undefined) return LINT_RULES;
  return ids.map(id => {
    const rule = LINT_RULES.find(candidate => candidate.id === id);
    if (rule === undefined) {
      const known = LINT_RULES.map(candidate => candidate.id).join(', ');
      throw new BiolensError('usage', `"rules" expected some of ${known}, got "${id}"`);
    }
    return rule;
  });
}

const placeOf = (ref: ImageRef): string => JSON.stringify([ref.file, ref.cell]);

function differentPictures(questions: readonly Question[]): ImageRef[] {
  const refs = questions.flatMap(question => question.images.filter(ref => ref.file !== null));
  return [...new Map(refs.map(ref => [placeOf(ref), ref])).values()];
}

const RANK: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/**
 * Ids of the questions that a fair score leaves out: those with a finding of at least this severity. Findings about whole
 * files flag no question.
 */
export function flaggedQuestions(findings: Iterable<Finding>, atLeast: Severity = 'warning'): Set<string> {
  const flagged = new Set<string>();
  for (const { question, severity } of findings) if (RANK[severity] >= RANK[atLeast]) flagged.add(question);
  return flagged;
}
