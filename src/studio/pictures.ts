import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { AnyReport, PictureSet } from '../contracts/index.ts';
import { throwIfAborted } from '../errors.ts';
import { thumbnail } from '../images/index.ts';
import { questionPicturesNamed, questionPicturesToKeep, readQuestionPicture } from './question-pictures.ts';

export interface PictureName {
  readonly set: PictureSet;
  /** As the report names it: a path within the set's folder, or the `pictureName` of a question's picture. */
  readonly file: string;
}

/** How small pictures are made; tests pass their own. */
export type MakeThumbnail = (
  source: string | Uint8Array,
  options: { readonly size: number; readonly blur: boolean },
) => Promise<Uint8Array>;

/** Pictures kept in the frozen report of an audit: of the pairs most alike, and of the first clusters of duplicates. */
export const PICTURE_DEFAULTS = { pairs: 200, clusters: 20, clusterFiles: 8, size: 240 } as const;
/** Pictures read at a time. */
const PARALLEL = 4;

/** The pictures that a report names, by set: no other file is ever read for it. */
export function picturesNamed(report: AnyReport): ReadonlyMap<PictureSet, ReadonlySet<string>> {
  if (report.schema === 'biolens/bench@1') return new Map([['questions', questionPicturesNamed(report)]]);
  if (report.schema !== 'biolens/audit@1') return new Map();
  const { pairs, duplicates } = report.replication;
  return new Map([
    ['generated', new Set(pairs.map(pair => pair.generated))],
    ['training', new Set([...pairs.map(pair => pair.training), ...duplicates.clusters.flatMap(({ files }) => files)])],
  ]);
}

/**
 * A picture, as its path or its bytes, or null when there is none that may be shown: the set is no folder, the file is not there,
 * its real path, after all symbolic links, lies outside the folder that the run recorded, or the benchmark has gone.
 */
export async function findPicture(report: AnyReport, { set, file }: PictureName): Promise<string | Uint8Array | null> {
  if (report.schema === 'biolens/bench@1') return set === 'questions' ? readQuestionPicture(report, file) : null;
  const summary = report.schema === 'biolens/audit@1' && set !== 'questions' ? report.sets[set] : undefined;
  if (summary?.kind !== 'images') return null;
  try {
    const folder = await realpath(summary.source);
    const path = await realpath(resolve(folder, file));
    return path.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? path : null;
  } catch {
    return null;
  }
}

function wanted(report: AnyReport): PictureName[] {
  if (report.schema === 'biolens/bench@1')
    return questionPicturesToKeep(report).map(file => ({ set: 'questions' as const, file }));
  if (report.schema !== 'biolens/audit@1') return [];
  const { pairs, duplicates } = report.replication;
  const names: PictureName[] = [
    ...pairs.slice(0, PICTURE_DEFAULTS.pairs).flatMap(({ generated, training }) => [
      { set: 'generated' as const, file: generated },
      { set: 'training' as const, file: training },
    ]),
    ...duplicates.clusters
      .slice(0, PICTURE_DEFAULTS.clusters)
      .flatMap(({ files }) => files.slice(0, PICTURE_DEFAULTS.clusterFiles))
      .map(file => ({ set: 'training' as const, file })),
  ];
  return [...new Map(names.map(name => [`${name.set}/${name.file}`, name])).values()];
}

export interface CollectPicturesOptions {
  readonly blur?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Small pictures of the pairs most alike and of the duplicates, or of questions, as data URLs by `<set>/<file>`. One that can no longer be read
 * is left out; the page then says that it is missing.
 *
 * @throws BiolensError `interrupted`.
 */
export async function collectPictures(
  report: AnyReport,
  options: CollectPicturesOptions = {},
): Promise<Record<string, string>> {
  const { blur = false, signal, onProgress } = options;
  const names = wanted(report);
  const found: (readonly [string, string] | null)[] = [];
  for (let start = 0; start < names.length; start += PARALLEL) {
    throwIfAborted(signal);
    const some = names.slice(start, start + PARALLEL);
    found.push(...(await Promise.all(some.map(name => readPicture(report, name, blur)))));
    onProgress?.(found.length, names.length);
  }
  return Object.fromEntries(found.filter(entry => entry !== null));
}

async function readPicture(
  report: AnyReport,
  name: PictureName,
  blur: boolean,
): Promise<readonly [string, string] | null> {
  const source = await findPicture(report, name);
  if (source === null) return null;
  const bytes = await thumbnail(source, { size: PICTURE_DEFAULTS.size, blur }).catch(() => null);
  if (bytes === null) return null;
  return [`${name.set}/${name.file}`, `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`];
}
