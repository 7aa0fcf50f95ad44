import { type DiffusionReport, diffusionReportSchema } from '../../../ground/contracts/index.ts';
import type { GeneratorTrainer } from '../generator/index.ts';
import type { ResolvedTraining } from './configuration.ts';
import type { TrainingHistory } from './items.ts';
import type { TrainingImages } from './training-images.ts';

/** What a training that is done says of itself. */
export function reportOf(
  trainer: GeneratorTrainer,
  { training, images, history }: { training: ResolvedTraining; images: TrainingImages; history: TrainingHistory },
): DiffusionReport {
  const { steps, batchSize, sampling, channels, layersPerBlock, dropout, prediction, learningRate, seed, threads } =
    training;
  const { preset, from, mirror, shift, colour } = training;
  const { labels, classes } = images;
  const { seconds, sheets } = history;
  const counts = classes?.map((name, index) => [name, labels?.filter(label => label === index).length ?? 0]);
  const last = sheets.at(-1);
  const ofDiffusion = training.kind === 'diffusion' ? { layersPerBlock, dropout, prediction } : {};
  const settings = {
    preset,
    ...(from === undefined ? {} : { from }),
    channels,
    ...ofDiffusion,
    learningRate,
    mirror,
    shift,
    colour,
    seed,
    threads,
  };
  return diffusionReportSchema.parse({
    schema: 'biolens/diffusion@1',
    kind: training.kind,
    images: {
      source: images.source,
      n: images.n,
      size: images.size,
      resized: images.resized,
      classes: counts === undefined ? null : { attribute: images.attribute, counts: Object.fromEntries(counts) },
    },
    network: { parameters: trainer.parameters, description: trainer.description },
    training: {
      steps,
      batchSize,
      epochs: (steps * batchSize) / images.n,
      seconds,
      stepsPerSecond: seconds > 0 ? steps / seconds : null,
      settings,
    },
    curve: history.curve(steps),
    sheets: sheets.map(({ seconds: _, ...sheet }) => sheet),
    sampling: {
      method: training.kind === 'gan' ? 'gan' : sampling.method,
      steps: training.kind === 'gan' ? 1 : sampling.steps,
      secondsPerImage: last === undefined ? null : last.seconds / last.n,
    },
    model: 'artifacts/model',
    skipped: images.skipped,
  });
}
