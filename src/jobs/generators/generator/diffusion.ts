import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream } from '../../../ground/math/index.ts';
import { cosineSchedule, type Runtime, type Schedule, warmUpSchedule } from '../../../kit/tensor/index.ts';
import { openDenoisingTrainer } from '../denoising-trainer.ts';
import { looksLikeModel } from '../find-model.ts';
import { MODEL_FILES, readModelFolder, writeModelFolder } from '../folder.ts';
import { createModel, type DiffusionModel } from '../model.ts';
import { drawNoise } from '../noise/draw.ts';
import { openSampler } from '../sampler.ts';
import type { GeneratorFamily, GeneratorSampler, GeneratorSettings, SamplingSettings } from './kind.ts';
import { estimateTrainingBytes } from './training-bytes.ts';

/** Side of the coarsest stage, where attention is cheap. */
const COARSEST_SIDE = 8;
const MOST_STAGES = 6;
const WARM_UP_STEPS = 50;
/** What the learning rate falls to, as a share of its highest. */
const FINAL_RATE = 0.1;
/** The moving average forgets half in this share of the steps done so far, so that it is never older than the training. */
const AVERAGE_SHARE = 0.05;

/** Stages down to 8 × 8 pixels, or as far as the side can be halved; the finest has `channels`, the others twice as many. */
export function stagesOf(size: number, channels: number): number[] {
  const stages = [channels];
  for (let side = size; side > COARSEST_SIDE && side % 2 === 0 && stages.length < MOST_STAGES; side /= 2)
    stages.push(2 * channels);
  return stages;
}

/** Share of the old average that is kept, by step. */
const averageDecay: Schedule = step => 0.5 ** (1 / (AVERAGE_SHARE * Math.max(step, 1)));

function modelOf(settings: GeneratorSettings, seed: number): DiffusionModel {
  const { size, channels, layersPerBlock, dropout, prediction, classes, attribute, start = null } = settings;
  if (start !== null) return { ...start, config: { ...start.config, dropout } };
  const blockChannels = stagesOf(size, channels);
  return createModel({ size, blockChannels, layersPerBlock, dropout, prediction, classes, attribute, seed });
}

async function openDiffusionSampler(
  runtime: Runtime,
  model: DiffusionModel,
  sampling: SamplingSettings,
): Promise<GeneratorSampler> {
  const channels = model.config.inChannels;
  if (channels !== 1 && channels !== 3)
    throw new BiolensError('input', `the model is of ${channels} channels; images have 1 (grey) or 3 (colour)`);
  const sampler = await openSampler(runtime, model, sampling);
  return {
    kind: 'diffusion',
    warnings: model.warnings ?? [],
    size: model.config.size,
    channels,
    classes: model.classes,
    attribute: model.attribute,
    method: sampling.method,
    steps: sampling.steps,
    draw: ({ key, first, n, labels }, options) =>
      sampler.sample({ noise: drawNoise(key, first, n, sampler.shape), labels, key, first, ...options }),
    close: () => sampler.close(),
  };
}

export const DIFFUSION: GeneratorFamily = {
  kind: 'diffusion',
  files: MODEL_FILES,
  objection: ({ size, classes, start = null }) => {
    if (size % 2 !== 0) return `"size" expected an even number, got ${size}`;
    if (start === null) return null;
    const { config } = start;
    if (config.size !== size) return `"from": the model is for ${config.size} pixels, "size" is ${size}`;
    if (config.inChannels !== 3) return '"from": the model makes no colour images';
    if (config.outChannels !== 3) return '"from": the model learned its variances too, which this training does not';
    if (config.timeEmbedding === 'fourier')
      return '"from": a model with a Fourier time embedding can be sampled here, not trained';
    const names = (of: readonly string[] | null) => of?.join(', ') ?? 'none';
    return names(start.classes) === names(classes)
      ? null
      : `"classes" expected those of the model (${names(start.classes)}), got ${names(classes)}`;
  },
  parameters: settings => modelOf(settings, 0).parameters.size,
  trainingBytes: settings => estimateTrainingBytes(modelOf(settings, 0), settings.batchSize),
  openTrainer: async (runtime, { settings, key, checkpoint }) => {
    const { batchSize, steps, learningRate: initial } = settings;
    const model = modelOf(settings, openStream(foldIn(key, 'weights')).uint32());
    const trainer = await openDenoisingTrainer(runtime, model, {
      batch: batchSize,
      learningRate: warmUpSchedule({
        steps: WARM_UP_STEPS,
        base: cosineSchedule({ initial, final: initial * FINAL_RATE, steps }),
      }),
      emaDecay: averageDecay,
      ...(checkpoint === null ? {} : { from: checkpoint.bytes, file: checkpoint.file }),
    });
    const stages = model.config.down.map(({ channels }) => channels).join(', ');
    const layers = settings.layersPerBlock === 1 ? '1 block' : `${settings.layersPerBlock} blocks`;
    return {
      parameters: model.parameters.size,
      description: `U-Net of ${stages} channels, ${layers} a stage`,
      get step() {
        return trainer.state.step;
      },
      train: async ({ images, labels }, { signal }) => {
        const { loss } = await trainer.step({ images, labels: labels ?? undefined, key, signal });
        return { loss };
      },
      checkpoint: trainer.checkpoint,
      openSampler: sampling => openDiffusionSampler(runtime, trainer.model({ average: true }), sampling),
      save: folder => writeModelFolder(folder, trainer.model({ average: true })),
      close: trainer.close,
    };
  },
  recognises: looksLikeModel,
  openSampler: async (runtime, folder, sampling) => {
    const model = await readModelFolder(folder);
    return openDiffusionSampler(runtime, model, sampling).catch((error: unknown) => {
      if (!(error instanceof BiolensError) || error.code !== 'input') throw error;
      throw new BiolensError('input', `${folder}: ${error.message}`, { details: error.details, cause: error });
    });
  },
};
