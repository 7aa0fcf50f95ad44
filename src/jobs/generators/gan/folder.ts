import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TensorData, writeSafetensors } from '../../../kit/tensor/index.ts';
import { openTensorFile } from '../../../kit/tensor/node.ts';
import { readJson } from '../read-json.ts';
import { writeFolder } from '../write-folder.ts';
import { ganConfigurationSchema, parseSettings } from './configuration.ts';
import { createGan, type Gan } from './gan.ts';

const CONFIGURATION_FILE = 'gan.json';
const WEIGHTS_FILE = 'generator.safetensors';
/** Files of a generator's folder. */
export const GAN_FILES: readonly string[] = [CONFIGURATION_FILE, WEIGHTS_FILE];

/** A generator that can sample. */
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

/** Whether {@link writeGanFolder} wrote a folder: it holds a `gan.json`. */
export async function isGanFolder(path: string): Promise<boolean> {
  return stat(join(path, CONFIGURATION_FILE)).then(
    found => found.isFile(),
    () => false,
  );
}

/**
 * Reads a generator back.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong with it
 */
export async function readGanFolder(path: string): Promise<GanModel> {
  const file = join(path, CONFIGURATION_FILE);
  const json = await readJson(file);
  const gan = createGan(parseSettings(ganConfigurationSchema, json, { file, code: 'input' }));
  const weightsFile = join(path, WEIGHTS_FILE);
  const source = await openTensorFile(weightsFile);
  try {
    gan.generator.checkTensors(source.entries, { file: weightsFile, dtypes: ['float32'] });
    const tensors: Record<string, TensorData> = {};
    for (const entry of source.entries) tensors[entry.name] = await source.read(entry);
    return { gan, weights: gan.generator.fromTensors(tensors, { file: weightsFile }) };
  } finally {
    await source.close();
  }
}
