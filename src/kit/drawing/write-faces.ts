import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { explainSystemError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { writeCsv } from '../images/csv.ts';
import { encodeGreyPng, encodePng } from '../images/png.ts';
import { wearCopy } from './copy.ts';
import { checkFaceSize, type RenderedFace, renderFace } from './face.ts';
import { type PlannedFace, type SampleOptions, sampleFaces } from './sample.ts';
import { REGIONS } from './spec.ts';

export interface RenderFacesOptions extends SampleOptions {
  /** Side of the images in pixels, 32 to 256. */
  readonly size: number;
  /** Folder for region masks (grey PNG, a pixel's value is its place in `REGIONS`) and `regions.json`; outside `directory`. */
  readonly masks?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type RenderFacesEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly directory: string; readonly faces: number; readonly duplicates: number };

/** The columns of `labels.csv`, in order. */
export const LABEL_COLUMNS = [
  'file',
  'identity',
  'gender',
  'age_group',
  'age',
  'skin_tone',
  'hair_style',
  'hair_color',
  'expression',
  'yaw',
  'pitch',
  'roll',
  'glasses',
  'duplicate_of',
] as const;

function labelRow({ file, spec, duplicateOf }: PlannedFace): (string | number | null)[] {
  return [
    file,
    spec.identity + 1,
    spec.gender,
    spec.ageGroup,
    spec.age,
    spec.skinTone,
    spec.hairStyle,
    spec.hairColour,
    spec.expression,
    spec.yaw,
    spec.pitch,
    spec.roll,
    spec.glasses,
    duplicateOf,
  ];
}

/** Draws one image of a plan; a copy as what became of the image that it copies. */
export function renderPlanned(planned: PlannedFace, options: { readonly size: number }): RenderedFace {
  const face = renderFace(planned.spec, options);
  return planned.duplicateOf === null ? face : wearCopy(face, planned.key);
}

const inputError = (path: string, why: string, cause?: unknown): BiolensError =>
  new BiolensError('input', `${path}: ${why}`, { details: { file: path }, cause });

/** A new folder takes the place of one that is not there, or is empty, and of no other. */
async function checkFree(directory: string): Promise<void> {
  const entries = await readdir(directory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw inputError(directory, explainSystemError(error), error);
  });
  if (entries.length > 0) throw inputError(directory, 'has files in it already; name a new or an empty folder');
}

async function makeNeighbour(directory: string): Promise<string> {
  const neighbour = `${directory}.${randomBytes(6).toString('hex')}.part`;
  await mkdir(dirname(directory), { recursive: true });
  await mkdir(neighbour);
  return neighbour;
}

/** Images that are encoded and written at a time. */
const WRITTEN_AT_A_TIME = 8;

interface Target {
  readonly pictures: string;
  readonly masks: string | null;
}

async function writeFace(planned: PlannedFace, target: Target, size: number): Promise<void> {
  const { image, mask } = renderPlanned(planned, { size });
  await writeFile(join(target.pictures, planned.file), await encodePng(image));
  if (target.masks === null) return;
  await writeFile(join(target.masks, planned.file), await encodeGreyPng({ ...image, data: mask }));
}

async function* writeAll(
  plan: readonly PlannedFace[],
  target: Target,
  options: RenderFacesOptions,
): AsyncGenerator<RenderFacesEvent> {
  for (let start = 0; start < plan.length; start += WRITTEN_AT_A_TIME) {
    throwIfAborted(options.signal);
    const batch = plan.slice(start, start + WRITTEN_AT_A_TIME);
    await Promise.all(batch.map(planned => writeFace(planned, target, options.size)));
    yield { type: 'progress', done: start + batch.length, total: plan.length };
  }
  await writeCsv(join(target.pictures, 'labels.csv'), { columns: LABEL_COLUMNS, rows: plan.map(labelRow) });
  if (target.masks !== null) await writeFile(join(target.masks, 'regions.json'), `${JSON.stringify(REGIONS)}\n`);
}

/**
 * Draws a set of faces (see `sampleFaces`) into a new folder: PNG images and `labels.csv`, whose columns are
 * `LABEL_COLUMNS`. The same options give the same bytes on every machine. The folder appears when it is complete: what is
 * interrupted or fails leaves nothing behind.
 *
 * @throws BiolensError `usage` naming an option out of range; `input` naming a folder that has files in it or cannot be
 *   written; `interrupted`.
 */
export async function* renderFaces(directory: string, options: RenderFacesOptions): AsyncGenerator<RenderFacesEvent> {
  checkFaceSize(options.size);
  const plan = sampleFaces(options);
  const home = resolve(directory);
  const masksHome = options.masks === undefined ? null : resolve(options.masks);
  if (masksHome !== null && !relative(home, masksHome).startsWith('..')) {
    throw new BiolensError('usage', `"masks" expected a folder outside ${directory}, where they would count as images`);
  }
  const made: string[] = [];
  try {
    for (const folder of [home, masksHome]) {
      if (folder === null) continue;
      await checkFree(folder);
      made.push(await makeNeighbour(folder));
    }
    const [pictures = '', masks = null] = made;
    yield* writeAll(plan, { pictures, masks }, options);
    throwIfAborted(options.signal);
    // Masks first: whoever sees the images can rely on their masks.
    if (masks !== null && masksHome !== null) await rename(masks, masksHome);
    await rename(pictures, home);
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw inputError(directory, `cannot be written (${explainSystemError(error, 'write')})`, error);
  } finally {
    for (const folder of made) await rm(folder, { recursive: true, force: true });
  }
  const duplicates = plan.filter(({ duplicateOf }) => duplicateOf !== null).length;
  yield { type: 'result', directory, faces: plan.length, duplicates };
}
