export {
  type SelectionConfiguration,
  type SelectionConfigurationInput,
  selectionConfigurationSchema,
} from './configuration.ts';
export { resumeSelection, type SelectionEvent, selectionJob, selectionRun } from './job.ts';
export { type Candidate, type Selected, selectCandidates } from './select.ts';
