export {
  type StudyConfiguration,
  type StudyConfigurationInput,
  studyConfigurationSchema,
} from './configuration.ts';
export type { StudyEvent } from './events.ts';
export { resumeStudy, type StudyRunOptions, studyRun } from './run.ts';
