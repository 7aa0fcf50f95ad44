import { basename } from 'node:path';
import { type AuditMedicalReport, auditMedicalReportSchema } from '../../ground/contracts/index.ts';
import { defineJob, imagesOfRun, inRun, type JobEvent, type RunJobOptions, startJob } from '../../kit/job/index.ts';
import { copiesHeadline } from '../audit/declaration/index.ts';
import { type AuditMedicalConfigurationInput, auditMedicalConfigurationSchema } from './configuration.ts';
import { describeAuditMedical } from './describe.ts';
import { type AuditMedicalStep, auditMedicalItemSchema } from './events.ts';

/** Audits medical images: does a generator of scans copy the scans that it was trained on. */
export const auditMedicalJob = defineJob({
  kind: 'audit-medical',
  verb: 'audit medical',
  noun: 'audit of medical images',
  summary: 'do generated scans copy training scans: DICOM, NIfTI, PNG and TIFF of 16 bits',
  configuration: auditMedicalConfigurationSchema,
  report: auditMedicalReportSchema,
  items: auditMedicalItemSchema,
  examples: [
    'biolens audit medical --train scans --generated samples',
    'biolens audit medical --train scans --generated samples --heldout other --compare slices --page',
    'biolens audit medical --train scans --generated samples --heldout other --embedder whiten',
  ],
  gateExample: 'replication.copied>0.01',
  nameOf: ({ generated }) => basename(generated),
  async *open(configuration, context) {
    const { openAuditMedical } = await import('./open.ts');
    return yield* openAuditMedical(configuration, context);
  },
  news: () => ({ tell: ({ stage, done, total }: AuditMedicalStep) => ({ type: 'progress', stage, done, total }) }),
  describe: describeAuditMedical,
  titleOf: ({ training, generated }) =>
    typeof training === 'string' && typeof generated === 'string'
      ? `Scans of ${basename(generated)} against ${basename(training)}`
      : null,
  images: imagesOfRun(({ shown }: AuditMedicalReport, { pairs }) =>
    shown.slice(0, pairs).flatMap(({ images }) => [inRun(images.generated), inRun(images.training)]),
  ),
  headline: (report: AuditMedicalReport) => copiesHeadline(report),
});

/** What an audit of medical images says while it works. */
export type AuditMedicalEvent = JobEvent<AuditMedicalStep, AuditMedicalReport>;

/** Audits generated medical images against training ones as a run; see {@link startJob}. */
export const auditMedicalRun = (
  input: AuditMedicalConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<AuditMedicalEvent, AuditMedicalReport> => startJob(auditMedicalJob, input, options);
