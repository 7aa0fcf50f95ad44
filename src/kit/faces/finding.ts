import type { Box, Face } from '../../ground/contracts/index.ts';
import type { Image } from '../images/index.ts';
import type { Detection } from './detections.ts';

/** A face and its landmarks. */
export interface LocatedFace extends Detection {
  /** `[68, 2]`: x and y in pixels of the image, in the order of iBUG 300-W. */
  readonly landmarks: Float32Array;
}

/** All that the built-in networks know of a face. */
export interface FaceFinding extends Face {
  /** `[68, 2]`: x and y in pixels of the image, in the order of iBUG 300-W. */
  readonly landmarks: Float32Array;
  /** `[128]`, as the network gives it, not of unit length. */
  readonly embedding: Float32Array;
}

/** An embedding of one image. */
export interface Embedded {
  readonly embedding: Float32Array;
  /** The face that was embedded, in pixels; null where the whole image was. */
  readonly box: Box | null;
  /** Faces that were found in the image; absent where none were looked for. */
  readonly faces?: number;
  /** The image's other faces, largest first, where they were asked for and there are some. */
  readonly others?: readonly Embedded[];
}

export interface AnalyseOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What to do with an image in which no face is found: `skip` it, or take the `whole` image for the face. */
export type NoFacePolicy = 'skip' | 'whole';

/** Which faces of an image are looked at: the `largest`, or `all` of them. */
export type FacesPolicy = 'largest' | 'all';

export interface LargestFaceOptions extends AnalyseOptions {
  /** Default `skip`. */
  readonly noFace?: NoFacePolicy | undefined;
  /** Default `largest`; `all` gives the others too. */
  readonly faces?: FacesPolicy | undefined;
}

/**
 * The built-in face networks. Images of one call may differ in size; the faces of an image come largest first. Everything
 * numeric runs in worker threads; what stays here (resampling) takes a few milliseconds an image.
 */
export interface FaceAnalyser extends AsyncDisposable {
  /** Images under way at a time that keep it busy, for callers that give one at a time. */
  readonly concurrency: number;
  /** Finds faces, and nothing more. */
  detect(images: readonly Image[], options?: AnalyseOptions): Promise<Detection[][]>;
  /** Finds faces and their landmarks. */
  locate(images: readonly Image[], options?: AnalyseOptions): Promise<LocatedFace[][]>;
  /** Finds faces with landmarks, age, gender, expression and embedding. */
  analyse(images: readonly Image[], options?: AnalyseOptions): Promise<FaceFinding[][]>;
  /** Embeds the largest face of each image, and the others where asked to; null where there is none. */
  embed(images: readonly Image[], options?: LargestFaceOptions): Promise<(Embedded | null)[]>;
  close(): Promise<void>;
}
