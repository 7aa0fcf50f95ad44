export { PUBLISHED_COUNTS, type PublishedCount } from './datasets.ts';
export { PARSERS, type Parsed, type ParserName, parseOfficial, parserOf, parseStrict } from './parse/index.ts';
export { type Benchmark, type BenchmarkFormat, digestQuestions, openBenchmark } from './read/benchmark.ts';
export type { ImageStore } from './read/image-store.ts';
export { writeQuestionLines } from './read/jsonl.ts';
export type { ReadOptions, ReadProblem } from './read/problem.ts';
