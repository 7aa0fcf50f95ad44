import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import type { CustomModel } from './custom-model.ts';
import { type Detection, largestFirst, suppressOverlaps } from './detections.ts';
import type { AnalyseOptions } from './finding.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';

/** Finds faces. */
export interface Detector extends AsyncDisposable {
  readonly name: string;
  /** Images under way at a time that keep it busy, for callers that give one at a time. */
  readonly concurrency: number;
  /** @returns the faces of each image, largest first. */
  detect(images: readonly Image[], options?: AnalyseOptions): Promise<Detection[][]>;
  close(): Promise<void>;
}

async function detectWith(custom: CustomModel, image: Image, options: AnalyseOptions): Promise<Detection[]> {
  const { card, path } = custom.model;
  if (card.output.meaning !== 'boxes') return [];
  const { boxes: boxesName, scores: scoresName, threshold } = card.output;
  const outputs = await custom.runWhole(image, options);
  const boxes = outputs[boxesName]?.data;
  const scores = outputs[scoresName]?.data;
  if (!(boxes instanceof Float32Array && scores instanceof Float32Array && boxes.length === scores.length * 4)) {
    const counts = `${boxes?.length ?? 0} and ${scores?.length ?? 0} numbers`;
    throw new BiolensError('input', `${path}: expected four box numbers for each score, got ${counts}`);
  }
  const candidates: Detection[] = [];
  scores.forEach((score, i) => {
    const [left, top, right, bottom] = boxes.subarray(i * 4, i * 4 + 4);
    const box = {
      x: left! * image.width,
      y: top! * image.height,
      width: (right! - left!) * image.width,
      height: (bottom! - top!) * image.height,
    };
    if (score > threshold && box.width > 0 && box.height > 0) candidates.push({ box, score });
  });
  return largestFirst(suppressOverlaps(candidates));
}

/**
 * Opens a detector: `built-in`, or the path of an ONNX model with a card of kind `detector`. Of boxes that overlap by more than
 * half the best is kept, whether or not the model has done so itself.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there.
 */
export async function openDetector(spec: string, options: OpenModelOptions = {}): Promise<Detector> {
  const { name, concurrency, custom, analyser, close } = await openModel(spec, 'detector', options);
  const common = { name, concurrency, close, [Symbol.asyncDispose]: close };
  if (custom === undefined) return { ...common, detect: (images, runOptions) => analyser.detect(images, runOptions) };
  return {
    ...common,
    detect: (images, runOptions = {}) => Promise.all(images.map(image => detectWith(custom, image, runOptions))),
  };
}
