export { type FreezeRunOptions, freezeRun, pageBeforeDone } from './freeze-run.ts';
export {
  type CollectImagesOptions,
  collectImages,
  findImage,
  imagesNamed,
  imagesWithheld,
  type MakeThumbnail,
  PAGE_IMAGES,
  pathsRead,
} from './images.ts';
export { readTemplate, renderReportHtml, type TemplateOptions } from './report-html.ts';
export { readFinished, readReport, readRunPage } from './run-page.ts';
