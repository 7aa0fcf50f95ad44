import { join } from 'node:path';
import { type AnyReport, anyReportSchema, LIVE_FILE, type ReportPage } from '../../ground/contracts/index.ts';
import { readJsonFile } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { type Finished, type Job, MOST_REPORT_BYTES, valueAt } from '../../kit/job/index.ts';
import { type FoundRun, ItemCounter } from '../../kit/runs/index.ts';

/**
 * The result of a run; null while it has none.
 *
 * @throws BiolensError `input` naming the file when it is not a report.
 */
export async function readReport({ path, record }: FoundRun): Promise<AnyReport | null> {
  if (record.status !== 'done') return null;
  const file = join(path, 'report.json');
  return parseReport(await readJsonFile(file, { mostBytes: MOST_REPORT_BYTES }), file);
}

/** How far a run is that works, as its job has written it last; null where it has not. */
export async function readLive({ path, record }: FoundRun): Promise<AnyReport | null> {
  if (record.status !== 'running') return null;
  const data = await readJsonFile(join(path, LIVE_FILE), { mostBytes: MOST_REPORT_BYTES }).catch(() => null);
  return anyReportSchema.safeParse(data).data ?? null;
}

/** Data as a report of any kind. @throws BiolensError `input` naming the file and the field that is wrong */
export function parseReport(data: unknown, file: string): AnyReport {
  const parsed = anyReportSchema.safeParse(asKnown(data));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `${file}: "${issue?.path.join('.')}" ${issue?.message}`, {
    details: { file },
    cause: parsed.error,
  });
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
  const data = await readJsonFile(file, { mostBytes: MOST_REPORT_BYTES });
  const parsed = job.report.safeParse(data);
  if (parsed.success) return { id: record.id, path, report: parsed.data };
  const [issue] = parsed.error.issues;
  throw new BiolensError('input', `${file}: "${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
}

/** A run as a page without images. */
export async function readRunPage(found: FoundRun, report: AnyReport | null): Promise<ReportPage> {
  return {
    run: found.record,
    report,
    itemsDone: await new ItemCounter(found.path).count(),
    images: {},
    blurred: false,
  };
}
