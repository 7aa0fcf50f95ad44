import { join } from 'node:path';
import { writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { readRunRecord } from '../../kit/runs/index.ts';
import { type CollectPicturesOptions, collectPictures } from './pictures.ts';
import { renderReportHtml, type TemplateOptions } from './report-html.ts';
import { readReport, readRunPage } from './run-page.ts';

export interface FreezeRunOptions extends CollectPicturesOptions, TemplateOptions {}

/**
 * Writes `report.html` into a run's folder: the studio's page for it as one file, with the pictures that matter most.
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
  const page = await readRunPage(found, report);
  const images = await collectPictures({ path: runPath, report }, options);
  const html = await renderReportHtml({ ...page, images, blurred: options.blur ?? false }, options);
  const path = join(runPath, 'report.html');
  await writeAtomically(path, html);
  return path;
}
