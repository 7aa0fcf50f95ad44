import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import {
  readSafetensors,
  readTrainingState,
  type TrainingState,
  type TrainingStep,
  writeSafetensors,
  writeTrainingState,
} from '../../../kit/tensor/index.ts';

/** All that training changes: both networks, their optimisers, the generator's average. */
export interface GanState {
  readonly generator: TrainingState;
  readonly discriminator: TrainingState;
}

/** The training steps of the two networks. */
export interface GanSteps {
  readonly generator: TrainingStep;
  readonly discriminator: TrainingStep;
}

const SCHEMA = 'biolens/gan-checkpoint@1';
const NETWORKS = ['generator', 'discriminator'] as const;
const metadataSchema = z.object({ schema: z.literal(SCHEMA) });

/** Writes both states as one file, so that they never come from different steps: a safetensors file that holds two. */
export function writeGanCheckpoint(steps: GanSteps, state: GanState): Uint8Array {
  const files = NETWORKS.map(name => {
    const data = writeTrainingState(steps[name], state[name]);
    return [name, { dtype: 'uint8', shape: [data.length], data }] as const;
  });
  return writeSafetensors(Object.fromEntries(files), { schema: SCHEMA });
}

/**
 * Reads both states back, exactly.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong with it
 */
export function readGanCheckpoint(
  steps: GanSteps,
  bytes: Uint8Array,
  { file = 'checkpoint' }: { readonly file?: string } = {},
): GanState {
  const { tensors, metadata } = readSafetensors(bytes, { file });
  if (!metadataSchema.safeParse(metadata).success)
    throw new BiolensError('input', `${file}: not a checkpoint of a GAN that biolens has written`);
  const [generator, discriminator] = NETWORKS.map(name => {
    const inner = tensors[name];
    if (inner?.dtype !== 'uint8') throw new BiolensError('input', `${file}: the state of the ${name} is missing`);
    return readTrainingState(steps[name], inner.data, { file: `${file}, ${name}` });
  });
  if (generator!.step !== discriminator!.step)
    throw new BiolensError(
      'input',
      `${file}: the generator is at step ${generator!.step}, the discriminator at ${discriminator!.step}`,
    );
  return { generator: generator!, discriminator: discriminator! };
}
