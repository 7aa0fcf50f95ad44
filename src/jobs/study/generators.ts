import type { GeneratorKind } from '../../ground/contracts/index.ts';
import type { RandomKey } from '../../ground/math/index.ts';
import type { Runtime } from '../../kit/tensor/index.ts';
import {
  GENERATORS,
  type GeneratorSampler,
  type GeneratorSettings,
  type GeneratorTrainer,
  type TrainerRequest,
} from '../generators/index.ts';

/** Networks of a few hundred thousand numbers, which two cores train at a few steps a second at 32 pixels. */
const NETWORKS = {
  gan: { channels: 16, learningRate: 8e-3 },
  diffusion: { channels: 24, learningRate: 2e-3 },
} as const satisfies Readonly<Record<GeneratorKind, Pick<GeneratorSettings, 'channels' | 'learningRate'>>>;

/** How samples of a study are made. */
export const SAMPLING = { method: 'dpm-solver++', steps: 20, batch: 64 } as const;

export interface StudyTraining extends Pick<TrainerRequest, 'key' | 'checkpoint'> {
  readonly size: number;
  readonly batchSize: number;
  readonly steps: number;
}

/** What a generator of a study is made of: the same network whatever the number of images. */
export function studySettings(
  kind: GeneratorKind,
  sizes: Pick<StudyTraining, 'size' | 'batchSize' | 'steps'>,
): GeneratorSettings {
  return {
    ...sizes,
    ...NETWORKS[kind],
    layersPerBlock: 1,
    dropout: 0,
    prediction: 'v',
    classes: null,
    attribute: null,
  };
}

/** Opens a generator of a study for training. */
export function openStudyTrainer(
  runtime: Runtime,
  kind: GeneratorKind,
  { key, checkpoint, ...sizes }: StudyTraining,
): Promise<GeneratorTrainer> {
  return GENERATORS[kind].openTrainer(runtime, { settings: studySettings(kind, sizes), key, checkpoint });
}

/** Opens a trained generator; its image i depends on the key and on i alone. */
export async function openStudySampler(
  runtime: Runtime,
  kind: GeneratorKind,
  { folder, key }: { readonly folder: string; readonly key: RandomKey },
): Promise<{
  readonly draw: (
    first: number,
    n: number,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Float32Array>;
  readonly close: GeneratorSampler['close'];
}> {
  const sampler = await GENERATORS[kind].openSampler(runtime, folder, SAMPLING);
  return { draw: (first, n, options) => sampler.draw({ key, first, n }, options), close: sampler.close };
}
