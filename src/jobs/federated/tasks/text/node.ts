import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../../../ground/disk.ts';
import { BiolensError } from '../../../../ground/errors.ts';

const MOST_BYTES = 100e6;

/** @throws {BiolensError} `input` naming the file and what is wrong */
export async function readTextFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) throw new BiolensError('input', `${path}: ${size} bytes, expected at most ${MOST_BYTES}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) throw new BiolensError('input', `${path}: not a text in UTF-8`);
    throw fileError(path, error);
  }
}

/** The text of a folder: the one file in it whose name ends in `.txt`. */
export async function findText(folder: string): Promise<string> {
  const names = await readdir(folder).catch(error => {
    throw fileError(folder, error);
  });
  const texts = names.filter(name => name.toLowerCase().endsWith('.txt'));
  const [only, ...more] = texts;
  if (only === undefined || more.length > 0)
    throw new BiolensError('input', `${folder}: ${texts.length} files in .txt, expected one, a play`);
  return join(folder, only);
}
