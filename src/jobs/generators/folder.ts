import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNotesSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { writeSafetensors } from '../../kit/tensor/index.ts';
import { findModel } from './find-model.ts';
import type { DiffusionModel } from './model.ts';
import { readNoiseSchedule, schedulerClassOf, writeNoiseSchedule } from './noise/scheduler-file.ts';
import { readJson } from './read-json.ts';
import { readWeights, WEIGHTS } from './read-weights.ts';
import { readUNetFile, writeUNetConfig } from './unet/config.ts';
import { unetParameters } from './unet/network.ts';
import { checkReplaceable, writeFolder } from './write-folder.ts';

/** What diffusers' files have no place for. */
const NOTES = 'biolens.json';
/** Files and folders of a model's folder. */
export const MODEL_FILES: readonly string[] = ['model_index.json', 'unet', 'scheduler', NOTES];

/**
 * Reads a model from a folder of diffusers: a pipeline's (`unet/`, `scheduler/`), a checkpoint's (`unet_ema/`), or a bare U-Net's (`config.json` and its
 * weights; the noise is then diffusers' default, or that of a `scheduler_config.json` beside them).
 *
 * Weights of half precision become single precision; variants (`*.fp16.safetensors`), shards with an index and the older names of attention are
 * understood. What was decided on the way is in `warnings`.
 *
 * @throws {BiolensError} `input` naming the file, and the field or tensor.
 */
export async function readModelFolder(folder: string): Promise<DiffusionModel> {
  const { unet, scheduler, warnings } = await findModel(folder);
  const configFile = join(unet, 'config.json');
  const { config, warnings: ofConfig } = readUNetFile(await readJson(configFile), { file: configFile });
  const noise = readNoiseSchedule(scheduler === null ? {} : await readJson(scheduler), { file: scheduler ?? folder });
  const parameters = unetParameters(config);
  const { weights, warnings: ofWeights } = await readWeights(unet, parameters);
  return {
    config,
    noise,
    ...(await readClasses(folder, config.classCount)),
    parameters,
    weights,
    warnings: [...warnings, ...ofConfig, ...ofWeights],
  };
}

/** Names of the classes; where nothing names them, their numbers. */
async function readClasses(
  folder: string,
  count: number | null,
): Promise<Pick<DiffusionModel, 'classes' | 'attribute'>> {
  if (count === null) return { classes: null, attribute: null };
  const file = join(folder, NOTES);
  const isThere = await stat(file).then(Boolean, () => false);
  if (!isThere) return { classes: Array.from({ length: count }, (_, i) => `${i}`), attribute: null };
  const notes = modelNotesSchema.safeParse(await readJson(file));
  if (!notes.success)
    throw new BiolensError('input', `${file}: "${notes.error.issues[0]?.path.join('.')}" is malformed`);
  const { classes, attribute } = notes.data;
  if (classes?.length !== count)
    throw new BiolensError('input', `${file}: "classes" expected ${count} names, got ${classes?.length ?? 'none'}`);
  return { classes, attribute };
}

/**
 * Checks before work that {@link writeModelFolder} can write a folder later.
 *
 * @throws {BiolensError} `input` naming the folder, when it holds something else
 */
export async function checkModelOutput(folder: string): Promise<void> {
  await checkReplaceable(folder, MODEL_FILES);
}

/**
 * Writes a model as a pipeline that diffusers reads. A model that is there already is replaced as a whole.
 *
 * @throws {BiolensError} `input` naming the folder, when it holds something else or cannot be written; nothing half-written is left.
 */
export async function writeModelFolder(folder: string, model: DiffusionModel): Promise<void> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await writeFolder(folder, {
    'model_index.json': json({
      _class_name: 'DDIMPipeline',
      scheduler: ['diffusers', schedulerClassOf(model.noise)],
      unet: ['diffusers', 'UNet2DModel'],
    }),
    'unet/config.json': json(writeUNetConfig(model.config)),
    [`unet/${WEIGHTS}`]: writeSafetensors(model.parameters.toTensors(model.weights), { format: 'pt' }),
    'scheduler/scheduler_config.json': json(writeNoiseSchedule(model.noise)),
    [NOTES]: json({ schema: 'biolens/diffusion-model@1', classes: model.classes, attribute: model.attribute }),
  });
}
