import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { BiolensError } from '../../errors.ts';
import { GENERATORS, type GeneratorSettings } from '../generator/index.ts';
import { PRESETS, type ResolvedTraining, type TrainConfiguration } from './configuration.ts';
import type { TrainingImages } from './training-images.ts';

/** Share of the free memory that training may take. */
const MEMORY_SHARE = 0.5;

/** What a generator is made of. */
export function settingsOf(
  training: ResolvedTraining,
  { classes, attribute }: Pick<TrainingImages, 'classes' | 'attribute'>,
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
  };
}

/**
 * Decides what a configuration left open, makes its paths absolute, and checks that its parts fit together.
 *
 * @param freeBytes memory that is free, for `batchSize: 'auto'`
 * @throws {BiolensError} `usage` naming the setting.
 */
export function resolveTraining(
  configuration: TrainConfiguration,
  images: Pick<TrainingImages, 'classes' | 'attribute'>,
  { freeBytes }: { readonly freeBytes: number },
): ResolvedTraining {
  const { kind, preset, labels, output, batchSize: wanted } = configuration;
  const { batchSize: most, ...rest } = PRESETS[kind][preset];
  const optional = { labels, output };
  const paths = Object.entries(optional).flatMap(([name, path]) => (path === undefined ? [] : [[name, resolve(path)]]));
  const { channels, layersPerBlock, steps, learningRate, threads = availableParallelism() } = configuration;
  const training: ResolvedTraining = {
    ...configuration,
    channels: channels ?? rest.channels,
    layersPerBlock: layersPerBlock ?? rest.layersPerBlock,
    steps: steps ?? rest.steps,
    learningRate: learningRate ?? rest.learningRate,
    threads,
    images: resolve(configuration.images),
    ...Object.fromEntries(paths),
    batchSize: wanted === 'auto' ? most : wanted,
  };
  const family = GENERATORS[kind];
  const settings = settingsOf(training, images);
  const objection = family.objection(settings);
  if (objection !== null) throw new BiolensError('usage', objection);
  if (wanted !== 'auto') return training;
  let batchSize: number = most;
  const fits = () => (family.trainingBytes({ ...settings, batchSize }) ?? 0) <= MEMORY_SHARE * freeBytes;
  while (batchSize > 1 && !fits()) batchSize /= 2;
  return { ...training, batchSize };
}
