import { availableParallelism } from 'node:os';
import { BiolensError } from '../../../ground/errors.ts';
import { readModelFolder } from '../folder.ts';
import { GENERATORS, type GeneratorSettings } from '../generator/index.ts';
import type { DiffusionModel } from '../model.ts';
import { PRESETS, type ResolvedTraining, type TrainConfiguration } from './configuration.ts';
import type { TrainingImages } from './training-images.ts';

/** Share of the free memory that training may take. */
const MEMORY_SHARE = 0.5;

/** What a generator is made of. */
export function settingsOf(
  training: ResolvedTraining,
  { classes, attribute }: Pick<TrainingImages, 'classes' | 'attribute'>,
  start: DiffusionModel | null = null,
): GeneratorSettings {
  const { size, channels, layersPerBlock, dropout, prediction, batchSize, steps, learningRate } = training;
  return {
    size,
    channels,
    layersPerBlock,
    dropout,
    prediction,
    batchSize,
    steps,
    learningRate,
    classes: classes === null ? null : [...classes],
    attribute,
    start,
  };
}

/**
 * The model that training starts from; null: none.
 *
 * @throws {BiolensError} `input` naming the file that is wrong; `usage` naming the setting that the model decides itself.
 */
export async function readStart({
  from,
  kind,
  channels,
  layersPerBlock,
  prediction,
}: TrainConfiguration): Promise<DiffusionModel | null> {
  if (from === undefined) return null;
  if (kind !== 'diffusion') throw new BiolensError('usage', `"from" is for diffusion models, "kind" is ${kind}`);
  const model = await readModelFolder(from);
  const given = { channels, layersPerBlock, prediction };
  const ofModel = settingsOfModel(model);
  // A recorded configuration says what was decided, and is repeated as it is.
  const other = DECIDED_BY_MODEL.find(name => given[name] !== undefined && given[name] !== ofModel[name]);
  if (other !== undefined)
    throw new BiolensError('usage', `"${other}" is that of the model that "from" names; leave it out`);
  return model;
}

const DECIDED_BY_MODEL = ['channels', 'layersPerBlock', 'prediction'] as const;

/** The settings that a start model decides. */
function settingsOfModel({ config, noise }: DiffusionModel) {
  return {
    channels: config.down[0]?.channels,
    layersPerBlock: config.layersPerBlock,
    prediction: noise.prediction,
  };
}

/**
 * Decides what a configuration left open, and checks that its parts fit together.
 *
 * @param freeBytes memory that is free, for `batchSize: 'auto'`
 * @param start the model that training goes on from
 * @throws {BiolensError} `usage` naming the setting.
 */
export function resolveTraining(
  configuration: TrainConfiguration,
  images: Pick<TrainingImages, 'classes' | 'attribute'>,
  { freeBytes, start = null }: { readonly freeBytes: number; readonly start?: DiffusionModel | null },
): ResolvedTraining {
  const { kind, preset, batchSize: wanted } = configuration;
  const { batchSize: most, ...rest } = PRESETS[kind][preset];
  const ofModel = start === null ? null : settingsOfModel(start);
  const { channels, layersPerBlock, steps, learningRate, threads = availableParallelism() } = configuration;
  const training: ResolvedTraining = {
    ...configuration,
    channels: ofModel?.channels ?? channels ?? rest.channels,
    layersPerBlock: ofModel?.layersPerBlock ?? layersPerBlock ?? rest.layersPerBlock,
    prediction: ofModel?.prediction ?? configuration.prediction ?? 'v',
    steps: steps ?? rest.steps,
    learningRate: learningRate ?? rest.learningRate,
    threads,
    batchSize: wanted === 'auto' ? most : wanted,
  };
  const family = GENERATORS[kind];
  const settings = settingsOf(training, images, start);
  const objection = family.objection(settings);
  if (objection !== null) throw new BiolensError('usage', objection);
  if (wanted !== 'auto') return training;
  let batchSize: number = most;
  const fits = () => (family.trainingBytes({ ...settings, batchSize }) ?? 0) <= MEMORY_SHARE * freeBytes;
  while (batchSize > 1 && !fits()) batchSize /= 2;
  return { ...training, batchSize };
}
