import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { FIELD_WIDTH } from '../motion/fields.ts';
import type { ClipFeatures } from './clip-features.ts';
import type { StoredFeatures } from './stored-features.ts';

/** Folder in the run where clips that were read are kept until the report is written. */
export const FEATURES = 'artifacts/features';

const pathOf = (run: string, index: number): string => join(run, FEATURES, `${index}.f32`);

/** Keeps what was read of a clip in the run's folder. */
export async function storeFeatures(run: string, index: number, features: ClipFeatures): Promise<StoredFeatures> {
  const { start, seconds, frames, n, step, motion } = features;
  await mkdir(join(run, FEATURES), { recursive: true, mode: 0o700 });
  const bytes = (values: Float32Array): Buffer => Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  await writeAtomically(pathOf(run, index), Buffer.concat([bytes(frames), bytes(motion.fields)]), { mode: 0o600 });
  const { n: fields, step: fieldStep, level } = motion;
  return { start, seconds, n, width: frames.length / n, step, motion: { n: fields, step: fieldStep, level } };
}

/** Reads it again. @throws {BiolensError} `input` for a file of another length */
export async function loadFeatures(run: string, index: number, stored: StoredFeatures): Promise<ClipFeatures> {
  const path = pathOf(run, index);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new BiolensError('input', `${path}: it cannot be read`, { cause: error });
  });
  const { start, seconds, n, width, step, motion } = stored;
  if (bytes.length !== 4 * (n * width + motion.n * FIELD_WIDTH))
    throw new BiolensError(
      'input',
      `${path}: ${bytes.length} bytes, expected those of ${n} frames of ${width} numbers`,
    );
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return {
    start,
    seconds,
    frames: values.subarray(0, n * width),
    n,
    step,
    motion: { ...motion, fields: values.subarray(n * width) },
  };
}
