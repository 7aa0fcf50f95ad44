import type { GeneratorKind } from '../../contracts/index.ts';
import {
  createGan,
  createModel,
  drawNoise,
  openDenoisingTrainer,
  openGanSampler,
  openGanTrainer,
  openSampler,
  readGanFolder,
  readModelFolder,
  writeGanFolder,
  writeModelFolder,
} from '../../diffusion/index.ts';
import { foldIn, openStream, type RandomKey } from '../../math/index.ts';
import { constantSchedule, type Runtime, warmUpSchedule } from '../../tensor/index.ts';

/** A generator in training: what the study needs of any kind. */
export interface StudyTrainer {
  readonly parameters: number;
  /** Steps done. */
  readonly step: number;
  /** @param images `[batchSize, 3, side, side]` in [−1, 1] */
  readonly train: (images: Float32Array, options: { readonly signal?: AbortSignal | undefined }) => Promise<void>;
  /** All that going on from here takes. */
  readonly checkpoint: () => Uint8Array;
  /** Writes the model's folder. */
  readonly save: (folder: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface StudySampler {
  /** Images `first` … `first + n − 1` of the kind's one sequence of noise, `[n, 3, side, side]` in [−1, 1]. */
  readonly sample: (
    first: number,
    n: number,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

export interface TrainerRequest {
  readonly side: number;
  readonly batchSize: number;
  /** Fresh weights and all chance of training. */
  readonly key: RandomKey;
  readonly checkpoint: { readonly bytes: Uint8Array; readonly file: string } | null;
}

export interface StudyGenerator {
  readonly openTrainer: (runtime: Runtime, request: TrainerRequest) => Promise<StudyTrainer>;
  readonly openSampler: (runtime: Runtime, folder: string, key: RandomKey) => Promise<StudySampler>;
}

const gan: StudyGenerator = {
  openTrainer: async (runtime, { side, batchSize, key, checkpoint }) => {
    const model = createGan({ imageSize: side });
    const trainer = await openGanTrainer(runtime, {
      gan: model,
      training: { batchSize },
      from: checkpoint === null ? { key } : { checkpoint: checkpoint.bytes, file: checkpoint.file },
    });
    return {
      parameters: model.generator.size + model.discriminator.size,
      get step() {
        return trainer.state.generator.step;
      },
      train: async (images, options) => {
        await trainer.step(images, foldIn(foldIn(key, 'step'), trainer.state.generator.step), options);
      },
      checkpoint: trainer.checkpoint,
      save: folder => writeGanFolder(folder, { gan: model, weights: trainer.state.generator.average! }),
      close: trainer.close,
    };
  },
  openSampler: async (runtime, folder, key) => {
    const sampler = await openGanSampler(runtime, await readGanFolder(folder));
    return {
      sample: async (first, n, options) => (await sampler.sample({ key, first, n }, options)).images,
      close: sampler.close,
    };
  },
};

/** Channels of the U-Net's stages by the side of its images. */
function stagesOf(side: number): number[] {
  const [base, halvings] = [24, Math.max(1, Math.log2(side / 8))];
  return Array.from({ length: halvings + 1 }, (_, stage) => Math.min(2 * base, base * 2 ** stage));
}

const LEARNING_RATE = 2e-3;
const WARM_UP_STEPS = 50;
/** The moving average forgets half in this many steps, once it is that old. */
const AVERAGE_STEPS = 200;
const SAMPLING = { method: 'dpm-solver++', steps: 20, batch: 64 } as const;

const diffusion: StudyGenerator = {
  openTrainer: async (runtime, { side, batchSize, key, checkpoint }) => {
    const seed = openStream(foldIn(key, 'weights')).uint32();
    const model = createModel({ size: side, blockChannels: stagesOf(side), seed });
    const trainer = await openDenoisingTrainer(runtime, model, {
      batch: batchSize,
      learningRate: warmUpSchedule({ steps: WARM_UP_STEPS, base: constantSchedule(LEARNING_RATE) }),
      // Young averages forget faster, or the first weights would stay in them.
      emaDecay: step => 0.5 ** (1 / Math.min(AVERAGE_STEPS, step / 10)),
      ...(checkpoint === null ? {} : { from: checkpoint.bytes, file: checkpoint.file }),
    });
    return {
      parameters: model.parameters.size,
      get step() {
        return trainer.state.step;
      },
      train: async (images, { signal }) => {
        await trainer.step({ images, key, signal });
      },
      checkpoint: trainer.checkpoint,
      save: folder => writeModelFolder(folder, trainer.model({ average: true })),
      close: trainer.close,
    };
  },
  openSampler: async (runtime, folder, key) => {
    const sampler = await openSampler(runtime, await readModelFolder(folder), SAMPLING);
    return {
      sample: (first, n, { signal }) =>
        sampler.sample({ noise: drawNoise(key, first, n, sampler.shape), first, signal }),
      close: sampler.close,
    };
  },
};

/** The kinds of generator that a study compares. */
export const GENERATORS: Readonly<Record<GeneratorKind, StudyGenerator>> = { gan, diffusion };
