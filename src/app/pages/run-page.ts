import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AnyReport,
  anyReportSchema,
  type ReportPage,
  type RunList,
  type RunRecord,
} from '../../ground/contracts/index.ts';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { type Finished, type Job, valueAt } from '../../kit/job/index.ts';
import { type FoundRun, listRuns } from '../../kit/runs/index.ts';
import { JOBS } from '../jobs.ts';

const NEWLINE = 10;

/** Lines of a run's `items.jsonl` that are whole; 0 when there is none yet. */
export async function countItems(runPath: string): Promise<number> {
  let lines = 0;
  try {
    for await (const chunk of createReadStream(join(runPath, 'items.jsonl'))) {
      if (!(chunk instanceof Uint8Array)) continue;
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
    }
  } catch {
    return lines;
  }
  return lines;
}

/**
 * The result of a run; null while it has none.
 *
 * @throws BiolensError `input` naming the file when it is not a report.
 */
export async function readReport({ path, record }: FoundRun): Promise<AnyReport | null> {
  if (record.status !== 'done') return null;
  const file = join(path, 'report.json');
  const wrong = (why: string, cause: unknown): BiolensError =>
    new BiolensError('input', `${file}: ${why}`, { details: { file }, cause });
  let data: unknown;
  try {
    data = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw wrong(messageOf(error), error);
  }
  const parsed = anyReportSchema.safeParse(asKnown(data));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(`"${issue?.path.join('.')}" ${issue?.message}`, parsed.error);
}

/** Tags of reports that have a page of their own. */
const PAGED: readonly unknown[] = anyReportSchema.options.map(({ shape }) => shape.schema.value);

/** A report without a page of its own, wrapped as such. */
function asKnown(data: unknown): unknown {
  return PAGED.includes(valueAt(data, ['schema'])) ? data : { schema: 'biolens/other@1', report: data };
}

/**
 * The report of a run that is done.
 *
 * @throws {BiolensError} `input` naming the file and field that is wrong, or saying that the run is not done
 */
export async function readFinished(job: Job, { path, record }: FoundRun): Promise<Finished<unknown>> {
  if (record.status !== 'done')
    throw new BiolensError('input', `run ${record.id} is ${record.status} and has no report`);
  const file = join(path, 'report.json');
  let data: unknown;
  try {
    data = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw error instanceof SyntaxError
      ? new BiolensError('input', `${file}: not JSON`, { cause: error })
      : fileError(file, error);
  }
  const parsed = job.report.safeParse(data);
  if (parsed.success) return { id: record.id, path, report: parsed.data };
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `${file}: "${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
}

/** A run as a page without pictures. */
export async function readRunPage(found: FoundRun, report: AnyReport | null): Promise<ReportPage> {
  return { run: found.record, report, itemsDone: await countItems(found.path), images: {}, blurred: false };
}

/** What a run is about, in a few words. */
function titleOf({ kind, id, configuration }: RunRecord): string {
  return JOBS.find(job => job.kind === kind)?.titleOf?.(configuration) ?? id;
}

/** All runs of a folder for the list of runs, newest first. */
export async function readRunList(runsDir: string): Promise<RunList> {
  const { runs } = await listRuns(runsDir);
  return runs.map(({ record }) => ({
    id: record.id,
    kind: record.kind,
    status: record.status,
    startedAt: record.provenance.startedAt,
    title: titleOf(record),
  }));
}
