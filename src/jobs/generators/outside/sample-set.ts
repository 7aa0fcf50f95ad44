import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../../ground/disk.ts';
import { imagesIn, type SampleCall } from './sample-command.ts';

export interface SampleSetOptions extends Omit<SampleCall, 'folder' | 'seed'> {
  /** Folder of the finished set. */
  readonly target: string;
  /** Folder for the work until then. */
  readonly work: string;
  /** Images a call; a call that is over is not made again. */
  readonly perCall: number;
  readonly seed: number;
}

/** Makes a part of a set: images `first` … `first + n − 1` into a folder that appears when they are all there. */
export type MakePart = (
  call: SampleCall & { readonly first: number },
) => AsyncGenerator<{ readonly done: number; readonly total: number }, void>;

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Moves the images of finished parts into one folder, by names in the order of the parts. */
async function gather(parts: readonly string[], { work, target }: Pick<SampleSetOptions, 'work' | 'target'>) {
  const gathered = join(work, 'all');
  await mkdir(gathered, { recursive: true, mode: 0o700 });
  for (const part of parts) {
    for (const { file, path } of await imagesIn(join(work, part))) {
      // Folders within become a part of the name: a folder for each class would say labels.
      const flat = encodeURIComponent(file);
      await rename(path, join(gathered, parts.length === 1 ? flat : `${part.slice('part-'.length)}-${flat}`));
    }
  }
  await rename(gathered, target);
  await rm(work, { recursive: true, force: true });
}

/**
 * Generates a set of images part by part into one folder, which appears when it is complete. What an earlier process finished is not made again. Part k, from
 * 0, has the seed `seed + k`.
 *
 * @throws what `make` throws; {BiolensError} `external` when the disk refuses
 */
export async function* makeSampleSet(
  make: MakePart,
  { target, work, n, perCall, seed, signal }: SampleSetOptions,
): AsyncGenerator<{ readonly done: number; readonly total: number }, void> {
  if (await isThere(target)) return;
  const count = Math.ceil(n / perCall);
  const digits = String(count).length;
  const parts = Array.from({ length: count }, (_, k) => `part-${String(k + 1).padStart(digits, '0')}`);
  for (const [k, part] of parts.entries()) {
    const first = k * perCall;
    const folder = join(work, part);
    if (await isThere(folder)) continue;
    const making = make({ folder, first, n: Math.min(perCall, n - first), seed: seed + k, signal });
    for await (const { done } of making) yield { done: first + done, total: n };
  }
  await gather(parts, { work, target }).catch(error => {
    throw fileError(target, error, 'write');
  });
}
