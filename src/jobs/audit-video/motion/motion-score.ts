import { bestLine, type LineMatch, SCALINGS } from '../measure/lines.ts';
import type { Products, Track } from '../measure/products.ts';
import { FIELD_WIDTH, MIRRORED, type MotionField } from './fields.ts';

/** The motion of a clip, ready to be compared. */
export interface ClipMotion {
  /** `[n, FIELD_WIDTH]`, each of length 1 at most: fields with little motion, for the clip, stay short. */
  readonly fields: Float32Array;
  readonly n: number;
  /** Seconds between two fields. */
  readonly step: number;
  /** Mean motion, in pixels of the square of 128 a second. */
  readonly level: number;
}

/** Motion below which a clip has none worth comparing, in pixels of the square of 128 a second. */
export const MOTION_FLOOR = 0.3;
/** A field shorter than this share of the clip's usual one stays short. */
const WEAK = 0.25;
/** Seconds that are compared, and the fewest fields. */
const WINDOW_SECONDS = 2.5;
const LEAST_FIELDS = 6;

/** Each field with a half of its neighbours': errors of flow differ from frame to frame, motion hardly does. */
function smoothInTime(fields: readonly Float32Array[]): Float32Array[] {
  return fields.map((field, i) => {
    const [before, after] = [fields[i - 1] ?? field, fields[i + 1] ?? field];
    return field.map((value, k) => value / 2 + (before[k]! + after[k]!) / 4);
  });
}

/** Normalises the fields of a clip: against its own strength, so that a copy played faster or slower has the same. */
export function normaliseMotion(fields: readonly MotionField[], step: number): ClipMotion {
  const n = fields.length;
  const calm = smoothInTime(fields.map(({ field }) => field));
  const lengths = calm.map(field => Math.sqrt(field.reduce((sum, value) => sum + value * value, 0)));
  // The median, since a cut between two scenes looks like very much motion.
  const typical = lengths.toSorted((a, b) => a - b)[n >> 1] ?? 0;
  const all = new Float32Array(n * FIELD_WIDTH);
  for (const [i, field] of calm.entries()) {
    const scale = 1 / Math.max(lengths[i]!, WEAK * typical, 1e-9);
    for (let k = 0; k < FIELD_WIDTH; k++) all[i * FIELD_WIDTH + k] = field[k]! * scale;
  }
  const level = fields.reduce((sum, one) => sum + one.level, 0) / Math.max(1, n);
  return { fields: all, n, step, level };
}

/** The fields of the mirror image. */
export function mirrorFields(fields: Float32Array): Float32Array {
  const mirrored = new Float32Array(fields.length);
  for (let i = 0; i < fields.length; i += FIELD_WIDTH)
    for (let k = 0; k < FIELD_WIDTH; k++) mirrored[i + MIRRORED[k]!] = fields[i + k]!;
  return mirrored;
}

/**
 * How alike two clips move: the mean inner product of their fields along a line of time, best over offsets and over scalings of time from a half to the double.
 *
 * @param products inner products of fields, `[first.n, second.n]`
 */
export function motionScore(
  products: Products,
  { first, second }: { readonly first: Track; readonly second: Track },
): LineMatch | null {
  return bestLine(products, { first, second, scalings: SCALINGS, window: WINDOW_SECONDS, least: LEAST_FIELDS });
}
