import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileError, removeTemporaryFiles } from '../../../ground/disk.ts';
import type { Run } from '../../../kit/runs/index.ts';

const FOLDER = 'checkpoints';
const NAME = /^step-(\d{9})\.safetensors$/;
/** The newest, and the one before it should the newest be damaged. */
const KEPT = 2;

const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}.safetensors`;

/** Checkpoints of a run, newest first. */
async function listCheckpoints(run: Pick<Run, 'artifactPath'>): Promise<{ step: number; path: string }[]> {
  const folder = await run.artifactPath(FOLDER);
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw fileError(folder, error);
  });
  return names
    .flatMap(name => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [{ step: Number(step), path: join(folder, name) }];
    })
    .sort((a, b) => b.step - a.step);
}

/** Keeps a state of training, and the one before it. */
export async function keepCheckpoint(
  run: Pick<Run, 'artifactPath' | 'writeArtifact'>,
  { step, bytes }: { readonly step: number; readonly bytes: Uint8Array },
): Promise<void> {
  await run.writeArtifact(`${FOLDER}/${nameOf(step)}`, bytes);
  for (const { path } of (await listCheckpoints(run)).slice(KEPT)) await rm(path, { force: true });
}

/** The newest checkpoint of a run, and what may be done if it is damaged; null when there is none. */
export async function newestCheckpoint(
  run: Pick<Run, 'artifactPath'>,
): Promise<{ readonly bytes: Uint8Array; readonly file: string; readonly remedy: string } | null> {
  await removeTemporaryFiles(await run.artifactPath(FOLDER));
  const [newest, before] = await listCheckpoints(run);
  if (newest === undefined) return null;
  const bytes = await readFile(newest.path).catch((error: unknown) => {
    throw fileError(newest.path, error);
  });
  const remedy =
    before === undefined
      ? 'remove it to begin again'
      : `remove it to resume from ${basename(before.path, '.safetensors')}, the one before`;
  return { bytes: new Uint8Array(bytes), file: newest.path, remedy };
}

/** Removes the checkpoints of a run that is done: it has its model. */
export async function dropCheckpoints(run: Pick<Run, 'artifactPath'>): Promise<void> {
  await rm(await run.artifactPath(FOLDER), { recursive: true, force: true });
}
