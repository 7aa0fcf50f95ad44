import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { PictureSet } from '../../ground/contracts/index.ts';

/** An image that a report names. */
export interface NamedImage {
  /** Where it is from: a set of images, the questions of a benchmark, or the run's own folder. */
  readonly set: PictureSet;
  /** As the report names it: a path within the set's or the run's folder, or a name that the job knows. */
  readonly file: string;
  /** A sheet of many. */
  readonly sheet?: boolean;
}

/** How much of its long lists a report's page keeps images for. */
export interface ImageLimits {
  readonly pairs: number;
  readonly clusters: number;
  readonly clusterFiles: number;
  readonly samples: number;
}

/** Images of a job's reports: which there are, and how one is opened. */
export interface ReportImages<R> {
  /** Those that matter most first; the limits cut long lists short. */
  list(report: R, most: ImageLimits): readonly NamedImage[];
  /** The folder, file or benchmark that the images of a set are read from, as the report names it; null where the set has no images. */
  sourceOf(report: R, set: PictureSet): string | null;
  /**
   * A path, bytes, or null where there is none that may be shown. Asked only for what `list` names without limits, and only after the
   * caller has checked that `sourceOf` may be opened: a report can come from a stranger.
   */
  open(run: { readonly path: string; readonly report: R }, image: NamedImage): Promise<string | Uint8Array | null>;
}

/** A file of the run's own folder. */
export const inRun = (file: string, sheet = false): NamedImage => ({ set: 'run', file, ...(sheet ? { sheet } : {}) });

/** The path of a file in a folder; null where its real path, after all symbolic links, lies outside, or nothing is there. */
export async function imageInFolder(folder: string, file: string): Promise<string | null> {
  try {
    const root = await realpath(folder);
    const path = await realpath(resolve(root, file));
    return path.startsWith(root.endsWith(sep) ? root : root + sep) ? path : null;
  } catch {
    return null;
  }
}

/** Images that all lie in the run's folder. */
export function imagesOfRun<R>(list: (report: R, most: ImageLimits) => readonly NamedImage[]): ReportImages<R> {
  return { list, sourceOf: () => null, open: ({ path }, { file }) => imageInFolder(path, file) };
}
