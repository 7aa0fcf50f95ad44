import { basename, dirname } from 'node:path/posix';
import { BiolensError, throwIfAborted } from '../../../../ground/errors.ts';
import type { Adapter, LabelledImage, ReadSourceOptions } from '../labelled-image.ts';
import type { SourceFolder } from '../source-folder.ts';

export type ImageLabels = Omit<LabelledImage, 'file' | 'path'>;

interface Named {
  readonly name: string;
  readonly dataset: string;
  readonly layout: string;
  readonly lowResolution?: boolean;
}

/** Share of a folder's images that must fit a layout for it to be that layout. */
const ENOUGH = 0.5;

/** What the parts of a path that a pattern names say; a part that was not there is empty. */
export type Parts = Readonly<Record<string, string | undefined>>;

export interface PathLayout extends Named {
  /** Of the images' paths within the folder. */
  readonly pattern: RegExp;
  /** Null for images without a usable label. */
  readonly labels: (
    parts: Parts,
    picture: { readonly file: string; readonly folder: SourceFolder },
  ) => ImageLabels | null | Promise<ImageLabels | null>;
  /** What tells the layout from others with such paths; most of the paths fit by default. */
  readonly detect?: (folder: SourceFolder) => boolean;
  /** The only images that count, such as those of a protocol; all where it gives null. */
  readonly only?: (folder: SourceFolder) => Promise<ReadonlySet<string> | null>;
}

/** A layout whose labels are in the paths of the images, or in a file beside each. */
export function pathAdapter(spec: PathLayout): Adapter {
  const { pattern, labels, only } = spec;
  return {
    ...named(spec),
    detect: async folder => spec.detect?.(folder) ?? folder.share(pattern) >= ENOUGH,
    async *read(folder, { signal }) {
      const kept = (await only?.(folder)) ?? null;
      for (const file of folder.pictures) {
        throwIfAborted(signal);
        const match = kept === null || kept.has(file) ? pattern.exec(file) : null;
        if (match === null) continue;
        const said = await labels(match.groups ?? {}, { file, folder });
        if (said !== null) yield { file, path: folder.path(file), ...said };
      }
    },
  };
}

/** An image by the path that a table writes, with what its row says. */
export interface TableRow extends ImageLabels {
  readonly picture: string;
}

export interface TableLayout extends Named {
  /** Of the table's path within the folder; there may be several tables, such as one for each split. */
  readonly table: RegExp;
  /** Images are looked for among these alone, where a layout has the same names twice. */
  readonly among?: RegExp;
  readonly rows: (folder: SourceFolder, table: string) => Promise<Iterable<TableRow>>;
}

/** A layout whose labels are in one table for many images. */
export function tableAdapter(spec: TableLayout): Adapter {
  const { table, rows, among } = spec;
  return {
    ...named(spec),
    detect: async folder => folder.find(table) !== undefined,
    async *read(folder, { signal }: ReadSourceOptions) {
      const locate = pictureFinder(folder, among);
      for (const name of folder.findAll(table)) {
        let found = 0;
        let missing: string | undefined;
        for (const { picture, ...said } of await rows(folder, name)) {
          throwIfAborted(signal);
          const file = locate(picture, dirname(name));
          missing ??= file === null ? picture : undefined;
          if (file === null) continue;
          found++;
          yield { file, path: folder.path(file), ...said };
        }
        if (found === 0 && missing !== undefined)
          throw new BiolensError(
            'input',
            `${folder.path(name)}: none of its images is in the folder, such as "${missing}"`,
          );
      }
    },
  };
}

const named = ({ name, dataset, layout, lowResolution }: Named): Named => ({
  name,
  dataset,
  layout,
  ...(lowResolution === undefined ? {} : { lowResolution }),
});

/**
 * Finds images by the ends of their paths: tables write them from another folder than the one they were unpacked to. Of several, the
 * one nearest to the table is meant.
 */
export function pictureFinder(folder: SourceFolder, among?: RegExp): (picture: string, near: string) => string | null {
  const byName = new Map<string, string[]>();
  for (const file of folder.pictures) {
    if (among !== undefined && !among.test(file)) continue;
    const name = basename(file);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [file]);
    else known.push(file);
  }
  return (picture, near) => {
    const tidy = picture.replaceAll('\\', '/').replace(/^(?:\.?\/)+/, '');
    const fitting = (byName.get(basename(tidy)) ?? []).filter(file => file === tidy || file.endsWith(`/${tidy}`));
    const nearness = (file: string): number => sharedFolders(file, near);
    return fitting.reduce<string | null>(
      (best, file) => (best === null || nearness(file) > nearness(best) ? file : best),
      null,
    );
  };
}

function sharedFolders(file: string, folder: string): number {
  const [a, b] = [file.split('/'), folder.split('/')];
  let shared = 0;
  while (shared < a.length - 1 && a[shared] === b[shared]) shared++;
  return shared;
}
