/**
 * The jobs and what does them. Everything else is at its subpath, such as `biolens/audit` or `biolens/tensor`.
 *
 * @example
 * import { auditRun } from 'biolens';
 * for await (const event of auditRun({ training: 'portraits', generated: 'samples' })) {
 *   if (event.type === 'result') console.log(event.report.replication.copied);
 * }
 */
export * from './app/job-list.ts';
export { BiolensError, type ErrorCode } from './ground/errors.ts';
export { auditRun, resumeAudit } from './jobs/audit/job.ts';
export { auditMedicalRun } from './jobs/audit-medical/job.ts';
export { auditTextRun, resumeAuditText } from './jobs/audit-text/job.ts';
export { auditVideoRun, resumeAuditVideo } from './jobs/audit-video/job.ts';
export { benchRun, resumeBench } from './jobs/bench/job.ts';
export { resumeTraining, trainRun } from './jobs/generators/job.ts';
export { mitigationRun, resumeMitigation } from './jobs/mitigation/job.ts';
export { resumeSelection, selectionRun } from './jobs/selection/job.ts';
export { resumeStudy, studyRun } from './jobs/study/job.ts';
export {
  defineJob,
  field,
  type Job,
  type JobEvent,
  type JobPlan,
  type OpenedJob,
  planJob,
  type RunJobOptions,
  resumeJob,
  startJob,
} from './kit/job/index.ts';
export { findRun, listRuns, readRunRecord } from './kit/runs/index.ts';
