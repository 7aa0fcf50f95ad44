import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import {
  constantSchedule,
  float32,
  openTrainer,
  type Runtime,
  startTraining,
  type TensorData,
  type Trainer,
} from '../../../kit/tensor/index.ts';
import { drawAugmentation } from './augmentation.ts';
import { type GanState, readGanCheckpoint, writeGanCheckpoint } from './checkpoint.ts';
import { type GanTraining, type GanTrainingInput, ganTrainingSchema, parseSettings } from './configuration.ts';
import type { Gan } from './gan.ts';
import { BATCH, buildDiscriminatorStep, buildGeneratorStep } from './training-steps.ts';

/** What one step, of both networks, gave. */
export interface GanStepResult {
  /** Counts from 1. */
  readonly step: number;
  readonly discriminatorLoss: number;
  readonly generatorLoss: number;
  /** Mean logit of the real and of the generated images. */
  readonly realLogit: number;
  readonly fakeLogit: number;
  /** E‖∇D(x)‖² on real images, without its weight; null where there is no penalty. */
  readonly penalty: number | null;
}

export interface GanTrainer {
  readonly training: GanTraining;
  /** As the last finished step left it; a step that fails or is interrupted changes nothing. */
  readonly state: GanState;
  /**
   * Trains the discriminator and then the generator once.
   *
   * @param images `[batchSize, 3, imageSize, imageSize]`, −1 to 1
   * @param key decides latents and alterations: a key of its own for each step
   * @throws {BiolensError} `usage` for a batch of another size, or while another step runs; `input` when a loss is no finite number;
   *   `interrupted`
   */
  readonly step: (
    images: Float32Array,
    key: RandomKey,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<GanStepResult>;
  /** The state as a file: what `from.checkpoint` resumes from, exactly. */
  readonly checkpoint: () => Uint8Array;
  readonly close: () => Promise<void>;
}

export interface GanTrainerOptions {
  readonly gan: Gan;
  readonly training?: GanTrainingInput;
  /** A key for the weights of fresh networks, or a checkpoint to resume from. */
  readonly from: { readonly key: RandomKey } | { readonly checkpoint: Uint8Array; readonly file?: string };
}

function numberOf(outputs: Readonly<Record<string, TensorData>>, name: string): number | null {
  const tensor = outputs[name];
  return tensor?.dtype === 'float32' ? (tensor.data[0] ?? null) : null;
}

/** Standard normal latents, `[n, size]`. */
export function drawLatents(key: RandomKey, { n, size }: { readonly n: number; readonly size: number }): TensorData {
  return float32(openStream(key).fillNormal(new Float32Array(n * size)), [n, size]);
}

/**
 * Opens a GAN for training. The same state, images and keys give the same numbers on the same machine with the same threads.
 *
 * @throws {BiolensError} `usage` naming the setting that is wrong; `input` for a checkpoint that does not fit
 * @example
 * const trainer = await openGanTrainer(runtime, { gan: createGan({ imageSize: 32 }), from: { key: randomKey(1) } });
 * for (let i = 0; i < 1000; i++) await trainer.step(batch(i), foldIn(key, i));
 */
export async function openGanTrainer(
  runtime: Runtime,
  { gan, training: given = {}, from }: GanTrainerOptions,
): Promise<GanTrainer> {
  const training = parseSettings(ganTrainingSchema, given, { file: 'GAN training', code: 'usage' });
  const { imageSize: side, latentSize } = gan.configuration;
  const { batchSize: n, augmentation: kinds } = training;
  const steps = {
    generator: buildGeneratorStep(gan, training),
    discriminator: buildDiscriminatorStep(gan, training),
  };
  let state: GanState =
    'checkpoint' in from
      ? readGanCheckpoint(steps, from.checkpoint, from.file === undefined ? {} : { file: from.file })
      : {
          generator: startTraining(steps.generator, { key: foldIn(from.key, 'generator') }),
          discriminator: startTraining(steps.discriminator, { key: foldIn(from.key, 'discriminator') }),
        };
  const learningRate = constantSchedule(training.learningRate);
  const open = (network: 'generator' | 'discriminator'): Promise<Trainer> =>
    openTrainer(runtime, { step: steps[network], state: state[network], learningRate });
  const trainers = { generator: await open('generator'), discriminator: await open('discriminator') };
  let running = false;

  /** A step that failed between the two networks leaves one ahead of the state: it is opened again. */
  const align = async (): Promise<void> => {
    for (const network of ['generator', 'discriminator'] as const) {
      if (trainers[network].state === state[network]) continue;
      await trainers[network].close();
      trainers[network] = await open(network);
    }
  };

  const run = async (images: Float32Array, key: RandomKey, signal: AbortSignal | undefined): Promise<GanStepResult> => {
    await align();
    const latents = (name: string): TensorData => drawLatents(foldIn(key, name), { n, size: latentSize });
    const altered = (prefix: string, name: string): Record<string, TensorData> =>
      drawAugmentation({ kinds, prefix, n, side }, foldIn(key, name));
    const judged = await trainers.discriminator.run(
      {
        [BATCH.images]: float32(images, [n, 3, side, side]),
        [BATCH.latents]: latents('discriminator latents'),
        [BATCH.generator]: float32(state.generator.weights, [gan.generator.size]),
        ...altered('real', 'real alterations'),
        ...altered('fake', 'fake alterations'),
      },
      { signal },
    );
    const sampled = await trainers.generator.run(
      {
        [BATCH.latents]: latents('generator latents'),
        [BATCH.discriminator]: float32(trainers.discriminator.state.weights, [gan.discriminator.size]),
        ...altered('fake', 'generator alterations'),
      },
      { signal },
    );
    state = { generator: trainers.generator.state, discriminator: trainers.discriminator.state };
    return {
      step: sampled.step,
      discriminatorLoss: judged.loss,
      generatorLoss: sampled.loss,
      realLogit: numberOf(judged.outputs, 'realLogit') ?? Number.NaN,
      fakeLogit: numberOf(judged.outputs, 'fakeLogit') ?? Number.NaN,
      penalty: numberOf(judged.outputs, 'penalty'),
    };
  };

  return {
    training,
    get state() {
      return state;
    },
    step: async (images, key, { signal } = {}) => {
      if (images.length !== n * 3 * side * side)
        throw new BiolensError(
          'usage',
          `GAN training: a batch of ${n} images of ${side} × ${side} expected ${n * 3 * side * side} numbers, got ${images.length}`,
        );
      if (running) throw new BiolensError('usage', 'GAN training: the step before has not finished');
      running = true;
      try {
        return await run(images, key, signal);
      } finally {
        running = false;
      }
    },
    checkpoint: () => writeGanCheckpoint(steps, state),
    close: async () => {
      await trainers.generator.close();
      await trainers.discriminator.close();
    },
  };
}
