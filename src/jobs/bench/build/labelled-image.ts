import type { CropBox, Image } from '../../../kit/images/index.ts';
import type { SourceFolder } from './source-folder.ts';
import type { ToolBook } from './tool-book.ts';

/** Degrees; 0 for a face seen from the front. Yaw is positive towards the right edge of the image, pitch up, roll clockwise. */
export interface HeadPose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** The parts of a face by pixel. */
export interface RegionMap {
  readonly width: number;
  readonly height: number;
  /** `[height, width]`: the place in `names` of what each pixel shows. */
  readonly data: Uint8Array;
  /** Names as questions write them; an empty one is no part that is asked about. Several places may share a name. */
  readonly names: readonly string[];
}

/** How the builder makes an image that no file holds. The same call gives the same pixels. */
export interface Making {
  /** In one line, for the provenance: `a photograph printed on paper`. */
  readonly how: string;
  /** Files of the source folder that it is made from. */
  readonly from: readonly string[];
  /** Null where it cannot be made of these files after all; another image is taken then. */
  readonly draw: () => Promise<Image | null>;
}

/** An image of a source folder with what its labels say; what they do not say is left out. */
export interface LabelledImage {
  /** Path within the source folder, with `/` between its parts. */
  readonly file: string;
  /** Path to open. */
  readonly path: string;
  /** Who it shows: unique within the source. */
  readonly subject?: string | undefined;
  /** The name by which the public knows them. */
  readonly name?: string | undefined;
  /** The video, or the image, that it was taken from: no question shows two of the same. */
  readonly clip?: string | undefined;
  /** Years, both ends included; the two are equal where the age is known to the year. */
  readonly age?: readonly [low: number, high: number] | undefined;
  readonly gender?: 'male' | 'female' | undefined;
  /** As questions write it. */
  readonly race?: string | undefined;
  /** Place on the Monk Skin Tone scale, 1 to 10. */
  readonly skinTone?: number | undefined;
  readonly expression?: string | undefined;
  /** Attributes that it has, and that it has not, in the words of questions. */
  readonly present?: readonly string[] | undefined;
  readonly absent?: readonly string[] | undefined;
  readonly pose?: HeadPose | undefined;
  /** How many people it shows. */
  readonly people?: number | undefined;
  /** What stands before the camera: one of `PRESENTATIONS`. */
  readonly presentation?: string | undefined;
  /** Whether the face was altered by software. */
  readonly manipulated?: boolean | undefined;
  /** Where the face's parts are; read when asked for. */
  readonly regions?: (() => Promise<RegionMap>) | undefined;
  /** The face that the labels are about, where the image shows more. */
  readonly box?: CropBox | undefined;
  /** Set for images that the builder makes. */
  readonly made?: Making | undefined;
}

export interface ReadSourceOptions {
  /** For what an adapter draws itself. */
  readonly seed: number;
  /** Folder of region masks with its `regions.json`, for layouts that keep none beside the images. */
  readonly masks?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads one layout in which labelled faces are distributed. */
export interface Adapter {
  /** Kebab-case, for `--layout`. */
  readonly name: string;
  /** What questions call the data set. */
  readonly dataset: string;
  /** What is read, in one line for help texts. */
  readonly layout: string;
  /** Its images are small as they come: they make low-resolution questions and no others about identity. */
  readonly lowResolution?: boolean;
  /** Whether a folder has this layout. */
  detect(folder: SourceFolder): Promise<boolean>;
  /**
   * The labelled images, in an order that is the same on every machine. Images without a usable label are passed over.
   *
   * @throws {BiolensError} `input` naming the label file and what is wrong with it.
   */
  read(folder: SourceFolder, options: ReadSourceOptions): AsyncIterable<LabelledImage>;
  /** For sources of tool scenarios, which have no images. */
  readTools?(folder: SourceFolder): Promise<ToolBook>;
}
