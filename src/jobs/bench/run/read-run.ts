import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import { type BenchReport, benchReportSchema } from '../../../ground/contracts/bench-report.ts';
import type { RunRecord } from '../../../ground/contracts/run.ts';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { readItems, readRunRecord } from '../../../kit/runs/index.ts';
import { parseJson, whyUnparsed } from '../../../kit/vlm/parse-json.ts';
import { latestAnswers } from '../ask/index.ts';
import { scoreSettings } from '../compare/score-settings.ts';
import { flaggedQuestions } from '../lint/lint.ts';
import type { ParserName } from '../parse/index.ts';
import { readQuestionLines } from '../read/jsonl.ts';
import { describeIssues } from '../read/problem.ts';
import type { ScoredModel } from '../score/score.ts';

/** In the artifacts of a run: its questions, so that answers can be scored where the benchmark is not. */
export const QUESTIONS_FILE = 'questions.jsonl';

/** A bench run as its folder holds it, whether it is done or not. */
export interface BenchRunContent {
  readonly record: RunRecord;
  /** All questions of the benchmark, also those of other shards. */
  readonly questions: readonly Question[];
  /** SHA-256 over these, with their images. */
  readonly digest: string;
  /** One for every time a question was asked, errors that were corrected later left out. */
  readonly answers: readonly Answer[];
  /** Null while the run is not done. */
  readonly report: BenchReport | null;
}

/**
 * Reads a bench run.
 *
 * @param path the run's folder
 * @throws {BiolensError} `input` naming the file that is missing or wrong; `usage` for a run of another kind
 */
export async function readBenchRun(path: string): Promise<BenchRunContent> {
  const record = await readRunRecord(path);
  if (record.kind !== 'bench')
    throw new BiolensError('usage', `${record.id}: expected a bench run, got a run of ${record.kind}`);
  const digest = record.provenance.digests.benchmark;
  if (digest === undefined || !existsSync(join(path, 'artifacts', QUESTIONS_FILE)))
    throw new BiolensError('input', `${record.id}: no question has been asked yet`);
  const questions = await Array.fromAsync(readQuestionLines(join(path, 'artifacts'), QUESTIONS_FILE));
  const answers = await latestAnswers(readItems(join(path, 'items.jsonl'), z.unknown()));
  return { record, questions, digest, answers, report: await readReport(path, record) };
}

async function readReport(path: string, { status }: RunRecord): Promise<BenchReport | null> {
  if (status !== 'done') return null;
  const file = join(path, 'report.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fileError(file, cause);
  });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw new BiolensError('input', `${file}: ${whyUnparsed(cause)}`, { cause });
  }
  const parsed = benchReportSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new BiolensError('input', `${file}: ${describeIssues(parsed.error.issues)}`, { cause: parsed.error });
}

/**
 * Scores the answers of a run by setting, the run's own first: there is a second one where tools may be called. Those of flagged
 * questions are left out once more where the run was linted.
 */
export function scoreRun({ questions, answers, report }: BenchRunContent, parser: ParserName): ScoredModel[] {
  const findings = report?.lint?.findings;
  return scoreSettings(questions, answers, {
    parser,
    ...(findings === undefined ? {} : { flagged: flaggedQuestions(findings) }),
  });
}

/**
 * Refuses runs of different benchmarks: their answers cannot be held against each other.
 *
 * @throws {BiolensError} `input` naming the two.
 */
export function checkSameBenchmark(runs: readonly BenchRunContent[]): void {
  const [first] = runs;
  const other = runs.find(run => run.digest !== first?.digest);
  if (first === undefined || other === undefined) return;
  throw new BiolensError('input', `${first.record.id} and ${other.record.id} are of different benchmarks`);
}
