import type { Matrix } from '../../../ground/math/index.ts';
import { FIELD_WIDTH } from '../motion/fields.ts';
import { MOTION_FLOOR, mirrorFields } from '../motion/motion-score.ts';
import type { ClipFeatures } from '../read/clip-features.ts';
import type { Track } from './products.ts';

/** A clip among others: where its rows stand, and how they lie in time. */
export interface ClipPlace extends Track {
  readonly start: number;
}

/** Clips of a set, ready to be compared: all their rows in two matrices. */
export interface ClipSet {
  readonly clips: number;
  /** Rows of length 1. */
  readonly frames: Matrix;
  readonly content: readonly ClipPlace[];
  readonly fields: Matrix;
  /** Null for a clip without motion worth comparing. */
  readonly motion: readonly (ClipPlace | null)[];
}

/** What all rows have in common, which is taken off before they are compared. */
export interface Common {
  readonly frame: Float64Array;
  readonly field: Float64Array;
}

const moves = ({ motion }: ClipFeatures): boolean => motion.level >= MOTION_FLOOR && motion.n > 0;

/** Mean over clips of the mean of their rows: a long clip counts once. */
function meanOfMeans(parts: readonly Float32Array[], width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const rows of parts) {
    const weight = width / rows.length / parts.length;
    for (let i = 0; i < rows.length; i++) mean[i % width]! += weight * rows[i]!;
  }
  return mean;
}

/** What clips have in common: the mean embedding of a frame, and the mean motion, so that usual looks and usual motions count for less. */
export function commonOf(clips: readonly ClipFeatures[]): Common {
  const width = clips[0]!.frames.length / clips[0]!.n;
  return {
    frame: meanOfMeans(
      clips.map(({ frames }) => frames),
      width,
    ),
    field: meanOfMeans(
      clips.filter(moves).map(({ motion }) => motion.fields),
      FIELD_WIDTH,
    ),
  };
}

/** Rows less a mean, of length 1, or as long as they were where `keep` says so: there a short row stays short. */
function centre(rows: Float32Array, mean: Float64Array, keep: boolean): Float32Array {
  const width = mean.length;
  const centred = new Float32Array(rows.length);
  for (let at = 0; at < rows.length; at += width) {
    let [before, after] = [0, 0];
    for (let k = 0; k < width; k++) before += rows[at + k]! ** 2;
    // What is less than usual speaks neither for nor against: the mean is taken off in proportion.
    const share = keep ? Math.sqrt(before) : 1;
    if (before > 0)
      for (let k = 0; k < width; k++) {
        const value = rows[at + k]! - share * mean[k]!;
        centred[at + k] = value;
        after += value * value;
      }
    const scale = after > 0 ? (keep ? Math.min(1, Math.sqrt(before)) : 1) / Math.sqrt(after) : 0;
    for (let k = 0; k < width; k++) centred[at + k]! *= scale;
  }
  return centred;
}

function stack(parts: readonly Float32Array[], width: number): Matrix {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return { rows: data.length / width, cols: width, data };
}

/** Puts the clips of a set side by side. @param options.mirrored the motion of their mirror images */
export function joinClips(
  clips: readonly ClipFeatures[],
  { common, mirrored = false }: { readonly common: Common; readonly mirrored?: boolean },
): ClipSet {
  let [row, field] = [0, 0];
  const content = clips.map(({ n, step }): ClipPlace => {
    row += n;
    return { start: row - n, n, step };
  });
  const motion = clips.map((clip): ClipPlace | null => {
    if (!moves(clip)) return null;
    const { n, step } = clip.motion;
    field += n;
    return { start: field - n, n, step };
  });
  const moving = clips.filter(moves).map(({ motion: { fields } }) => (mirrored ? mirrorFields(fields) : fields));
  return {
    clips: clips.length,
    frames: stack(
      clips.map(({ frames }) => centre(frames, common.frame, false)),
      common.frame.length,
    ),
    content,
    fields: stack(
      moving.map(fields => centre(fields, common.field, true)),
      FIELD_WIDTH,
    ),
    motion,
  };
}
