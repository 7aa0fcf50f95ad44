import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { modelNotesSchema } from '../../ground/contracts/index.ts';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  elementsToFloat32,
  float32,
  readSafetensors,
  type TensorData,
  writeSafetensors,
} from '../../kit/tensor/index.ts';
import type { DiffusionModel } from './model.ts';
import { readNoiseSchedule, writeNoiseSchedule } from './noise/schedule.ts';
import { readUNetConfig, writeUNetConfig } from './unet/config.ts';
import { unetParameters } from './unet/network.ts';
import { writeFolder } from './write-folder.ts';

const WEIGHTS = 'diffusion_pytorch_model.safetensors';
/** What diffusers' files have no place for. */
const NOTES = 'biolens.json';
/** Files and folders of a model's folder. */
export const MODEL_FILES: readonly string[] = ['model_index.json', 'unet', 'scheduler', NOTES];

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, error);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BiolensError('input', `${path}: not JSON (${messageOf(error)})`, { details: { file: path } });
  }
}

/** Names that attention had before diffusers 0.17. */
const OLD_NAMES: readonly (readonly [RegExp, string])[] = [
  [/(\.attentions\.\d+)\.query\./, '$1.to_q.'],
  [/(\.attentions\.\d+)\.key\./, '$1.to_k.'],
  [/(\.attentions\.\d+)\.value\./, '$1.to_v.'],
  [/(\.attentions\.\d+)\.proj_attn\./, '$1.to_out.0.'],
];

function modernise(name: string): string {
  return OLD_NAMES.reduce((known, [old, now]) => known.replace(old, now), name);
}

function asFloat32(tensor: TensorData): TensorData {
  if (tensor.dtype !== 'float16') return tensor;
  const bytes = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  return float32(elementsToFloat32(bytes, { type: 'f2', littleEndian: true, bytesPerElement: 2 }), tensor.shape);
}

async function readWeights(folder: string): Promise<{ file: string; tensors: Record<string, TensorData> }> {
  const file = join(folder, WEIGHTS);
  if (!(await exists(file)) && (await exists(join(folder, 'diffusion_pytorch_model.bin'))))
    throw new BiolensError(
      'input',
      `${folder}: holds only diffusion_pytorch_model.bin, which can run code; save it as safetensors with diffusers first`,
    );
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, error);
  });
  const { tensors } = readSafetensors(bytes, { file });
  return {
    file,
    tensors: Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [modernise(name), asFloat32(tensor)])),
  };
}

/**
 * Reads a model from a folder of diffusers: a pipeline's (`unet/`, `scheduler/`) or a bare U-Net's (`config.json` and its weights; the noise
 * is then diffusers' default, or that of a `scheduler_config.json` beside them).
 *
 * Weights of half precision become single precision; the older names of attention are understood.
 *
 * @throws {BiolensError} `input` naming the file, and the field or tensor.
 */
export async function readModelFolder(folder: string): Promise<DiffusionModel> {
  const isPipeline = await exists(join(folder, 'unet'));
  const unet = isPipeline ? join(folder, 'unet') : folder;
  const configFile = join(unet, 'config.json');
  if (!isPipeline && !(await exists(configFile)))
    throw new BiolensError('input', `${folder}: no model of diffusers (expected unet/config.json or config.json)`, {
      details: { file: folder },
    });
  const config = readUNetConfig(await readJson(configFile), { file: configFile });
  const scheduleFile = join(folder, ...(isPipeline ? ['scheduler'] : []), 'scheduler_config.json');
  const noise = readNoiseSchedule((await exists(scheduleFile)) ? await readJson(scheduleFile) : {}, {
    file: scheduleFile,
  });
  const parameters = unetParameters(config);
  const { file, tensors } = await readWeights(unet);
  const weights = parameters.fromTensors(tensors, { file });
  const broken = weights.findIndex(weight => !Number.isFinite(weight));
  if (broken >= 0) {
    const { name } = parameters.list.findLast(({ offset }) => offset <= broken)!;
    throw new BiolensError('input', `${file}: tensor "${name}" holds ${weights[broken]}`, { details: { file } });
  }
  return { config, noise, ...(await readClasses(folder, config.classCount)), parameters, weights };
}

/** Names of the classes; where nothing names them, their numbers. */
async function readClasses(
  folder: string,
  count: number | null,
): Promise<Pick<DiffusionModel, 'classes' | 'attribute'>> {
  if (count === null) return { classes: null, attribute: null };
  const file = join(folder, NOTES);
  if (!(await exists(file))) return { classes: Array.from({ length: count }, (_, i) => `${i}`), attribute: null };
  const notes = modelNotesSchema.safeParse(await readJson(file));
  if (!notes.success)
    throw new BiolensError('input', `${file}: "${notes.error.issues[0]?.path.join('.')}" is malformed`);
  const { classes, attribute } = notes.data;
  if (classes?.length !== count)
    throw new BiolensError('input', `${file}: "classes" expected ${count} names, got ${classes?.length ?? 'none'}`);
  return { classes, attribute };
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
      scheduler: ['diffusers', 'DDIMScheduler'],
      unet: ['diffusers', 'UNet2DModel'],
    }),
    'unet/config.json': json(writeUNetConfig(model.config)),
    [`unet/${WEIGHTS}`]: writeSafetensors(model.parameters.toTensors(model.weights), { format: 'pt' }),
    'scheduler/scheduler_config.json': json(writeNoiseSchedule(model.noise)),
    [NOTES]: json({ schema: 'biolens/diffusion-model@1', classes: model.classes, attribute: model.attribute }),
  });
}
