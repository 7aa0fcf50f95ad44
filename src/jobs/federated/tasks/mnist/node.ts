import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { fileError } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';
import { SIDE } from '../models.ts';
import { type Digits, joinDigits, MOST_DIGITS, readIdx } from './idx.ts';

const MOST_BYTES = 16 + MOST_DIGITS * SIDE * SIDE;

/** A published file, compressed or not. */
async function findFile(folder: string, name: string): Promise<string> {
  for (const path of [`${name}.gz`, name].map(file => join(folder, file)))
    if ((await stat(path).catch(() => null))?.isFile()) return path;
  throw new BiolensError(
    'input',
    `${join(folder, name)}.gz: not there; "data" expected a folder with the four IDX files of MNIST`,
  );
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new BiolensError('input', `${path}: ${size} bytes, expected at most ${MOST_BYTES}`);
    const bytes = await readFile(path);
    return path.endsWith('.gz') ? await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES }) : bytes;
  } catch (error) {
    throw fileError(path, error);
  }
}

export interface Mnist {
  readonly training: Digits;
  readonly test: Digits;
  readonly files: readonly string[];
}

/**
 * Reads MNIST from its four IDX files, compressed or not.
 *
 * @throws {BiolensError} `input` naming the file that is missing or wrong
 */
export async function readMnist(folder: string): Promise<Mnist> {
  const files: string[] = [];
  const half = async (name: string): Promise<Digits> => {
    const images = await findFile(folder, `${name}-images-idx3-ubyte`);
    const labels = await findFile(folder, `${name}-labels-idx1-ubyte`);
    files.push(images, labels);
    return joinDigits(
      readIdx(await readWhole(images), 'images', images),
      readIdx(await readWhole(labels), 'labels', labels),
      folder,
    );
  };
  return { training: await half('train'), test: await half('t10k'), files };
}
