import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
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
 * Checks that nothing is asked of the model that training goes on from which it decides itself.
 *
 * @throws {BiolensError} `usage` naming the setting.
 */
export function checkStart({ from, kind, channels, layersPerBlock, prediction }: TrainConfiguration): void {
  if (from === undefined) return;
  if (kind !== 'diffusion') throw new BiolensError('usage', `"from" is for diffusion models, "kind" is ${kind}`);
  const fixed = Object.entries({ channels, layersPerBlock, prediction }).find(([, value]) => value !== undefined);
  if (fixed !== undefined)
    throw new BiolensError('usage', `"${fixed[0]}" is that of the model that "from" names; leave it out`);
}

/** The model that training goes on from; null: none. */
export async function readStart({ from }: Pick<TrainConfiguration, 'from'>): Promise<DiffusionModel | null> {
  return from === undefined ? null : readModelFolder(from);
}

/**
 * Decides what a configuration left open, makes its paths absolute, and checks that its parts fit together.
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
  const { kind, preset, labels, output, from, batchSize: wanted } = configuration;
  const { batchSize: most, ...rest } = PRESETS[kind][preset];
  const optional = { labels, output, from };
  const paths = Object.entries(optional).flatMap(([name, path]) => (path === undefined ? [] : [[name, resolve(path)]]));
  const { channels, layersPerBlock, steps, learningRate, threads = availableParallelism() } = configuration;
  const training: ResolvedTraining = {
    ...configuration,
    channels: start?.config.down[0]?.channels ?? channels ?? rest.channels,
    layersPerBlock: start?.config.layersPerBlock ?? layersPerBlock ?? rest.layersPerBlock,
    prediction: start?.noise.prediction ?? configuration.prediction ?? 'v',
    steps: steps ?? rest.steps,
    learningRate: learningRate ?? rest.learningRate,
    threads,
    images: resolve(configuration.images),
    ...Object.fromEntries(paths),
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
