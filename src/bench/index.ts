export { PUBLISHED_COUNTS, type PublishedCount } from './datasets.ts';
export {
  flaggedQuestions,
  LINT_RULES,
  type LintEvent,
  type LintOptions,
  type LintReport,
  lintBenchmark,
} from './lint/lint.ts';
export type { Finding, Rule, Severity } from './lint/rule.ts';
export { PARSERS, type Parsed, type ParserName, parseOfficial, parserOf, parseStrict } from './parse/index.ts';
export { type Benchmark, type BenchmarkFormat, digestQuestions, openBenchmark } from './read/benchmark.ts';
export type { ImageStore } from './read/image-store.ts';
export { writeQuestionLines } from './read/jsonl.ts';
export type { ReadOptions, ReadProblem } from './read/problem.ts';
export { overallFromCategories, PUBLISHED_RESULTS, type PublishedResult, sizeFromName } from './reference.ts';
export { withDigests } from './score/digests.ts';
export { type Judgement, judgeAnswer } from './score/judge.ts';
export { judgeAnswers, type ScoreOptions, scoreAnswers } from './score/score.ts';
export { type BenchmarkStats, countQuestions } from './stats.ts';
