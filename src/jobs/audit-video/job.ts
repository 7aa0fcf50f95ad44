import { basename } from 'node:path';
import { type AuditVideoReport, auditVideoReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  imagesOfRun,
  inRun,
  type JobEvent,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { copiesHeadline } from '../audit/declaration/index.ts';
import { type AuditVideoConfigurationInput, auditVideoConfigurationSchema } from './configuration.ts';
import { describeAuditVideo } from './describe.ts';
import { type AuditVideoStep, auditVideoItemSchema } from './events.ts';

/** Audits videos: do generated clips copy what training clips show, and how they move. */
export const auditVideoJob = defineJob({
  kind: 'audit-video',
  verb: 'audit video',
  noun: 'audit of videos',
  summary: 'do generated clips copy training clips: what they show, how they move, and from which second to which',
  configuration: auditVideoConfigurationSchema,
  report: auditVideoReportSchema,
  items: auditVideoItemSchema,
  examples: [
    'biolens audit video --train clips --generated samples',
    'biolens audit video --train clips --generated samples --heldout other --ffmpeg /opt/ffmpeg/bin/ffmpeg --json',
  ],
  gateExample: 'replication.copied>0.01',
  nameOf: ({ generated }) => basename(generated),
  async *open(configuration, context) {
    const { openAuditVideo } = await import('./open.ts');
    return yield* openAuditVideo(configuration, context);
  },
  news: () => ({ tell: ({ stage, done, total }: AuditVideoStep) => ({ type: 'progress', stage, done, total }) }),
  describe: describeAuditVideo,
  titleOf: ({ training, generated }) =>
    typeof training === 'string' && typeof generated === 'string'
      ? `Clips of ${basename(generated)} against ${basename(training)}`
      : null,
  images: imagesOfRun(({ shown }: AuditVideoReport, { samples }) =>
    shown
      .slice(0, samples)
      .flatMap(({ clips }) => [clips.generated, clips.training].map(({ sheet }) => inRun(sheet, true))),
  ),
  headline: (report: AuditVideoReport) => copiesHeadline(report),
});

/** What an audit of videos says while it works. */
export type AuditVideoEvent = JobEvent<AuditVideoStep, AuditVideoReport>;

/**
 * Audits generated clips against training clips as a run; see {@link startJob}.
 *
 * @param input what to audit and how; defaults are those of `auditVideoConfigurationSchema`
 */
export const auditVideoRun = (
  input: AuditVideoConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<AuditVideoEvent, AuditVideoReport> => startJob(auditVideoJob, input, options);

/** Resumes an audit of videos; clips that were read are not read again. See {@link resumeJob}. */
export const resumeAuditVideo = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<AuditVideoEvent, AuditVideoReport> => resumeJob(auditVideoJob, path, options);
