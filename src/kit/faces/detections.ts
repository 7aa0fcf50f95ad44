import type { Box } from '../../ground/contracts/index.ts';
import { clipToImage } from './alignment.ts';
import { DETECTOR_SIDE, PRIOR_VALUES } from './networks/detector.ts';

/** Boxes that overlap a better one by more than this are dropped. */
const MAX_OVERLAP = 0.5;
/** Most faces that are reported for one image. */
const MAX_FACES = 100;
/** What the detector multiplies its box values with. */
const POSITION_SCALE = 10;
const SIZE_SCALE = 5;

export interface Detection {
  /** In pixels of the image. */
  readonly box: Box;
  /** 0 to 1. */
  readonly score: number;
}

/** Intersection over union. */
export function overlapOf(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}

/** Of boxes that overlap by more than half keeps the one that scores highest, a hundred at most; best first. */
export function suppressOverlaps(candidates: readonly Detection[]): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (kept.length === MAX_FACES) break;
    if (kept.every(({ box }) => overlapOf(candidate.box, box) <= MAX_OVERLAP)) kept.push(candidate);
  }
  return kept;
}

/** The order of the faces of an image: largest box first, then the highest score. */
export function largestFirst(faces: readonly Detection[]): Detection[] {
  const areaOf = ({ box }: Detection) => box.width * box.height;
  return faces.toSorted((a, b) => areaOf(b) - areaOf(a) || b.score - a.score);
}

/** Undoes the encoding of box `i` relative to its prior (SSD, Liu et al. 2016, equation 2). */
function decodeBox(values: Float32Array, priors: Float32Array, i: number): Box {
  const [top, left] = [priors[i * 4]!, priors[i * 4 + 1]!];
  const [priorHeight, priorWidth] = [priors[i * 4 + 2]! - top, priors[i * 4 + 3]! - left];
  const at = i * PRIOR_VALUES;
  const centreY = (values[at]! / POSITION_SCALE) * priorHeight + top + priorHeight / 2;
  const centreX = (values[at + 1]! / POSITION_SCALE) * priorWidth + left + priorWidth / 2;
  const height = Math.exp(values[at + 2]! / SIZE_SCALE) * priorHeight;
  const width = Math.exp(values[at + 3]! / SIZE_SCALE) * priorWidth;
  return { x: centreX - width / 2, y: centreY - height / 2, width, height };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface DecodeOptions {
  /** Corners of the priors, `[n, 4]`: top, left, bottom, right as shares of the detector's square. */
  readonly priors: Float32Array;
  readonly minScore: number;
  readonly image: Size;
  /** Side of the square in lengths of the image's longer side, as it was resampled. */
  readonly spread: number;
}

/**
 * Boxes in pixels from the output of the detector for one image: those scoring above `minScore`, without the ones that
 * overlap a better one by more than half, largest first.
 *
 * @param values `[n, 5]` as the detector gives them.
 */
export function decodeDetections(values: Float32Array, options: DecodeOptions): Detection[] {
  const { priors, minScore, image, spread } = options;
  const minLogit = Math.log(minScore / (1 - minScore));
  const candidates: Detection[] = [];
  for (let i = 0; i < priors.length / 4; i++) {
    const logit = values[i * PRIOR_VALUES + 4]!;
    if (logit > minLogit) candidates.push({ score: 1 / (1 + Math.exp(-logit)), box: decodeBox(values, priors, i) });
  }
  // A spread image is the corner of a black square; the square is then what the boxes are shares of.
  const longer = Math.max(image.width, image.height) * spread;
  const seen = spread === 1 ? image : { width: longer, height: longer };
  const found = suppressOverlaps(candidates).map(({ score, box }) => ({ score, box: toPixels(box, seen) }));
  // The black may hold a box that no pixel of the image is in.
  return largestFirst(found.filter(({ box }) => clipToImage(box, image)));
}

/** Shares of the square, in whose top left corner the image lies, to pixels of the image. */
function toPixels(box: Box, { width, height }: Size): Box {
  const scale = DETECTOR_SIDE / Math.max(width, height);
  const perShareX = (DETECTOR_SIDE / Math.round(width * scale)) * width;
  const perShareY = (DETECTOR_SIDE / Math.round(height * scale)) * height;
  const [left, right] = [Math.max(0, box.x) * perShareX, Math.min(1, box.x + box.width) * perShareX];
  const [top, bottom] = [Math.max(0, box.y) * perShareY, Math.min(1, box.y + box.height) * perShareY];
  return { x: left, y: top, width: right - left, height: bottom - top };
}
