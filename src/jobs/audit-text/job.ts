import { basename } from 'node:path';
import { type AuditTextReport, auditTextReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type JobEvent,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { copiesHeadline } from '../audit/declaration/index.ts';
import { type AuditTextConfigurationInput, auditTextConfigurationSchema } from './configuration.ts';
import { describeAuditText } from './describe.ts';
import type { AuditTextStep } from './events.ts';
import { auditTextItemSchema } from './items.ts';

/** Audits texts: what do generated texts repeat of training texts, and more than chance. */
export const auditTextJob = defineJob({
  kind: 'audit-text',
  verb: 'audit text',
  noun: 'audit of texts',
  summary: 'do generated texts repeat the texts that their model was trained on',
  configuration: auditTextConfigurationSchema,
  report: auditTextReportSchema,
  items: auditTextItemSchema,
  examples: [
    'biolens audit text --train corpus --generated samples',
    "biolens audit text --train corpus.jsonl.zst --generated samples --heldout new.jsonl --json --fail-on 'replication.copied>0.01'",
    'biolens audit text --model openai-compatible:http://localhost:8000/v1#llama --documents articles --heldout new --prefix-lengths 25,100',
  ],
  gateExample: 'replication.copied>0.01',
  nameOf: ({ generated, documents = '' }) => basename(generated ?? documents),
  async *open(configuration, context) {
    const { openAuditText } = await import('./open.ts');
    return yield* openAuditText(configuration, context);
  },
  news: () => ({ tell: ({ stage, done, total }: AuditTextStep) => ({ type: 'progress', stage, done, total }) }),
  describe: describeAuditText,
  titleOf: ({ training, generated, model, documents }) => {
    if (typeof model === 'string' && typeof documents === 'string')
      return `${basename(documents)} continued by ${model}`;
    return typeof training === 'string' && typeof generated === 'string'
      ? `Texts of ${basename(generated)} against ${basename(training)}`
      : null;
  },
  headline: (report: AuditTextReport) => copiesHeadline(report),
});

/** What an audit of texts says while it works. */
export type AuditTextEvent = JobEvent<AuditTextStep, AuditTextReport>;

/**
 * Audits generated texts against a training corpus as a run; see {@link startJob}.
 *
 * @param input what to audit and how; defaults are those of `auditTextConfigurationSchema`
 */
export const auditTextRun = (
  input: AuditTextConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<AuditTextEvent, AuditTextReport> => startJob(auditTextJob, input, options);

/** Resumes an audit of texts that was interrupted or killed; see {@link resumeJob}. */
export const resumeAuditText = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<AuditTextEvent, AuditTextReport> => resumeJob(auditTextJob, path, options);
