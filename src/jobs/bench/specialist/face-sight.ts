import { BiolensError } from '../../../ground/errors.ts';
import type { FaceAnalyser, FaceFinding } from '../../../kit/faces/index.ts';
import { decodeImage, type Image } from '../../../kit/images/index.ts';
import type { PreparedImage } from '../../../kit/vlm/index.ts';
import { type HeadAngles, headAngles } from './head-angles.ts';

export interface SeenFace extends FaceFinding {
  readonly angles: HeadAngles;
}

/** What the networks see in one image. */
export interface Sight {
  /** Largest first. */
  readonly faces: readonly SeenFace[];
}

/** By what an image is told from those of other people. */
export interface Likeness {
  /** `[128]`: of the largest face, or of the whole image where no face was found, as in very small crops. */
  readonly embedding: Float32Array;
  readonly faceFound: boolean;
}

/** Looks at images with the built-in face networks, with no more of them than what is asked for needs, and once at each. */
export interface FaceSight {
  look(pictures: readonly PreparedImage[], signal: AbortSignal): Promise<readonly Sight[]>;
  recognise(pictures: readonly PreparedImage[], signal: AbortSignal): Promise<readonly Likeness[]>;
  /** The number of faces in each. */
  count(pictures: readonly PreparedImage[], signal: AbortSignal): Promise<readonly number[]>;
  close(): Promise<void>;
}

type Seeing<T> = (image: Image, signal: AbortSignal) => Promise<T>;

/** Applies `see` to images, once to each. */
function remembering<T>(
  see: Seeing<T>,
): (pictures: readonly PreparedImage[], signal: AbortSignal) => Promise<readonly T[]> {
  // Keyed by the prepared image itself, so that what is seen is forgotten with the image.
  const seen = new WeakMap<PreparedImage, Promise<T>>();
  return (pictures, signal) =>
    Promise.all(
      pictures.map(picture => {
        const known = seen.get(picture);
        if (known !== undefined) return known;
        const seeing = decodeImage(picture.bytes, { signal }).then(image => see(image, signal));
        seen.set(picture, seeing);
        seeing.catch(() => seen.delete(picture));
        return seeing;
      }),
    );
}

export function createFaceSight(analyser: FaceAnalyser): FaceSight {
  return {
    look: remembering(async (image, signal) => {
      const [faces = []] = await analyser.analyse([image], { signal });
      return { faces: faces.map(face => ({ ...face, angles: headAngles(face.landmarks) })) };
    }),
    recognise: remembering(async (image, signal) => {
      const [found] = await analyser.embed([image], { signal, noFace: 'whole' });
      if (found == null) throw new BiolensError('external', 'the recogniser gave no embedding');
      return { embedding: found.embedding, faceFound: found.box !== null };
    }),
    count: remembering(async (image, signal) => {
      const [faces = []] = await analyser.detect([image], { signal });
      return faces.length;
    }),
    close: () => analyser.close(),
  };
}
