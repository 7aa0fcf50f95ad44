import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratorKind } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { Runtime } from '../../../kit/tensor/index.ts';
import { isOnnxGenerator, openOnnxGenerator } from '../outside/onnx-generator.ts';
import { DIFFUSION } from './diffusion.ts';
import { GAN } from './gan.ts';
import type { GeneratorFamily, GeneratorSampler, SamplingSettings } from './kind.ts';

/** Every kind of generator there is. */
export const GENERATORS: Readonly<Record<GeneratorKind, GeneratorFamily>> = { gan: GAN, diffusion: DIFFUSION };

/**
 * Opens a generator's folder, of whichever kind, the folder of the run that trained one, or an ONNX model with its card.
 *
 * @throws {BiolensError} `input` naming the folder or the file that is wrong.
 */
export async function openGenerator(
  runtime: Runtime,
  folder: string,
  sampling: SamplingSettings,
): Promise<GeneratorSampler> {
  if (isOnnxGenerator(folder)) return openOnnxGenerator(runtime, folder);
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
      ? `${folder}: no generator (expected a folder of diffusers, a GAN's, a run that trained one, or an .onnx file)`
      : `${folder}: no such file or folder`,
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
