import { mkdir, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { runCommand, splitCommand } from '../../../kit/commands/index.ts';
import { type ImageFile, listImages } from '../../../kit/images/index.ts';

/** Between two looks at how many images there are. */
const LOOK_MS = 1000;

/** A command that generates images, as its user wrote it: in words, with `{n}`, `{seed}` and `{dir}` where they belong. */
export interface SampleCommand {
  readonly text: string;
  readonly words: readonly string[];
  /** Whether it is told a seed; else every call may make what it likes. */
  readonly seeded: boolean;
}

/**
 * Reads a command that generates images: `python sample.py --n {n} --seed {seed} --out {dir}`.
 *
 * @throws {BiolensError} `usage` as `splitCommand`, and where `{n}` or `{dir}` is missing
 */
export function parseSampleCommand(text: string): SampleCommand {
  const words = splitCommand(text);
  for (const [place, what] of [
    ['{n}', 'the number of images'],
    ['{dir}', 'the folder that they go to'],
  ] as const)
    if (!words.some(word => word.includes(place)))
      throw new BiolensError('usage', `command: ${place}, ${what}, is missing in ${JSON.stringify(text)}`);
  return { text, words, seeded: words.some(word => word.includes('{seed}')) };
}

export interface SampleCall {
  /** New folder for the images. */
  readonly folder: string;
  readonly n: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Images in a folder and below it; none where the folder cannot be read. */
export async function imagesIn(folder: string): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  try {
    for await (const file of listImages(folder)) files.push(file);
  } catch (error) {
    if (!(error instanceof BiolensError)) throw error;
  }
  return files;
}

/**
 * Lets a command generate images into a folder that appears when the command has ended well and all of them are there; see `runCommand` for what ends it.
 *
 * @returns after yielding how many images there are, now and then
 * @throws {BiolensError} as `runCommand`; `external` when it made fewer images than asked, or more
 */
export async function* callSampleCommand(
  { words }: SampleCommand,
  { folder, n, seed, signal }: SampleCall,
): AsyncGenerator<{ readonly done: number; readonly total: number }, void> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true, mode: 0o700 }).catch(error => {
    throw fileError(part, error, 'write');
  });
  const values: Readonly<Record<string, string>> = { '{n}': String(n), '{seed}': String(seed), '{dir}': part };
  const filled = words.map(word => word.replace(/\{(?:n|seed|dir)\}/g, place => values[place] ?? place));
  const running = runCommand(filled, { signal }).then(
    () => ({ error: null }),
    (error: unknown) => ({ error }),
  );
  const looks = new AbortController();
  try {
    for (;;) {
      const looked = sleep(LOOK_MS, null, { signal: looks.signal }).catch(() => null);
      const ending = await Promise.race([running, looked]);
      if (ending !== null) {
        if (ending.error !== null) throw ending.error;
        break;
      }
      yield { done: Math.min(n, (await imagesIn(part)).length), total: n };
    }
  } finally {
    looks.abort();
    await running;
  }
  const made = (await imagesIn(part)).length;
  if (made !== n)
    throw new BiolensError(
      'external',
      `${words[0]}: made ${made} ${made === 1 ? 'image' : 'images'} in {dir}, asked for ${n}${made > n ? '; what is no sample, such as a sheet, must go elsewhere' : ''}`,
    );
  await rename(part, folder);
  yield { done: n, total: n };
}
