import { basename, join } from 'node:path';
import { type DiffusionReport, diffusionReportSchema, missingMetric } from '../../ground/contracts/index.ts';
import {
  defineJob,
  type Headline,
  imagesOfRun,
  inRun,
  type JobEvent,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { describeDiffusion } from './describe.ts';
import { type TrainConfigurationInput, trainConfigurationSchema } from './train/configuration.ts';
import { trainItemSchema } from './train/items.ts';
import { lossLabel, type TrainStep, trainingNews } from './train/news.ts';

/** Losses say how training went; they do not say how good the samples are. */
function headlineOf({ curve, training }: DiffusionReport): Headline {
  const [name, values] = Object.entries(curve.values)[0] ?? ['loss', []];
  const value = values.at(-1) ?? null;
  const { steps: n } = training;
  return {
    label: lossLabel(name),
    metric: value === null ? missingMetric('the last steps recorded no loss', n) : { value, n, interval: null },
    unit: 'number',
    level: 'unknown',
  };
}

/** Trains a generator on a folder of images. */
export const trainingJob = defineJob({
  kind: 'diffusion',
  verb: 'diffusion train',
  noun: 'training',
  summary: 'train a generator on a folder of images; can be interrupted and resumed',
  configuration: trainConfigurationSchema,
  report: diffusionReportSchema,
  items: trainItemSchema,
  examples: [
    'biolens diffusion train --images drawn -o model',
    'biolens diffusion train --images drawn --classes gender --mirror --preset standard -o model',
    'biolens diffusion train --images drawn --from model --steps 5000 --learning-rate 0.0005 -o longer',
  ],
  gateExample: 'images.n<100',
  nameOf: ({ images }) => basename(images),
  async *open(configuration, context) {
    const { openTraining } = await import('./train/open.ts');
    return yield* openTraining(configuration, context);
  },
  news: trainingNews,
  describe: describeDiffusion,
  epilogue: ({ configuration, path, report }) => {
    const model = printable(configuration.output ?? join(path, report.model));
    return `Model: ${model}\nbiolens diffusion sample --model ${model} -n 100 -o samples\n`;
  },
  titleOf: ({ kind, images }) =>
    typeof images === 'string' ? `${kind === 'gan' ? 'GAN' : 'Diffusion model'} trained on ${basename(images)}` : null,
  images: imagesOfRun<DiffusionReport>(({ sheets }) => sheets.map(({ file }) => inRun(file, true))),
  headline: headlineOf,
  // Short memory can be helped, and there is a checkpoint: such a run can be resumed too.
  remedy: ({ code }, id) =>
    code === 'interrupted' || code === 'external' ? `biolens runs resume ${id} resumes it` : null,
});

/** What the training of a generator reports while it runs. */
export type TrainEvent = JobEvent<TrainStep, DiffusionReport>;
export type TrainRunOptions = RunJobOptions;

/**
 * Trains a generator on a folder of images as a run: a folder that can be killed at any instant and resumed, to the same weights; see
 * {@link startJob}.
 *
 * @param input what to train on and how; defaults are those of `trainConfigurationSchema` and its preset
 * @throws {BiolensError} as {@link startJob}; `external` when memory is short, with a checkpoint of the last state
 */
export const trainRun = (
  input: TrainConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<TrainEvent, DiffusionReport> => startJob(trainingJob, input, options);

/**
 * Resumes training that was interrupted, failed or was killed, from its newest checkpoint; see {@link resumeJob}.
 *
 * @throws {BiolensError} as {@link resumeJob}; `input` when its images have changed or its checkpoint is damaged
 */
export const resumeTraining = (path: string, options?: ResumeJobOptions): AsyncGenerator<TrainEvent, DiffusionReport> =>
  resumeJob(trainingJob, path, options);
