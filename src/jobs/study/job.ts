import { basename } from 'node:path';
import { missingMetric, type StudyReport, studyReportSchema } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type Headline,
  imagesOfRun,
  inRun,
  type JobEvent,
  type JobNews,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { type StudyConfigurationInput, studyConfigurationSchema } from './configuration.ts';
import { describeStudy } from './describe.ts';
import type { StudyStep } from './events.ts';
import { studyItemSchema } from './items.ts';

function tell(event: StudyStep): JobNews {
  if (event.type === 'refused') return { type: 'note', text: `size ${event.size} is left out: ${event.reason}` };
  const { stage, done, total } = event;
  return { type: 'progress', stage, done, total };
}

/** The smallest training set and the first attribute stand for all. */
function headlineOf({ results, attributes, verdict }: StudyReport): Headline {
  const [name = ''] = Object.keys(attributes);
  return {
    label: 'amplification',
    metric: results[0]?.attributes[name]?.amplification ?? missingMetric('no generator was measured'),
    unit: 'number',
    // The first finding is that of the first attribute and kind, at all sizes.
    level: verdict[0]?.level ?? 'unknown',
  };
}

/**
 * Studies how the distribution of an attribute depends on the size of the training set: for each size a nested random subset, for each kind
 * of generator a model trained on it, its samples labelled by a classifier whose errors are measured on the folder's own labels and taken
 * out of the shares.
 */
export const studyJob = defineJob({
  kind: 'study',
  verb: 'study bias-by-size',
  noun: 'study',
  summary: 'how the distribution that GANs and diffusion models generate depends on the size of their training set',
  configuration: studyConfigurationSchema,
  report: studyReportSchema,
  items: studyItemSchema,
  sharded: true,
  examples: [
    'biolens study bias-by-size --images portraits --attribute gender',
    'biolens study bias-by-size --images portraits --attribute gender --sizes 100,300',
    'biolens study bias-by-size --images drawn --attribute gender --classifier faces.onnx --steps 600 --json',
  ],
  gateExample: 'results.0.attributes.gender.amplification>1.2',
  nameOf: ({ images }) => basename(images),
  async *open(configuration, context) {
    const { openStudy } = await import('./open.ts');
    return yield* openStudy(configuration, context);
  },
  news: () => ({ tell }),
  describe: (report: StudyReport) => {
    const { length } = report.skipped;
    const skipped = length === 0 ? '' : `\n${length} images were skipped; the report says which and why.\n`;
    return `${describeStudy(report)}${skipped}`;
  },
  titleOf: ({ images }) => (typeof images === 'string' ? `Bias by size on ${basename(images)}` : null),
  images: imagesOfRun<StudyReport>(({ results }) => results.map(({ sheet }) => inRun(`artifacts/${sheet}`, true))),
  headline: headlineOf,
});

/** What a study says while it works. */
export type StudyEvent = JobEvent<StudyStep, StudyReport>;
export type StudyRunOptions = RunJobOptions;

/**
 * Studies how bias depends on the size of the training set as a run; see {@link startJob}.
 *
 * @param input what to study and how; defaults are those of `studyConfigurationSchema`
 */
export const studyRun = (
  input: StudyConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<StudyEvent, StudyReport> => startJob(studyJob, input, options);

/**
 * Resumes a study that was interrupted or killed; see {@link resumeJob}. Generators that are trained are not trained again, one in
 * training resumes from its last checkpoint, and the result is the same.
 */
export const resumeStudy = (path: string, options?: ResumeJobOptions): AsyncGenerator<StudyEvent, StudyReport> =>
  resumeJob(studyJob, path, options);
