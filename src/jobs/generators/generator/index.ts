import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratorKind } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Runtime } from '../../../kit/tensor/index.ts';
import { DIFFUSION } from './diffusion.ts';
import { GAN } from './gan.ts';
import type { GeneratorFamily, GeneratorSampler, SamplingSettings } from './kind.ts';

/** Every kind of generator there is. */
export const GENERATORS: Readonly<Record<GeneratorKind, GeneratorFamily>> = { gan: GAN, diffusion: DIFFUSION };

/**
 * Opens a generator's folder, of whichever kind, or the folder of the run that trained one.
 *
 * @throws {BiolensError} `input` naming the folder or the file that is wrong.
 */
export async function openGenerator(
  runtime: Runtime,
  folder: string,
  sampling: SamplingSettings,
): Promise<GeneratorSampler> {
  const ofRun = join(folder, 'artifacts', 'model');
  for (const candidate of [folder, ofRun]) {
    for (const family of Object.values(GENERATORS))
      if (await family.recognises(candidate)) return family.openSampler(runtime, candidate, sampling);
  }
  const there = await stat(folder).then(
    () => true,
    () => false,
  );
  throw new BiolensError(
    'input',
    there
      ? `${folder}: no generator (expected a folder of diffusers, a GAN's, or a run that trained one)`
      : `${folder}: no such folder`,
    { details: { file: folder } },
  );
}

export type {
  DrawRequest,
  GeneratorBatch,
  GeneratorFamily,
  GeneratorSampler,
  GeneratorSettings,
  GeneratorTrainer,
  SamplingSettings,
  TrainerRequest,
} from './kind.ts';
