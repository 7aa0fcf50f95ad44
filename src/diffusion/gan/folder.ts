import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError, syncFolder, writeAtomically } from '../../disk.ts';
import { BiolensError, messageOf } from '../../errors.ts';
import { readSafetensors, writeSafetensors } from '../../tensor/index.ts';
import { ganConfigurationSchema, parseSettings } from './configuration.ts';
import { createGan, type Gan } from './gan.ts';

const CONFIGURATION_FILE = 'gan.json';
const WEIGHTS_FILE = 'generator.safetensors';

/** A generator that can draw. */
export interface GanModel {
  readonly gan: Gan;
  /** Flat weights of the generator, `gan.generator.size` numbers. */
  readonly weights: Float32Array;
}

/**
 * Writes a generator as a folder: `gan.json` and `generator.safetensors`. The folder is there whole or not at all.
 *
 * @throws {BiolensError} `input` when the folder exists or cannot be written
 */
export async function writeGanFolder(path: string, { gan, weights }: GanModel): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  const tensors = writeSafetensors(gan.generator.toTensors(weights), { format: 'pt' });
  try {
    await mkdir(dirname(path), { recursive: true });
    await rm(temporary, { recursive: true, force: true });
    await mkdir(temporary);
    await writeAtomically(join(temporary, CONFIGURATION_FILE), `${JSON.stringify(gan.configuration, null, 2)}\n`);
    await writeAtomically(join(temporary, WEIGHTS_FILE), tensors);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    const occupied =
      error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
    if (occupied) throw new BiolensError('input', `${path}: exists already`, { cause: error });
    throw fileError(path, error, 'write');
  }
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
