import { basename, join } from 'node:path';
import { type MitigationReport, mitigationReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type JobEvent,
  type JobNews,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
  worstLevel,
} from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { type MitigationConfigurationInput, mitigationConfigurationSchema } from './configuration.ts';
import { describeMitigation, describeRound } from './describe.ts';
import { mitigationImages } from './images.ts';
import { mitigationItemSchema } from './items.ts';
import type { MitigationStep } from './workshop.ts';

function tell(event: MitigationStep): JobNews {
  if (event.type === 'round') return { type: 'note', text: describeRound(event.round) };
  const { stage, done, total } = event;
  return { type: 'progress', stage, done, total };
}

/** Fine-tunes a diffusion model that copies its training images or skews their distribution, with rewards on its own samples. */
export const mitigationJob = defineJob({
  kind: 'mitigate',
  verb: 'mitigate',
  noun: 'mitigation',
  summary: 'fine-tune a face generator that copies its training faces or skews their distribution',
  configuration: mitigationConfigurationSchema,
  report: mitigationReportSchema,
  items: mitigationItemSchema,
  examples: [
    'biolens mitigate --model faces-model --train portraits --replication',
    'biolens mitigate --model faces-model --train portraits --heldout others --replication --bias gender=uniform -o mitigated',
    "biolens mitigate --model m --train t --bias gender=0.5,0.5 --json --fail-on 'after.replication.copied>0.01'",
  ],
  gateExample: 'after.replication.copied>0.01',
  nameOf: ({ model }) => basename(model),
  async *open(configuration, context) {
    const { openMitigation } = await import('./open.ts');
    return yield* openMitigation(configuration, context);
  },
  news: () => ({ tell }),
  describe: describeMitigation,
  epilogue: ({ configuration: { output }, path, report }) =>
    [join(path, report.model.result), ...(output === undefined ? [] : [output])]
      .map(model => `Model: ${printable(model)}\n`)
      .join(''),
  titleOf: ({ model }) => (typeof model === 'string' ? `Mitigation of ${basename(model)}` : null),
  images: mitigationImages,
  headline: ({ after, verdict }) => ({
    label: 'copies after',
    metric: after.replication.copied,
    unit: 'share',
    level: worstLevel(verdict),
  }),
});

/** What a mitigation says while it works. */
export type MitigationEvent = JobEvent<MitigationStep, MitigationReport>;
export type MitigationRunOptions = RunJobOptions;

/**
 * Fine-tunes a diffusion model that copies its training images or skews their distribution, with rewards on its own samples; see
 * {@link startJob}. The run's `artifacts/model` is what it became.
 *
 * @param input what to fine-tune and how; defaults are those of `mitigationConfigurationSchema`
 */
export const mitigationRun = (
  input: MitigationConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<MitigationEvent, MitigationReport> => startJob(mitigationJob, input, options);

/**
 * Resumes a mitigation that was interrupted or killed; see {@link resumeJob}. What it has sampled, measured and fine-tuned is not done
 * again, and it ends at the same weights.
 */
export const resumeMitigation = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<MitigationEvent, MitigationReport> => resumeJob(mitigationJob, path, options);
