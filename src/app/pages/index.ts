export { type FreezeRunOptions, freezeRun } from './freeze-run.ts';
export {
  type CollectPicturesOptions,
  collectPictures,
  findPicture,
  type MakeThumbnail,
  PICTURE_DEFAULTS,
  picturesNamed,
} from './pictures.ts';
export { readTemplate, renderReportHtml, type TemplateOptions } from './report-html.ts';
export { countItems, readFinished, readReport, readRunList, readRunPage } from './run-page.ts';
