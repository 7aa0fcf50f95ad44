import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import type { AnyReport, MitigationSide, PictureSet } from '../../ground/contracts/index.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import { thumbnail } from '../../kit/images/index.ts';
import { questionPicturesNamed, questionPicturesToKeep, readQuestionPicture } from './question-pictures.ts';

export interface PictureName {
  readonly set: PictureSet;
  /** As the report names it: a path within the set's or the run's folder, or the `pictureName` of a question's picture. */
  readonly file: string;
}

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

/** A picture that a page shows, and whether it is a sheet of many. */
interface Wanted extends PictureName {
  readonly sheet?: boolean;
}

const inRun = (file: string, sheet = false): Wanted => ({ set: 'run', file, ...(sheet ? { sheet } : {}) });
const inTraining = (file: string): Wanted => ({ set: 'training', file });

/** Path of a sample within the run's folder. */
function sampleOf({ samples }: MitigationSide, file: string): Wanted {
  return inRun(`${samples.folder}/${file}`);
}

const ALL = { pairs: Infinity, clusters: Infinity, clusterFiles: Infinity, samples: Infinity };

/** All pictures that a report names, those first that matter most; `most` cuts its long lists short. */
function picturesOf(
  report: AnyReport,
  most: { readonly [K in 'pairs' | 'clusters' | 'clusterFiles' | 'samples']: number },
): Wanted[] {
  switch (report.schema) {
    case 'biolens/audit@1': {
      const { pairs, duplicates } = report.replication;
      return [
        ...pairs
          .slice(0, most.pairs)
          .flatMap(({ generated, training }): Wanted[] => [
            { set: 'generated', file: generated },
            inTraining(training),
          ]),
        ...duplicates.clusters
          .slice(0, most.clusters)
          .flatMap(({ files }) => files.slice(0, most.clusterFiles).map(inTraining)),
      ];
    }
    case 'biolens/mitigation@1': {
      const { before, after, pictures, rounds, comparison } = report;
      const sides = [before, after, ...comparison.map(({ side }) => side)];
      return [
        ...[pictures.sheets.before, pictures.sheets.after, ...rounds.map(({ sheet }) => sheet)].map(file =>
          inRun(file, true),
        ),
        ...(['before', 'after'] as const).flatMap(name =>
          pictures.nearest[name]
            .slice(0, most.samples)
            .flatMap(({ sample, training }) => [sampleOf(report[name], sample), inTraining(training)]),
        ),
        ...pictures.sameNoise.slice(0, most.samples).flatMap(file => sides.map(side => sampleOf(side, file))),
      ];
    }
    case 'biolens/other@1':
      return [];
    case 'biolens/diffusion@1':
      return report.sheets.map(({ file }) => inRun(file, true));
    case 'biolens/study@1':
      return report.results.map(({ sheet }) => inRun(`artifacts/${sheet}`, true));
    case 'biolens/bench@1': {
      const names = most === ALL ? [...questionPicturesNamed(report)] : questionPicturesToKeep(report);
      return names.map(file => ({ set: 'questions', file }));
    }
  }
}

/** The pictures that a report names, by set: no other file is ever read for it. */
export function picturesNamed(report: AnyReport): ReadonlyMap<PictureSet, ReadonlySet<string>> {
  const named = new Map<PictureSet, Set<string>>();
  for (const { set, file } of picturesOf(report, ALL)) named.set(set, (named.get(set) ?? new Set()).add(file));
  return named;
}

/** The folder that a set's pictures are in; null when it is none, or a file of embeddings. */
function folderOf({ path, report }: PicturedRun, set: PictureSet): string | null {
  if (set === 'run') return path;
  if (report.schema !== 'biolens/audit@1' && report.schema !== 'biolens/mitigation@1') return null;
  const { sets } = report;
  const summary = set in sets ? sets[set as keyof typeof sets] : null;
  return summary?.kind === 'images' ? summary.source : null;
}

/**
 * A picture, as its path or its bytes, or null when there is none that may be shown: the set is no folder, the file is not there,
 * its real path, after all symbolic links, lies outside the set's or the run's folder, or the benchmark has gone.
 */
export async function findPicture(run: PicturedRun, { set, file }: PictureName): Promise<string | Uint8Array | null> {
  if (run.report.schema === 'biolens/bench@1')
    return set === 'questions' ? readQuestionPicture(run.report, file) : null;
  const given = folderOf(run, set);
  if (given === null) return null;
  try {
    const folder = await realpath(given);
    const path = await realpath(resolve(folder, file));
    return path.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? path : null;
  } catch {
    return null;
  }
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
  const wanted = picturesOf(run.report, PICTURE_DEFAULTS);
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

async function readPicture(run: PicturedRun, name: Wanted, blur: boolean): Promise<readonly [string, string] | null> {
  const source = await findPicture(run, name);
  if (source === null) return null;
  const size = name.sheet ? PICTURE_DEFAULTS.sheetSize : PICTURE_DEFAULTS.size;
  const bytes = await thumbnail(source, { size, blur }).catch(() => null);
  if (bytes === null) return null;
  return [`${name.set}/${name.file}`, `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`];
}
