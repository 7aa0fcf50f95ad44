import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileError } from '../../../ground/disk.ts';
import { cropImage, decodeImage, encodePng, type Image, sniffFormat } from '../../../kit/images/index.ts';
import type { LabelledImage } from './labelled-image.ts';
import type { Shown } from './questions/draft.ts';
import type { SourceFolder } from './source-folder.ts';

/** An image ready to be written. */
export interface MadePicture {
  readonly bytes: Uint8Array;
  /** Without a dot. */
  readonly extension: string;
  readonly digest: string;
  /** The file to link to instead of copying it; null for what was made. */
  readonly path: string | null;
  readonly sources: readonly { readonly file: string; readonly digest: string }[];
  readonly made: string | null;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const EXTENSIONS = {
  JPEG: 'jpg',
  PNG: 'png',
  WebP: 'webp',
  AVIF: 'avif',
  TIFF: 'tif',
  GIF: 'gif',
  BMP: 'bmp',
  PNM: 'pnm',
} as const;

/** Reads, checks and makes the images of one source folder. */
export class PictureMaker {
  readonly #folder: SourceFolder;
  readonly #digests = new Map<string, string>();

  constructor(folder: SourceFolder) {
    this.#folder = folder;
  }

  /**
   * Null where it cannot be made of these files.
   *
   * @throws {BiolensError} `input` naming the image that is missing or damaged.
   */
  async make({ image, alter }: Shown): Promise<MadePicture | null> {
    const { made, box } = image;
    for (const file of made?.from ?? [image.file]) await this.#folder.check(file);
    if (made === undefined && alter === undefined && box === undefined) return this.#asItIs(image);
    const drawn = await (made === undefined ? decodeImage(image.path, { file: image.file }) : made.draw());
    if (drawn === null) return null;
    const cut: Image = box === undefined ? drawn : cropImage(drawn, box);
    const altered = alter === undefined ? cut : await alter.apply(cut);
    if (altered === null) return null;
    const bytes = await encodePng(altered);
    const sources = await this.#digestAll(made?.from ?? [image.file]);
    const how = [made?.how, box === undefined ? undefined : 'cut to the face', alter?.how];
    const said = how.filter(part => part !== undefined).join(', ');
    return { bytes, extension: 'png', digest: sha256(bytes), path: null, sources, made: said };
  }

  async #asItIs({ file, path }: LabelledImage): Promise<MadePicture> {
    const bytes = await read(path);
    await decodeImage(bytes, { file });
    const format = sniffFormat(bytes);
    const digest = sha256(bytes);
    this.#digests.set(file, digest);
    const extension = format === undefined ? 'img' : EXTENSIONS[format];
    return { bytes, extension, digest, path, sources: [{ file, digest }], made: null };
  }

  async #digestAll(files: readonly string[]): Promise<{ file: string; digest: string }[]> {
    const all: { file: string; digest: string }[] = [];
    for (const file of files) {
      const digest = this.#digests.get(file) ?? sha256(await read(this.#folder.path(file)));
      this.#digests.set(file, digest);
      all.push({ file, digest });
    }
    return all;
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}
