import type { AnyReport, PictureSet } from '../../ground/contracts/index.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import { thumbnail } from '../../kit/images/index.ts';
import type { ImageLimits, NamedImage, ReportImages } from '../../kit/job/index.ts';
import { JOBS } from '../jobs.ts';

/** A report and the folder of its run. */
export interface PicturedRun {
  readonly path: string;
  readonly report: AnyReport;
}

/** How small pictures are made; tests pass their own. */
export type MakeThumbnail = (
  source: string | Uint8Array,
  options: { readonly size: number; readonly blur: boolean },
) => Promise<Uint8Array>;

/** Pictures kept in a frozen report: of the pairs most alike, of the first clusters of duplicates, and of samples. */
export const PICTURE_DEFAULTS = {
  pairs: 200,
  clusters: 20,
  clusterFiles: 8,
  samples: 48,
  size: 240,
  sheetSize: 960,
} as const;
/** Pictures read at a time. */
const PARALLEL = 4;

const ALL: ImageLimits = { pairs: Infinity, clusters: Infinity, clusterFiles: Infinity, samples: Infinity };

/** The images of a report, by the job whose it is; null where it has none. */
function imagesOf({ schema }: AnyReport): ReportImages<unknown> | null {
  return JOBS.find(job => job.report.shape.schema.value === schema)?.images ?? null;
}

/** The images that a report names, by set: no other file is ever read for it. */
export function picturesNamed(report: AnyReport): ReadonlyMap<PictureSet, ReadonlySet<string>> {
  const named = new Map<PictureSet, Set<string>>();
  for (const { set, file } of imagesOf(report)?.list(report, ALL) ?? [])
    named.set(set, (named.get(set) ?? new Set()).add(file));
  return named;
}

/**
 * An image, as its path or its bytes, or null when there is none that may be shown: the set is no folder, the file is not there, its real
 * path, after all symbolic links, lies outside the set's or the run's folder, or the benchmark has gone.
 */
export async function findPicture(run: PicturedRun, image: NamedImage): Promise<string | Uint8Array | null> {
  return (await imagesOf(run.report)?.open(run, image)) ?? null;
}

export interface CollectPicturesOptions {
  readonly blur?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Small pictures for a page, as data URLs by `<set>/<file>`: of the pairs most alike and the duplicates of an audit, of questions, of the
 * sheets and samples of a run that makes pictures. One that can no longer be read is left out; the page then says that it is missing.
 *
 * @throws BiolensError `interrupted`.
 */
export async function collectPictures(
  run: PicturedRun,
  options: CollectPicturesOptions = {},
): Promise<Record<string, string>> {
  const { blur = false, signal, onProgress } = options;
  const wanted = imagesOf(run.report)?.list(run.report, PICTURE_DEFAULTS) ?? [];
  const names = [...new Map(wanted.map(name => [`${name.set}/${name.file}`, name])).values()];
  const found: (readonly [string, string] | null)[] = [];
  for (let start = 0; start < names.length; start += PARALLEL) {
    throwIfAborted(signal);
    const some = names.slice(start, start + PARALLEL);
    found.push(...(await Promise.all(some.map(name => readPicture(run, name, blur)))));
    onProgress?.(found.length, names.length);
  }
  return Object.fromEntries(found.filter(entry => entry !== null));
}

async function readPicture(
  run: PicturedRun,
  name: NamedImage,
  blur: boolean,
): Promise<readonly [string, string] | null> {
  const source = await findPicture(run, name);
  if (source === null) return null;
  const size = name.sheet ? PICTURE_DEFAULTS.sheetSize : PICTURE_DEFAULTS.size;
  const bytes = await thumbnail(source, { size, blur }).catch(() => null);
  if (bytes === null) return null;
  return [`${name.set}/${name.file}`, `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`];
}
