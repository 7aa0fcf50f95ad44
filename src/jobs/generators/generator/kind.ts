import type { GeneratorKind } from '../../../ground/contracts/index.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import type { Runtime } from '../../../kit/tensor/index.ts';
import type { DiffusionModel } from '../model.ts';
import type { Prediction } from '../noise/schedule.ts';
import type { SamplingMethod } from '../noise/solver.ts';

/** What decides a generator in training; each kind reads what concerns it. */
export interface GeneratorSettings {
  /** Side of the images in pixels. */
  readonly size: number;
  /** Channels of the finest stage. */
  readonly channels: number;
  readonly layersPerBlock: number;
  readonly dropout: number;
  readonly prediction: Prediction;
  readonly batchSize: number;
  /** Steps that the learning rate's schedule is made for. */
  readonly steps: number;
  readonly learningRate: number;
  readonly classes: readonly string[] | null;
  readonly attribute: string | null;
  /** Weights and network to start from; fresh ones by default. */
  readonly start?: DiffusionModel | null;
}

export interface TrainerRequest {
  readonly settings: GeneratorSettings;
  /** Fresh weights and all chance of training. */
  readonly key: RandomKey;
  /** Where to resume; null: at the beginning. */
  readonly checkpoint: { readonly bytes: Uint8Array; readonly file: string } | null;
}

export interface GeneratorBatch {
  /** `[batchSize, 3, size, size]` in [−1, 1] */
  readonly images: Float32Array;
  /** Classes by index, `[batchSize]`; null without classes. */
  readonly labels: readonly number[] | null;
}

/** A generator in training. */
export interface GeneratorTrainer {
  /** Numbers that are learned. */
  readonly parameters: number;
  /** The network in a few words. */
  readonly description: string;
  /** Steps done. */
  readonly step: number;
  /**
   * Trains on one batch; chance depends on the request's key and the number of the step alone.
   *
   * @returns what is recorded of the step, by name; the same names each time
   */
  readonly train: (
    batch: GeneratorBatch,
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Readonly<Record<string, number>>>;
  /** All that going on from here takes. */
  readonly checkpoint: () => Uint8Array;
  /** Loads the moving average of the weights to sample from. */
  readonly openSampler: (sampling: SamplingSettings) => Promise<GeneratorSampler>;
  /** Writes the moving average as a model folder. */
  readonly save: (folder: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How images are sampled; a GAN ignores it. */
export interface SamplingSettings {
  readonly method: SamplingMethod;
  readonly steps: number;
  readonly eta?: number;
  /** Images at once. */
  readonly batch?: number;
}

export interface DrawRequest {
  readonly key: RandomKey;
  /** Number of the first image: image i depends on the key, its class and on i alone. */
  readonly first: number;
  readonly n: number;
  readonly labels?: readonly number[] | undefined;
}

/** A generator that samples. */
export interface GeneratorSampler {
  /** `onnx`: a network of the user's, which is sampled and not trained. */
  readonly kind: GeneratorKind | 'onnx';
  /** Side of the images in pixels. */
  readonly size: number;
  /** 1 for grey, 3 for colour. */
  readonly channels: number;
  readonly classes: readonly string[] | null;
  readonly attribute: string | null;
  /** The sampling method, for reports. */
  readonly method: string;
  /** Network evaluations an image. */
  readonly steps: number;
  /** What reading the model decided that a user should know of, a line each. */
  readonly warnings?: readonly string[];
  /** Images `first` … `first + n − 1`, `[n, channels, size, size]` in [−1, 1]. */
  readonly draw: (
    request: DrawRequest,
    options: {
      readonly signal?: AbortSignal | undefined;
      /** Called with the image-steps that are done. */
      readonly onStep?: ((done: number, total: number) => void) | undefined;
    },
  ) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
}

/** One kind of generator: how it is trained, and how its folder is sampled. */
export interface GeneratorFamily {
  readonly kind: GeneratorKind;
  /** Files and folders of a model's folder: what a trainer's `save` may replace. */
  readonly files: readonly string[];
  /** Settings that do not fit together, as one line; null: they do. */
  readonly objection: (settings: GeneratorSettings) => string | null;
  /** Numbers that are learned. */
  readonly parameters: (settings: GeneratorSettings) => number;
  /** Bytes that training needs at its peak, as estimated; null: not known. */
  readonly trainingBytes: (settings: GeneratorSettings) => number | null;
  readonly openTrainer: (runtime: Runtime, request: TrainerRequest) => Promise<GeneratorTrainer>;
  readonly recognises: (folder: string) => Promise<boolean>;
  readonly openSampler: (runtime: Runtime, folder: string, sampling: SamplingSettings) => Promise<GeneratorSampler>;
}
