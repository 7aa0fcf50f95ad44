import { basename } from 'node:path';
import { type AuditReport, auditReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type JobEvent,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { type AuditConfigurationInput, auditConfigurationSchema } from './configuration.ts';
import { copiesHeadline } from './declaration/index.ts';
import { describeAudit } from './describe.ts';
import { auditImages } from './images.ts';
import { auditItemSchema } from './items.ts';
import type { AuditStep } from './open.ts';

function stageOf(event: Exclude<AuditStep, { readonly type: 'caution' }>): string {
  if (event.type === 'progress') return `${event.part}: ${event.step}`;
  return event.type === 'sampling' ? 'generating images' : 'reading faces';
}

/** Audits folders of images or files of embeddings: do the generated faces copy the training faces, do they skew their distribution. */
export const auditJob = defineJob({
  kind: 'audit',
  verb: 'audit',
  noun: 'audit',
  summary: 'do generated faces copy the training faces, and do they skew their distribution',
  configuration: auditConfigurationSchema,
  report: auditReportSchema,
  items: auditItemSchema,
  sharded: true,
  examples: [
    'biolens audit --train portraits --generated samples',
    "biolens audit --train a --generated b --json --fail-on 'replication.copied>0.01'",
    "biolens audit --train a --sample-with 'python sample.py --n {n} --seed {seed} --out {dir}'",
  ],
  gateExample: 'replication.copied>0.01',
  nameOf: ({ generated, generator, sampleWith }) =>
    basename(generated ?? generator ?? sampleWith?.split(' ')[0] ?? 'samples'),
  async *open(configuration, context) {
    const { openAudit } = await import('./open.ts');
    return yield* openAudit(configuration, context);
  },
  news: () => ({
    tell: (event: AuditStep) => {
      if (event.type === 'caution') return { type: 'note', text: event.text };
      return { type: 'progress', stage: stageOf(event), done: event.done, total: event.total };
    },
  }),
  describe: (report: AuditReport) => {
    const { length } = report.skipped;
    const skipped = length === 0 ? '' : `\n${length} images were skipped; the report says which and why.\n`;
    return `${describeAudit(report)}${skipped}`;
  },
  titleOf: ({ training, generated, generator, sampleWith }) => {
    const what = [generated, generator].find(path => typeof path === 'string');
    const name =
      typeof what === 'string' ? basename(what) : typeof sampleWith === 'string' ? 'a command’s samples' : null;
    return typeof training === 'string' && name !== null ? `Audit of ${name} against ${basename(training)}` : null;
  },
  images: auditImages,
  headline: (report: AuditReport) => copiesHeadline(report),
});

/** What an audit of folders and files says while it works. */
export type AuditEvent = JobEvent<AuditStep, AuditReport>;
export type AuditRunOptions = RunJobOptions;

/**
 * Audits folders of images or files of embeddings as a run; see {@link startJob}.
 *
 * @param input what to audit and how; defaults are those of `auditConfigurationSchema`
 */
export const auditRun = (
  input: AuditConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<AuditEvent, AuditReport> => startJob(auditJob, input, options);

/** Resumes an audit that was interrupted or killed; see {@link resumeJob}. Images that were read are not read again. */
export const resumeAudit = (path: string, options?: ResumeJobOptions): AsyncGenerator<AuditEvent, AuditReport> =>
  resumeJob(auditJob, path, options);
