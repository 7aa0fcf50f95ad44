import type { Image } from '../../../../kit/images/index.ts';

export type Colour = readonly [number, number, number];

/** An image that is drawn on: samples are not rounded until it is finished. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export function blankCanvas(width: number, height: number, shade: (x: number, y: number) => Colour): Canvas {
  const canvas = { width, height, data: new Float32Array(width * height * 3) };
  forEachPixel(canvas, (x, y, at) => canvas.data.set(shade(x, y), at));
  return canvas;
}

export function finish({ width, height, data }: Canvas): Image {
  return { width, height, data: Uint8Array.from(data, value => Math.min(255, Math.max(0, Math.round(value)))) };
}

/** Calls `visit` with each pixel's place and the index of its first sample. */
export function forEachPixel(
  { width, height }: { readonly width: number; readonly height: number },
  visit: (x: number, y: number, at: number) => void,
): void {
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(x, y, (y * width + x) * 3);
}

/** Mixes a colour into a pixel; `share` 1 covers it. */
export function mixPixel(data: Float32Array, at: number, colour: Colour, share: number): void {
  for (let k = 0; k < 3; k++) data[at + k]! += share * (colour[k]! - data[at + k]!);
}

/** The colour between pixels, bilinear, the border repeated. */
export function colourAt({ width, height, data }: Image | Canvas, x: number, y: number): Colour {
  const cx = Math.min(width - 1, Math.max(0, x));
  const cy = Math.min(height - 1, Math.max(0, y));
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
  const [u, v] = [cx - x0, cy - y0];
  const of = (k: number): number => {
    const upper = data[(y0 * width + x0) * 3 + k]! * (1 - u) + data[(y0 * width + x1) * 3 + k]! * u;
    const lower = data[(y1 * width + x0) * 3 + k]! * (1 - u) + data[(y1 * width + x1) * 3 + k]! * u;
    return upper * (1 - v) + lower * v;
  };
  return [of(0), of(1), of(2)];
}

/** The colour at a share of the way from one to another. */
export function between(from: Colour, to: Colour, share: number): Colour {
  const of = (k: 0 | 1 | 2): number => from[k] + share * (to[k] - from[k]);
  return [of(0), of(1), of(2)];
}

/** 0 up to `from`, 1 beyond `to`, smooth between. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** A box of pixels; both corners are inside. */
export interface PixelBox {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The smallest box around the pixels that are meant; null where none is. */
export function boxAround(
  size: { readonly width: number; readonly height: number },
  meant: (x: number, y: number) => boolean,
): PixelBox | null {
  let [left, top, right, bottom] = [size.width, size.height, -1, -1];
  forEachPixel(size, (x, y) => {
    if (!meant(x, y)) return;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  return right < 0 ? null : { left, top, right, bottom };
}
