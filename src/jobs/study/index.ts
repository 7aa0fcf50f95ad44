export {
  type StudyConfiguration,
  type StudyConfigurationInput,
  studyConfigurationSchema,
} from './configuration.ts';
export { studyItemSchema } from './items.ts';
export { resumeStudy, type StudyEvent, type StudyRunOptions, studyJob, studyRun } from './job.ts';
