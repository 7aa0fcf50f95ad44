import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { listImages } from '../../../kit/images/index.ts';
import { fileInside } from '../read/inside.ts';

/** Label files lie near the top; folders with more folders than this are those of persons or videos. */
const MOST_SUBFOLDERS = 64;
const DEEPEST = 4;
/** Of an image or a file of labels. */
const MOST_BYTES = 512 * 2 ** 20;

/** A folder of images and label files that a user brings: listed once, read by adapters. */
export class SourceFolder {
  /** Absolute. */
  readonly root: string;
  /** Images by their paths within the folder, in the order of their bytes. */
  readonly pictures: ReadonlySet<string>;
  /** Other files near the top, within the folder, folder by folder. */
  readonly others: readonly string[];

  #real: Promise<string> | undefined;

  private constructor(root: string, pictures: ReadonlySet<string>, others: readonly string[]) {
    this.root = root;
    this.pictures = pictures;
    this.others = others;
  }

  /** @throws {BiolensError} `input` where there is no such folder; `interrupted`. */
  static async open(
    directory: string,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<SourceFolder> {
    const root = resolve(directory);
    const info = await stat(root).catch((error: unknown) => {
      throw fileError(directory, error);
    });
    if (!info.isDirectory()) throw new BiolensError('input', `${directory}: not a folder`);
    const others = await listOthers(root);
    const pictures = new Set<string>();
    try {
      for await (const { file } of listImages(root, options)) pictures.add(file);
    } catch (error) {
      // Tool scenarios have no images.
      if (!(error instanceof BiolensError && error.message.includes('no images found'))) throw error;
    }
    return new SourceFolder(root, pictures, others);
  }

  path(file: string): string {
    return join(this.root, file);
  }

  /**
   * Checks that an image is a plain file of the folder before it is opened: what is made of it goes to model servers, and folders of images come
   * from strangers too.
   *
   * @throws {BiolensError} `input` naming the image that a symbolic link leads out of the folder for.
   */
  async check(file: string): Promise<void> {
    this.#real ??= realpath(this.root);
    await fileInside(await this.#real, file, { of: 'the folder', mostBytes: MOST_BYTES });
  }

  /** The first of the other files whose path matches, or all of them. */
  find(pattern: RegExp): string | undefined {
    return this.others.find(file => pattern.test(file));
  }

  findAll(pattern: RegExp): string[] {
    return this.others.filter(file => pattern.test(file));
  }

  /** A file's bytes; null where it is not there. @throws {BiolensError} `input` where it cannot be read. */
  async bytes(file: string): Promise<Uint8Array | null> {
    try {
      const info = await stat(this.path(file));
      if (!info.isFile()) throw new BiolensError('input', `${this.path(file)}: not a plain file`);
      if (info.size > MOST_BYTES) throw new BiolensError('input', `${this.path(file)}: more than ${MOST_BYTES} bytes`);
      return await readFile(this.path(file));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw fileError(this.path(file), error);
    }
  }

  /** A text file's lines without their ends. @throws {BiolensError} `input` where it is not there or cannot be read. */
  async lines(file: string): Promise<string[]> {
    const bytes = await this.bytes(file);
    if (bytes === null) throw new BiolensError('input', `${this.path(file)}: no such file or folder`);
    return new TextDecoder().decode(bytes).split(/\r?\n/);
  }

  /** Share of the images, of some spread over the folder, whose path matches. */
  share(pattern: RegExp): number {
    const all = [...this.pictures];
    const step = Math.max(1, Math.floor(all.length / 200));
    const looked = all.filter((_, i) => i % step === 0);
    return looked.length === 0 ? 0 : looked.filter(file => pattern.test(file)).length / looked.length;
  }
}

async function listOthers(root: string): Promise<string[]> {
  const found: string[] = [];
  let level = [''];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
      const names = entries.filter(entry => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
      const folders: string[] = [];
      for (const entry of names) {
        const isFolder =
          entry.isDirectory() || (entry.isSymbolicLink() && (await isDirectory(join(root, folder, entry.name))));
        if (isFolder) folders.push(`${folder}${entry.name}/`);
        else if (!/\.(jpe?g|png|webp)$/i.test(entry.name)) found.push(`${folder}${entry.name}`);
      }
      if (folders.length <= MOST_SUBFOLDERS) next.push(...folders);
    }
    level = next;
  }
  return found;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    info => info.isDirectory(),
    () => false,
  );
}
