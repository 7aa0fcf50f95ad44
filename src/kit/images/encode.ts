import sharp, { type Sharp } from 'sharp';
import { plainBytes } from './decode.ts';
import type { Image } from './image.ts';

export { encodeGreyPng, encodePng } from './png.ts';

/** The pixels of an image as the start of a sharp pipeline. */
export function pipelineOf(image: Image): Sharp {
  return sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 }, limitInputPixels: false });
}

export interface LossyOptions {
  /** 1 to 100. */
  readonly quality?: number;
}

/** Baseline JPEG in sRGB, chroma halved in both directions (4:2:0); quality 90 by default. */
export async function encodeJpeg(image: Image, options: LossyOptions = {}): Promise<Uint8Array> {
  return plainBytes(
    await pipelineOf(image)
      .jpeg({ quality: options.quality ?? 90 })
      .toBuffer(),
  );
}

/** Lossy WebP in sRGB; quality 85 by default. */
export async function encodeWebp(image: Image, options: LossyOptions = {}): Promise<Uint8Array> {
  return plainBytes(
    await pipelineOf(image)
      .webp({ quality: options.quality ?? 85 })
      .toBuffer(),
  );
}
