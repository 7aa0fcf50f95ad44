import { join } from 'node:path';
import type { AnyReport } from '../../ground/contracts/index.ts';
import { writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Job, WorkedRun } from '../../kit/job/index.ts';
import { type FoundRun, readRunRecord } from '../../kit/runs/index.ts';
import { type CollectImagesOptions, collectImages, imagesWithheld, pathsRead } from './images.ts';
import { renderReportHtml, type TemplateOptions } from './report-html.ts';
import { parseReport, readReport, readRunPage } from './run-page.ts';

export interface FreezeRunOptions extends CollectImagesOptions, TemplateOptions {
  /** Folders from which images of the run's sets may be read; none by default, then the page has those of the run's own folder alone. */
  readonly roots?: readonly string[];
}

/** Writes a page; see {@link freezeRun}. */
async function writePage(
  found: FoundRun,
  report: AnyReport,
  { roots = [], ...options }: FreezeRunOptions,
): Promise<string> {
  const { path, record } = found;
  const run = { path, report, configuration: record.configuration, roots };
  const page = await readRunPage(found, report);
  const images = await collectImages(run, options);
  const withheld = await imagesWithheld(run);
  const shown = { ...page, images, blurred: options.blur ?? false, imagesWithheld: withheld };
  const html = await renderReportHtml(shown, options);
  const file = join(path, 'report.html');
  await writeAtomically(file, html, { mode: 0o600 });
  return file;
}

/**
 * Writes `report.html` into a run's folder: the studio's page for it as one file, with the images that matter most.
 * With `blur`, no face in it can be recognised.
 *
 * @param runPath the run's folder; the run is done
 * @returns the path of `report.html`
 * @throws BiolensError `input` when the run has no report; `external` when the pages have not been built; `interrupted`.
 */
export async function freezeRun(runPath: string, options: FreezeRunOptions = {}): Promise<string> {
  const found = { path: runPath, record: await readRunRecord(runPath) };
  const report = await readReport(found);
  if (report === null) {
    throw new BiolensError('input', `${runPath}: the run is ${found.record.status} and has no report yet`);
  }
  return await writePage(found, report, options);
}

/**
 * Writes the page of a run that this process has just worked on, before the run is marked as done: with images of the sets that the work
 * has read. For `beforeDone` of `startJob` and `resumeJob`.
 */
export const pageBeforeDone =
  (job: Job, options: Omit<FreezeRunOptions, 'roots'> = {}) =>
  async ({ path, record, report }: WorkedRun): Promise<void> => {
    const roots = pathsRead(job, record.configuration);
    await writePage({ path, record }, parseReport(report, join(path, 'report.json')), { ...options, roots });
  };
