import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { readJson } from './read-json.ts';

/** Where the parts of a model are. */
export interface ModelPlaces {
  /** Folder of the U-Net's configuration and weights. */
  readonly unet: string;
  /** The scheduler's configuration; null: there is none. */
  readonly scheduler: string | null;
  readonly warnings: readonly string[];
}

/** Pipelines of diffusers whose U-Net makes images itself. */
const PIPELINES: readonly string[] = ['DDPMPipeline', 'DDIMPipeline'];
const indexSchema = z.record(z.string(), z.unknown());
const componentSchema = z.tuple([z.string().nullable(), z.string().nullable()]);
/** Networks that turn images into latents and back. */
const isDecoder = (name: string): boolean => name === 'VQModel' || name.startsWith('Autoencoder');

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function refuseLatent(folder: string, what: string): BiolensError {
  return new BiolensError(
    'input',
    `${folder}: a latent model (${what}): its U-Net makes latents, not images, and biolens has no decoder for them; generate images with diffusers and audit those`,
    { details: { file: folder } },
  );
}

/** Refuses what a pipeline's `model_index.json` says biolens does not do. */
async function checkPipeline(folder: string): Promise<void> {
  const file = join(folder, 'model_index.json');
  if (await exists(file)) {
    const parsed = indexSchema.safeParse(await readJson(file));
    if (!parsed.success) throw new BiolensError('input', `${file}: expected a JSON object`, { details: { file } });
    const { _class_name: name, ...parts } = parsed.data;
    for (const [part, value] of Object.entries(parts)) {
      const component = componentSchema.safeParse(value);
      if (component.success && component.data[1] !== null && isDecoder(component.data[1]))
        throw refuseLatent(folder, `${JSON.stringify(name)} with "${part}"`);
    }
    if (name !== undefined && !(typeof name === 'string' && PIPELINES.includes(name)))
      throw new BiolensError(
        'input',
        `${file}: "_class_name" expected ${PIPELINES.join(' or ')}, got ${JSON.stringify(name)}`,
        { details: { file, field: '_class_name' } },
      );
  }
  for (const name of ['vqvae', 'vae', 'movq', 'vqgan', 'decoder'])
    if (await exists(join(folder, name, 'config.json'))) throw refuseLatent(folder, `with "${name}"`);
}

const configOf = (folder: string): string => join(folder, 'config.json');

/**
 * Finds the parts of a model in a folder of diffusers: a pipeline (`unet/`, `scheduler/`), a checkpoint of `accelerate` (`checkpoint-N` with `unet/`,
 * `unet_ema/`), or a bare U-Net. Of `unet` and `unet_ema`, the moving average of the weights, the average is taken, as diffusers' training scripts do
 * when they sample.
 *
 * @throws {BiolensError} `input` naming the folder or file: no model, or one that makes latents
 */
export async function findModel(folder: string): Promise<ModelPlaces> {
  const above = dirname(resolve(folder));
  const [hasUnet, hasAverage, isBare] = await Promise.all(
    [join(folder, 'unet'), join(folder, 'unet_ema'), folder].map(async place => exists(configOf(place))),
  );
  await checkPipeline(folder);
  if (hasUnet || hasAverage) {
    const part = hasAverage ? 'unet_ema' : 'unet';
    const isCheckpoint = /^checkpoint-\d{1,12}$/.test(basename(folder));
    const places = [folder, ...(isCheckpoint ? [above] : [])].map(place =>
      join(place, 'scheduler', 'scheduler_config.json'),
    );
    const scheduler = await firstThat(places);
    return {
      unet: join(folder, part),
      scheduler,
      warnings: [
        ...(hasAverage ? [`unet_ema, the moving average of the weights, is taken${hasUnet ? ', not unet' : ''}`] : []),
        ...(scheduler === null ? [NO_SCHEDULER] : []),
      ],
    };
  }
  if (!isBare) throw await nothingIn(folder);
  // A U-Net given by itself may be part of a pipeline of latents.
  if (/^unet(_ema)?$/.test(basename(resolve(folder)))) await checkPipeline(above);
  const scheduler = await firstThat([join(folder, 'scheduler_config.json')]);
  return { unet: folder, scheduler, warnings: scheduler === null ? [NO_SCHEDULER] : [] };
}

const NO_SCHEDULER = "no scheduler_config.json: the noise is taken to be diffusers' default (linear, predicts noise)";

async function firstThat(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) if (await exists(path)) return path;
  return null;
}

async function nothingIn(folder: string): Promise<BiolensError> {
  const names = await readdir(folder).catch(() => []);
  const checkpoints = names.filter(name => /^checkpoint-\d{1,12}$/.test(name)).sort();
  const hint = checkpoints.length === 0 ? '' : `; it holds ${checkpoints.slice(0, 5).join(', ')}: name one of them`;
  return new BiolensError(
    'input',
    `${folder}: no model of diffusers (expected unet/config.json, unet_ema/config.json or config.json${hint})`,
    { details: { file: folder } },
  );
}

/** Whether a folder looks like a model of diffusers. */
export async function looksLikeModel(folder: string): Promise<boolean> {
  const found = await Promise.all(
    [join(folder, 'unet'), join(folder, 'unet_ema'), folder].map(place => exists(configOf(place))),
  );
  return found.includes(true);
}
