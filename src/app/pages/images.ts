import { resolve } from 'node:path';
import type { AnyReport, PictureSet } from '../../ground/contracts/index.ts';
import { isInside } from '../../ground/disk.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import { thumbnail } from '../../kit/images/index.ts';
import { fieldsOf, type ImageLimits, type Job, type NamedImage, READ_PATHS, valueAt } from '../../kit/job/index.ts';
import { JOBS } from '../jobs.ts';

/** A report, the folder of its run, and what of the disk may be shown with it. */
export interface ReportOfRun {
  readonly path: string;
  readonly report: AnyReport;
  /** As `run.json` has it: images of a set are read only from a folder that it names. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Folders from which images may be read, beside the run's own. */
  readonly roots: readonly string[];
}

/** How small images are made; tests pass their own. */
export type MakeThumbnail = (
  source: string | Uint8Array,
  options: { readonly size: number; readonly blur: boolean },
) => Promise<Uint8Array>;

/** Images kept in a frozen report: of the pairs most alike, of the first clusters of duplicates, and of samples. */
export const PAGE_IMAGES = {
  pairs: 200,
  clusters: 20,
  clusterFiles: 8,
  samples: 48,
  size: 240,
  sheetSize: 960,
} as const;
/** Images read at a time. */
const PARALLEL = 4;

const ALL: ImageLimits = { pairs: Infinity, clusters: Infinity, clusterFiles: Infinity, samples: Infinity };

/** The job that wrote a report. */
const jobOf = ({ schema }: AnyReport): Job | undefined => JOBS.find(job => job.report.shape.schema.value === schema);

const imagesOf = (report: AnyReport): Job['images'] | null => jobOf(report)?.images ?? null;

/** All paths that a configuration names for reading, absolute. */
export function pathsRead(job: Pick<Job, 'configuration'>, configuration: Readonly<Record<string, unknown>>): string[] {
  return fieldsOf(job.configuration).flatMap(({ path, meta }) => {
    if (meta.is === undefined || !READ_PATHS.includes(meta.is)) return [];
    const value = valueAt(configuration, path);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.flatMap(one => (typeof one === 'string' && !meta.words?.includes(one) ? [resolve(one)] : []));
  });
}

/**
 * Why no image of a set may be read; null where they may.
 *
 * Adversary: whoever made the run's folder. Its report and its configuration can name any folder of this disk, so a set is opened only where
 * both name the same one and the caller has allowed it.
 */
async function whyWithheld({ report, configuration, roots }: ReportOfRun, set: PictureSet): Promise<string | null> {
  const job = jobOf(report);
  const source = job?.images?.sourceOf(report, set) ?? null;
  if (set === 'run' || job === undefined || source === null) return null;
  if (!pathsRead(job, configuration).includes(resolve(source)))
    return 'not shown: the run’s configuration names another folder';
  return (await isInside(source, roots)) ? null : 'not shown: its folder lies outside those that may be read (--root)';
}

/** Sets whose images the report names but which may not be read, with the reason. */
export async function imagesWithheld(run: ReportOfRun): Promise<Record<string, string>> {
  const sets = [...imagesNamed(run.report).keys()];
  const found = await Promise.all(sets.map(async set => [set, await whyWithheld(run, set)] as const));
  return Object.fromEntries(found.flatMap(([set, why]) => (why === null ? [] : [[set, why]])));
}

/** The images that a report names, by set: no other file is ever read for it. */
export function imagesNamed(report: AnyReport): ReadonlyMap<PictureSet, ReadonlySet<string>> {
  const named = new Map<PictureSet, Set<string>>();
  for (const { set, file } of imagesOf(report)?.list(report, ALL) ?? [])
    named.set(set, (named.get(set) ?? new Set()).add(file));
  return named;
}

/**
 * An image, as its path or its bytes, or null when there is none that may be shown: the set may not be read or is no folder, the file is not
 * there, its real path, after all symbolic links, lies outside the set's or the run's folder, or the benchmark has gone.
 */
export async function findImage(run: ReportOfRun, image: NamedImage): Promise<string | Uint8Array | null> {
  if ((await whyWithheld(run, image.set)) !== null) return null;
  return (await imagesOf(run.report)?.open(run, image)) ?? null;
}

export interface CollectImagesOptions {
  readonly blur?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Small images for a page, as data URLs by `<set>/<file>`: of the pairs most alike and the duplicates of an audit, of questions, of the
 * sheets and samples of a run that makes images. One that can no longer be read is left out; the page then says that it is missing.
 *
 * @throws BiolensError `interrupted`.
 */
export async function collectImages(
  run: ReportOfRun,
  options: CollectImagesOptions = {},
): Promise<Record<string, string>> {
  const { blur = false, signal, onProgress } = options;
  const wanted = imagesOf(run.report)?.list(run.report, PAGE_IMAGES) ?? [];
  const names = [...new Map(wanted.map(name => [`${name.set}/${name.file}`, name])).values()];
  const found: (readonly [string, string] | null)[] = [];
  for (let start = 0; start < names.length; start += PARALLEL) {
    throwIfAborted(signal);
    const some = names.slice(start, start + PARALLEL);
    found.push(...(await Promise.all(some.map(name => readImage(run, name, blur)))));
    onProgress?.(found.length, names.length);
  }
  return Object.fromEntries(found.filter(entry => entry !== null));
}

async function readImage(run: ReportOfRun, name: NamedImage, blur: boolean): Promise<readonly [string, string] | null> {
  const source = await findImage(run, name);
  if (source === null) return null;
  const size = name.sheet ? PAGE_IMAGES.sheetSize : PAGE_IMAGES.size;
  const bytes = await thumbnail(source, { size, blur }).catch(() => null);
  if (bytes === null) return null;
  return [`${name.set}/${name.file}`, `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`];
}
