export { type FreezeRunOptions, freezeRun } from './freeze-run.ts';
export { type CollectPicturesOptions, collectPictures, type MakeThumbnail, PICTURE_DEFAULTS } from './pictures.ts';
export { renderReportHtml, type TemplateOptions } from './report-html.ts';
export { createStudio, type StudioOptions } from './server.ts';
export { type RunningStudio, type StartStudioOptions, startStudio } from './start-studio.ts';
