import { BiolensError } from '../errors.ts';
import { decodeWith, plainBytes } from './decode.ts';
import { pipelineOf } from './encode.ts';
import type { Image } from './image.ts';
import type { ImageSource, ReadOptions } from './source.ts';

/** Red, green and blue, each 0 to 255. */
export type Rgb = readonly [number, number, number];

const BLACK: Rgb = [0, 0, 0];
const asColour = ([r, g, b]: Rgb): { r: number; g: number; b: number } => ({ r, g, b });

/**
 * - `triangle`: bilinear, its support widened when reducing so that nothing aliases (what Pillow and torchvision call
 *   antialiased bilinear);
 * - `lanczos`: Lanczos with three lobes, sharper, may ring at hard edges;
 * - `nearest`: for label maps drawn as images.
 */
export type Kernel = 'triangle' | 'lanczos' | 'nearest';
const SHARP_KERNELS = { triangle: 'linear', lanczos: 'lanczos3', nearest: 'nearest' } as const;

export interface ResizeOptions {
  readonly width: number;
  readonly height: number;
  /** `fill` stretches (default), `cover` crops the longer side about the centre, `contain` pads with `background`. */
  readonly fit?: 'fill' | 'cover' | 'contain';
  /** Default `triangle`. */
  readonly kernel?: Kernel;
  /** Padding of `contain`; black by default. */
  readonly background?: Rgb;
}

function checkSide(name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new BiolensError('usage', `"${name}" expected a whole number of pixels ≥ 1, got ${value}`);
  }
}

/**
 * Resizes with the kernel that is named. Samples are those of sRGB, not of linear light, as the usual face networks were
 * trained; reductions beyond 2 × average whole blocks of pixels first, which the eye and a network cannot tell from the
 * kernel alone.
 *
 * @throws BiolensError `usage` when a side is not a whole number ≥ 1.
 */
export async function resizeImage(image: Image, options: ResizeOptions): Promise<Image> {
  const { width, height, fit = 'fill', kernel = 'triangle', background = BLACK } = options;
  checkSide('width', width);
  checkSide('height', height);
  if (width === image.width && height === image.height) return image;
  const resized = pipelineOf(image).resize({
    width,
    height,
    fit,
    kernel: SHARP_KERNELS[kernel],
    background: asColour(background),
  });
  return { width, height, data: plainBytes(await resized.raw().toBuffer()) };
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

/** Gaussian blur with a standard deviation of `sigma` pixels, 0.3 to 1000. */
export async function blurImage(image: Image, options: { readonly sigma: number }): Promise<Image> {
  const { sigma } = options;
  if (!(sigma >= 0.3 && sigma <= 1000)) {
    throw new BiolensError('usage', `"sigma" expected a number from 0.3 to 1000, got ${sigma}`);
  }
  const data = await pipelineOf(image).blur({ sigma, minAmplitude: 0.01 }).raw().toBuffer();
  return { width: image.width, height: image.height, data: plainBytes(data) };
}

/** Pixels that a blurred thumbnail keeps along its longer side. */
const BLURRED_SIDE = 10;

export interface ThumbnailOptions extends ReadOptions {
  /** Longest side in pixels; smaller pictures keep their size. */
  readonly size: number;
  /**
   * Makes the person unrecognisable: the picture is reduced to ten pixels along its longer side and smoothly enlarged, so
   * that, unlike after a Gaussian blur, nothing is left that sharpening could bring back.
   */
  readonly blur?: boolean;
  readonly format?: 'webp' | 'jpeg';
}

/**
 * A small WebP (or JPEG) of a picture file for a page or a report, straight from the file: large JPEGs are reduced while they
 * are decoded. The limits and refusals are those of `decodeImage`.
 *
 * @throws BiolensError as `decodeImage`.
 */
export async function thumbnail(source: ImageSource, options: ThumbnailOptions): Promise<Uint8Array> {
  const { size, blur = false, format = 'webp' } = options;
  checkSide('size', size);
  return decodeWith(source, {
    ...options,
    finish: async pixels => {
      const small = pixels.resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true });
      let result = small;
      if (blur) {
        const { data, info } = await small.raw().toBuffer({ resolveWithObject: true });
        const { width, height } = info;
        const scale = Math.min(1, BLURRED_SIDE / Math.max(width, height));
        const tiny = await resizeImage(
          { width, height, data: plainBytes(data) },
          { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) },
        );
        result = pipelineOf(tiny).resize({ width, height, fit: 'fill', kernel: 'cubic' });
      }
      const encoded = format === 'webp' ? result.webp({ quality: 80 }) : result.jpeg({ quality: 80 });
      return plainBytes(await encoded.toBuffer());
    },
  });
}
