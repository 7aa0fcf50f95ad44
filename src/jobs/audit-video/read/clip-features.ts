import { BiolensError } from '../../../ground/errors.ts';
import type { Embedder } from '../../../kit/faces/index.ts';
import { cropImage, type Image } from '../../../kit/images/index.ts';
import type { Frame } from '../../../kit/video/index.ts';
import { type MotionField, poolFlow } from '../motion/fields.ts';
import { FlowEstimator } from '../motion/flow.ts';
import { greySquare, type Region } from '../motion/grey-square.ts';
import { type ClipMotion, normaliseMotion } from '../motion/motion-score.ts';
import { findPicture } from './bars.ts';

/** What is known of a clip when it has been read. */
export interface ClipFeatures {
  /** Seconds at which the first frame is shown, and how long the clip lasts. */
  readonly start: number;
  readonly seconds: number;
  /** `[n, width]` embeddings of frames, evenly spaced in time; a frame that is shown for longer stands several times. */
  readonly frames: Float32Array;
  readonly n: number;
  /** Seconds between two of them. */
  readonly step: number;
  readonly motion: ClipMotion;
}

export interface FeatureOptions {
  readonly embedder: Embedder;
  /** Frames a second whose embeddings are kept. */
  readonly rate: number;
  /** Frames a second between which motion is measured. */
  readonly motionRate: number;
  readonly signal?: AbortSignal | undefined;
}

/** Frames that a short clip is compared by at least, as far as the motion rate allows. */
const LEAST_FRAMES = 16;
/** Frames by which black bars are found. */
const BAR_FRAMES = 8;
const BATCH = 16;
/** A frame that stays for longer is not repeated further: a slide show of an hour. */
const MOST_REPEATED = 4096;

/** Embeddings on an even grid of time that grows coarser until it is as coarse as asked for. */
class Grid {
  rows: (Float32Array | null)[] = [];
  step: number;
  readonly #coarsest: number;

  constructor(rate: number, motionRate: number) {
    this.step = 1 / motionRate;
    this.#coarsest = 1 / rate;
  }

  #placeOf(seconds: number): number {
    return Math.floor(seconds / this.step + 1e-6);
  }

  /** Whether a frame at this time begins a new place, also after one that has yet to be added. */
  wants(seconds: number, added = -1): boolean {
    const place = this.#placeOf(seconds);
    return place >= this.rows.length && (added < 0 || place > this.#placeOf(added));
  }

  add(seconds: number, row: Float32Array | null): void {
    const place = this.#placeOf(seconds);
    const last = this.rows.at(-1) ?? row;
    for (let i = 0; this.rows.length < place && i < MOST_REPEATED; i++) this.rows.push(last);
    if (place >= this.rows.length) this.rows.push(row);
    while (this.rows.length >= 2 * LEAST_FRAMES && 2 * this.step <= this.#coarsest * (1 + 1e-9)) {
      this.rows = this.rows.filter((_, i) => i % 2 === 0);
      this.step *= 2;
    }
  }
}

const partOf = (image: Image, region: Region): Image =>
  region.width === image.width && region.height === image.height ? image : cropImage(image, region);

/** The same part of a frame of another size, which a clip may change to. */
function regionFor({ width, height }: Image, region: Region, of: Image): Region {
  if (width === of.width && height === of.height) return region;
  const [across, down] = [width / of.width, height / of.height];
  const x = Math.floor(region.x * across);
  const y = Math.floor(region.y * down);
  return {
    x,
    y,
    width: Math.max(1, Math.min(width - x, Math.round(region.width * across))),
    height: Math.max(1, Math.min(height - y, Math.round(region.height * down))),
  };
}

/**
 * Reads a clip once: embeddings of its frames on an even grid of time, and fields of motion between frames. Black bars are cut off.
 *
 * Frames are read at the motion rate. All are embedded as long as there are few, then every second, and so on down to `rate`, so that a clip of 2 s is compared by 16
 * frames and one of an hour by `rate` a second. Memory: a few frames, and what is returned.
 *
 * @param file what messages call the clip
 * @throws {BiolensError} `input` for a clip with fewer than 2 frames, or in which the embedder sees nothing
 */
export async function readFeatures(
  file: string,
  frames: AsyncIterable<Frame>,
  options: FeatureOptions,
): Promise<ClipFeatures> {
  const { embedder, rate, motionRate, signal } = options;
  const refuse = (why: string): BiolensError => new BiolensError('input', `${file}: ${why}`, { details: { file } });
  const grid = new Grid(Math.min(rate, motionRate), motionRate);
  const flow = new FlowEstimator();
  const fields: { readonly place: number; readonly field: MotionField }[] = [];
  const waiting: { readonly seconds: number; readonly image: Image }[] = [];
  let first: Frame | null = null;
  let region: Region | null = null;
  let before: { readonly seconds: number; readonly grey: Float32Array } | null = null;
  let [n, last] = [0, 0];

  const embedWaiting = async (): Promise<void> => {
    const batch = waiting.splice(0);
    // While they waited the grid may have grown coarser.
    const rows = await embedder.embed(
      batch.map(({ image }) => image),
      { signal },
    );
    for (const [i, { seconds }] of batch.entries())
      if (grid.wants(seconds)) grid.add(seconds, rows[i]?.embedding ?? null);
  };
  const take = async ({ seconds, image }: Frame): Promise<void> => {
    const part = regionFor(image, region!, first!.image);
    const since = seconds - first!.seconds;
    if (grid.wants(since, waiting.at(-1)?.seconds)) {
      waiting.push({ seconds: since, image: partOf(image, part) });
      if (waiting.length >= BATCH) await embedWaiting();
    }
    const grey = greySquare(image, part);
    if (before !== null && since > before.seconds)
      fields.push({
        place: Math.floor(before.seconds * motionRate + 1e-6),
        field: poolFlow(flow.estimate(before.grey, grey), since - before.seconds),
      });
    before = { seconds: since, grey };
    last = since;
    n++;
  };
  const early: Frame[] = [];
  const begin = async (): Promise<void> => {
    region = findPicture(early.map(({ image }) => image));
    for (const frame of early.splice(0)) await take(frame);
  };
  for await (const frame of frames) {
    first ??= frame;
    if (region !== null) await take(frame);
    else if (early.push(frame) >= BAR_FRAMES) await begin();
  }
  if (region === null && early.length > 0) await begin();
  if (waiting.length > 0) await embedWaiting();
  if (n < 2) throw refuse(n === 0 ? 'it has no frames' : 'it has one frame, which is no clip');
  const { rows, step } = grid;
  if (rows.every(row => row === null)) throw refuse('the embedder finds nothing in its frames');
  const width = rows.find(row => row !== null)!.length;
  const all = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) if (row !== null) all.set(row, i * width);
  const motion = normaliseMotion(spread(fields), 1 / motionRate);
  // The last frame is shown for as long as the others are on average.
  const seconds = last + last / (n - 1);
  return { start: first!.seconds, seconds, frames: all, n: rows.length, step, motion };
}

/** Fields on an even grid of time: that of two frames far apart stands for all the time between them. */
function spread(fields: readonly { readonly place: number; readonly field: MotionField }[]): MotionField[] {
  const even: MotionField[] = [];
  for (const { place, field } of fields) {
    for (let i = 0; even.length < place && i < MOST_REPEATED; i++) even.push(even.at(-1) ?? field);
    even.push(field);
  }
  return even;
}
