import { BiolensError } from '../../ground/errors.ts';
import type { Rgb } from './crop.ts';
import type { Image } from './image.ts';

export interface SheetOptions {
  readonly columns: number;
  /** Pixels between the images and around them; 2 by default. */
  readonly gap?: number;
  /** White by default. */
  readonly background?: Rgb;
}

/**
 * Lays images out in rows, left to right, in cells as large as the largest of them.
 *
 * @throws BiolensError `usage` when there is no image or no column.
 */
export function contactSheet(images: readonly Image[], options: SheetOptions): Image {
  const { columns, gap = 2, background = [255, 255, 255] } = options;
  if (images.length === 0) throw new BiolensError('usage', '"images" expected at least one image, got none');
  if (!Number.isInteger(columns) || columns < 1) {
    throw new BiolensError('usage', `"columns" expected a whole number ≥ 1, got ${columns}`);
  }
  const cellWidth = Math.max(...images.map(image => image.width)) + gap;
  const cellHeight = Math.max(...images.map(image => image.height)) + gap;
  const width = Math.min(columns, images.length) * cellWidth + gap;
  const height = Math.ceil(images.length / columns) * cellHeight + gap;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) data[i] = background[i % 3]!;
  images.forEach((image, n) => {
    const left = gap + (n % columns) * cellWidth;
    const top = gap + Math.floor(n / columns) * cellHeight;
    for (let y = 0; y < image.height; y++) {
      const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
      data.set(row, ((top + y) * width + left) * 3);
    }
  });
  return { width, height, data };
}
