export * from './ask/index.ts';
export { askInBatches } from './batch/ask-in-batches.ts';
export type { BatchAskOptions } from './batch/batch-asking.ts';
export { ADAPTERS, type BuildEvent, type BuildFormat, type BuildOptions, buildBenchmark } from './build/index.ts';
export { type CompareOptions, compareModels } from './compare/compare.ts';
export { leaderboard, nameScores, publishedRow, scoreRow } from './compare/leaderboard.ts';
export { type PairedResult, testPaired } from './compare/paired.ts';
export { fitSizeLaw, type SizedError } from './compare/size-law.ts';
export { PUBLISHED_COUNTS, type PublishedCount } from './datasets.ts';
export { formatInspectLog } from './export/inspect-log.ts';
export { formatLeaderboard, LEADERBOARD_FORMATS, type LeaderboardFormat } from './export/leaderboard.ts';
export { formatLmmsResults, formatLmmsSamples } from './export/lmms-eval.ts';
export { type OwnReplies, ownReplies } from './export/own-replies.ts';
export {
  type FetchEvent,
  type FetchedBenchmark,
  type FetchOptions,
  fetchBenchmark,
} from './fetch/fetch-benchmark.ts';
export { type BenchEvent, type BenchRunOptions, benchJob, benchRun, type ResumeChanges, resumeBench } from './job.ts';
export {
  flaggedQuestions,
  LINT_RULES,
  type LintEvent,
  type LintOptions,
  lintBenchmark,
} from './lint/lint.ts';
export type { Finding, Rule, Severity } from './lint/rule.ts';
export { PARSERS, type Parsed, type ParserName, parseOfficial, parserOf, parseStrict } from './parse/index.ts';
export { type QuizEvent, type QuizOptions, type QuizResult, runQuiz } from './quiz.ts';
export { type Benchmark, type BenchmarkFormat, digestQuestions, openBenchmark } from './read/benchmark.ts';
export { type ImageStore, openImages } from './read/image-store.ts';
export { writeQuestionLines } from './read/jsonl.ts';
export type { ReadOptions, ReadProblem } from './read/problem.ts';
export { overallFromCategories, PUBLISHED_RESULTS, type PublishedResult, sizeFromName } from './reference.ts';
export { type BenchReportInput, buildBenchReport } from './report.ts';
export {
  type BenchConfiguration,
  type BenchConfigurationInput,
  benchConfigurationSchema,
} from './run/configuration.ts';
export { type MergedRun, mergeRuns } from './run/merge-runs.ts';
export { type BenchRunContent, checkSameBenchmark, readBenchRun, scoreRun } from './run/read-run.ts';
export { withDigests } from './score/digests.ts';
export { type Judgement, judgeAnswer } from './score/judge.ts';
export { judgeAnswers, type ScoredModel, type ScoreOptions, scoreAnswers, scoreModel } from './score/score.ts';
export {
  createFaceSight,
  type FaceSight,
  faceToolsFor,
  LOCAL_ANSWERERS,
  type OpenAnswererOptions,
  openAnswerer,
} from './specialist/index.ts';
export { type BenchmarkStats, countQuestions } from './stats.ts';
