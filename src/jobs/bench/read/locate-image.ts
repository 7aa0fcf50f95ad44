import { readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize, relative, resolve } from 'node:path';
import type { ImageRef } from '../../../ground/contracts/bench.ts';

export interface LocateOptions {
  /** Name of the JSON file without its ending, after which the folder of its images is called. */
  readonly stem: string;
  /** Number of the question in its file. */
  readonly question: string;
  /** Position of the image in the question, from 1, and how many there are. */
  readonly position: number;
  readonly of: number;
}

/**
 * Finds the images of a benchmark folder. Released files write `images/<stem>/question_1.png` relative to that folder, but also
 * with more in front (`benchmark/images/…`), and older revisions keep the path of the source data set
 * (`data/WMCA/RGB/…`) beside images that are named by the convention.
 *
 * A path is never followed out of the folder: benchmarks come from strangers, and images are sent to model servers.
 */
export class ImageLocator {
  readonly root: string;
  readonly #listings = new Map<string, ReadonlySet<string>>();

  /** @param root the folder that paths are relative to, absolute. */
  constructor(root: string) {
    this.root = root;
  }

  /** The image's reference; `file` is null where no file is there. */
  locate(path: string, options: LocateOptions): ImageRef {
    for (const candidate of this.#candidates(path, options)) {
      if (this.#has(candidate)) return { path, file: candidate.replaceAll('\\', '/') };
    }
    return { path, file: null };
  }

  *#candidates(path: string, { stem, question, position, of }: LocateOptions): Generator<string> {
    const written = normalize(path.replaceAll('\\', '/'));
    if (isAbsolute(written)) {
      yield relative(this.root, written);
    } else {
      yield written;
      const images = written.split('/').lastIndexOf('images');
      if (images > 0) yield written.split('/').slice(images).join('/');
    }
    const folder = join('images', stem);
    const name = basename(written);
    // A name of the convention says which image it is; only a foreign one is replaced by the one that belongs here.
    if (name.startsWith('question_')) {
      yield join(folder, name);
    } else {
      if (of === 1) yield join(folder, `question_${question}.png`);
      yield join(folder, `question_${question}_${position}.png`);
    }
  }

  #has(file: string): boolean {
    if (file === '' || file.startsWith('..') || isAbsolute(file)) return false;
    const folder = dirname(file);
    let names = this.#listings.get(folder);
    if (names === undefined) {
      names = listFiles(resolve(this.root, folder));
      this.#listings.set(folder, names);
    }
    return names.has(basename(file));
  }
}

function listFiles(folder: string): ReadonlySet<string> {
  try {
    return new Set(
      readdirSync(folder, { withFileTypes: true })
        .filter(entry => !entry.isDirectory())
        .map(entry => entry.name),
    );
  } catch {
    return new Set();
  }
}
