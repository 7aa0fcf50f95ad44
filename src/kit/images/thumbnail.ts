import { checkSide } from './crop.ts';
import { decodeWith, plainBytes } from './decode.ts';
import { encodeJpeg, encodeWebp } from './encode.ts';
import type { Image } from './image.ts';
import { resizeImage } from './resize.ts';
import type { ImageSource, ReadOptions } from './source.ts';

/** Pixels that a blurred thumbnail keeps along its longer side. */
const BLURRED_SIDE = 10;

async function hideFace(image: Image): Promise<Image> {
  const { width, height } = image;
  const scale = Math.min(1, BLURRED_SIDE / Math.max(width, height));
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  const tiny = await resizeImage(image, { width: side(width), height: side(height) });
  return resizeImage(tiny, { width, height });
}

export interface ThumbnailOptions extends ReadOptions {
  /** Longest side in pixels; smaller images keep their size. */
  readonly size: number;
  /**
   * Makes the person unrecognisable: the image is reduced to ten pixels along its longer side and smoothly enlarged, so
   * that, unlike after a Gaussian blur, nothing is left that sharpening could bring back.
   */
  readonly blur?: boolean;
  readonly format?: 'webp' | 'jpeg';
}

/**
 * A small WebP (or JPEG) of an image file for a page or a report, straight from the file: large JPEGs are reduced while they
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
      const fitted = pixels.resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true });
      const { data, info } = await fitted.raw().toBuffer({ resolveWithObject: true });
      const small = { width: info.width, height: info.height, data: plainBytes(data) };
      const shown = blur ? await hideFace(small) : small;
      return format === 'webp' ? encodeWebp(shown, { quality: 80 }) : encodeJpeg(shown, { quality: 80 });
    },
  });
}
