import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { readSafetensors, writeSafetensors } from '../../../kit/tensor/index.ts';
import { writeFolder } from '../write-folder.ts';
import { ganConfigurationSchema, parseSettings } from './configuration.ts';
import { createGan, type Gan } from './gan.ts';

const CONFIGURATION_FILE = 'gan.json';
const WEIGHTS_FILE = 'generator.safetensors';
/** Files of a generator's folder. */
export const GAN_FILES: readonly string[] = [CONFIGURATION_FILE, WEIGHTS_FILE];

/** A generator that can draw. */
export interface GanModel {
  readonly gan: Gan;
  /** Flat weights of the generator, `gan.generator.size` numbers. */
  readonly weights: Float32Array;
}

/**
 * Writes a generator as a folder: `gan.json` and `generator.safetensors`. The folder is there whole or not at all; a generator that is
 * there already is replaced.
 *
 * @throws {BiolensError} `input` when the folder holds other files, or cannot be written
 */
export async function writeGanFolder(path: string, { gan, weights }: GanModel): Promise<void> {
  await writeFolder(path, {
    [CONFIGURATION_FILE]: `${JSON.stringify(gan.configuration, null, 2)}\n`,
    [WEIGHTS_FILE]: writeSafetensors(gan.generator.toTensors(weights), { format: 'pt' }),
  });
}

/** Whether a folder is one that {@link writeGanFolder} wrote, told by its `gan.json`. */
export async function isGanFolder(path: string): Promise<boolean> {
  return readFile(join(path, CONFIGURATION_FILE)).then(
    () => true,
    () => false,
  );
}

/**
 * Reads a generator back.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong with it
 */
export async function readGanFolder(path: string): Promise<GanModel> {
  const read = async (name: string): Promise<Buffer> => {
    const file = join(path, name);
    return readFile(file).catch(error => {
      throw fileError(file, error);
    });
  };
  const file = join(path, CONFIGURATION_FILE);
  let json: unknown;
  const text = (await read(CONFIGURATION_FILE)).toString('utf8');
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new BiolensError('input', `${file}: not JSON (${messageOf(error)})`, { cause: error });
  }
  const gan = createGan(parseSettings(ganConfigurationSchema, json, { file, code: 'input' }));
  const weightsFile = join(path, WEIGHTS_FILE);
  const { tensors } = readSafetensors(await read(WEIGHTS_FILE), { file: weightsFile });
  return { gan, weights: gan.generator.fromTensors(tensors, { file: weightsFile }) };
}
