import { BiolensError } from '../../errors.ts';
import type { FaceAnalyser, FaceFinding } from '../../faces/index.ts';
import { decodeImage } from '../../images/index.ts';
import type { PreparedImage } from '../../vlm/index.ts';
import { type HeadAngles, headAngles } from './head-angles.ts';

export interface SeenFace extends FaceFinding {
  readonly angles: HeadAngles;
}

/** What the networks see in one picture. */
export interface Sight {
  /** Largest first. */
  readonly faces: readonly SeenFace[];
  /** `[128]`: of the largest face, or of the whole picture where no face was found, as in very small crops. */
  readonly embedding: Float32Array;
}

/** Looks at pictures with the built-in face networks, once at each. */
export interface FaceSight {
  look(pictures: readonly PreparedImage[], signal: AbortSignal): Promise<readonly Sight[]>;
  close(): Promise<void>;
}

function sightOf(faces: readonly FaceFinding[], embedding: Float32Array): Sight {
  return { faces: faces.map(face => ({ ...face, angles: headAngles(face.landmarks) })), embedding };
}

export function createFaceSight(analyser: FaceAnalyser): FaceSight {
  // Keyed by the prepared picture itself, so that what is seen is forgotten with the picture.
  const seen = new WeakMap<PreparedImage, Promise<Sight>>();

  const see = async (picture: PreparedImage, signal: AbortSignal): Promise<Sight> => {
    const image = await decodeImage(picture.bytes, { signal });
    const [faces = []] = await analyser.analyse([image], { signal });
    if (faces[0] !== undefined) return sightOf(faces, faces[0].embedding);
    const [whole] = await analyser.embed([image], { signal, noFace: 'whole' });
    if (whole == null) throw new BiolensError('external', 'the recogniser gave no embedding');
    return sightOf([], whole.embedding);
  };

  return {
    look: (pictures, signal) =>
      Promise.all(
        pictures.map(picture => {
          const known = seen.get(picture);
          if (known !== undefined) return known;
          const sight = see(picture, signal);
          seen.set(picture, sight);
          sight.catch(() => seen.delete(picture));
          return sight;
        }),
      ),
    close: () => analyser.close(),
  };
}
