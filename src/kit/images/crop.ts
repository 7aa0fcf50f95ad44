import { BiolensError } from '../../ground/errors.ts';
import type { Image } from './image.ts';

/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

export const BLACK: Rgb = [0, 0, 0];

/** @throws BiolensError `usage` unless `value` is a whole number of pixels. */
export function checkSide(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new BiolensError('usage', `"${name}" expected a whole number of pixels ≥ 1, got ${value}`);
}

export interface CropBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface CropOptions {
  /** What lies outside the border: a colour, or `edge` to repeat the border's pixels. Black by default. */
  readonly outside?: Rgb | 'edge';
}

/**
 * Cuts out a box, which may reach past the border or lie outside it altogether. Corners are rounded to whole pixels.
 *
 * @throws BiolensError `usage` when the rounded box has no pixel.
 */
export function cropImage(image: Image, box: CropBox, options: CropOptions = {}): Image {
  const left = Math.round(box.x);
  const top = Math.round(box.y);
  const width = Math.round(box.x + box.width) - left;
  const height = Math.round(box.y + box.height) - top;
  checkSide('width', width);
  checkSide('height', height);
  const outside = options.outside ?? BLACK;
  const data = new Uint8Array(width * height * 3);
  if (outside !== 'edge') for (let i = 0; i < data.length; i++) data[i] = outside[i % 3]!;
  const from = Math.min(Math.max(left, 0), image.width);
  const to = Math.max(Math.min(left + width, image.width), from);
  for (let y = 0; y < height; y++) {
    const wanted = top + y;
    const inside = wanted >= 0 && wanted < image.height;
    if (!inside && outside !== 'edge') continue;
    const source = Math.min(Math.max(wanted, 0), image.height - 1) * image.width;
    const target = y * width;
    if (to > from) data.set(image.data.subarray((source + from) * 3, (source + to) * 3), (target + from - left) * 3);
    if (outside !== 'edge') continue;
    for (let x = 0; x < width; x++) {
      if (left + x >= from && left + x < to) continue;
      const at = (source + Math.min(Math.max(left + x, 0), image.width - 1)) * 3;
      for (let k = 0; k < 3; k++) data[(target + x) * 3 + k] = image.data[at + k]!;
    }
  }
  return { width, height, data };
}
