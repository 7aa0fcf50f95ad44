import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/image.ts';
import { drawBackground } from './background.ts';
import { drawBeard } from './beard.ts';
import { drawBody } from './body.ts';
import { drawBrows, drawEyes } from './eyes.ts';
import { drawGlasses } from './glasses.ts';
import { coversEars, drawHairBehind, drawHairInFront } from './hair.ts';
import { drawEar, drawHead } from './head.ts';
import { drawMouth } from './mouth.ts';
import { samplesOf } from './raster.ts';
import { createScene } from './scene.ts';
import type { FaceSpec } from './spec.ts';

export interface RenderedFace {
  readonly image: Image;
  /** `[size, size]`: the region of each pixel as its place in `REGIONS`. */
  readonly mask: Uint8Array;
}

/** Sides in pixels that a face can be drawn at. */
export const FACE_SIZES = { least: 32, most: 256 } as const;

/** Sine of the yaw from which the near ear lies on the side of the head instead of behind its edge. */
const EAR_IN_FRONT = 0.1;

/** @throws BiolensError `usage` unless `size` is a side that a face can be drawn at. */
export function checkFaceSize(size: number): void {
  const { least, most } = FACE_SIZES;
  if (Number.isInteger(size) && size >= least && size <= most) return;
  throw new BiolensError('usage', `"size" expected a whole number from ${least} to ${most}, got ${size}`);
}

/**
 * Draws a face, with the region of every pixel. The same specification gives the same pixels on every machine: only
 * operations are used that IEEE 754 rounds alike everywhere.
 *
 * @param options.size side of the square image in pixels, 32 to 256.
 * @throws BiolensError `usage` for any other size.
 */
export function renderFace(spec: FaceSpec, options: { readonly size: number }): RenderedFace {
  const { size } = options;
  checkFaceSize(size);
  const scene = createScene(spec, size);
  const turned = Math.abs(scene.pose.sinYaw) >= EAR_IN_FRONT;
  const near = scene.pose.sinYaw > 0 ? -1 : 1;
  drawBackground(scene);
  drawHairBehind(scene);
  drawBody(scene);
  drawEar(scene, near === 1 ? -1 : 1);
  if (!turned) drawEar(scene, near);
  drawHead(scene);
  drawEyes(scene);
  drawBeard(scene);
  drawMouth(scene);
  drawBrows(scene);
  drawHairInFront(scene);
  if (turned && !coversEars(spec.hairStyle)) drawEar(scene, near);
  drawGlasses(scene);
  return { image: { width: size, height: size, data: samplesOf(scene.canvas) }, mask: scene.canvas.regions };
}
