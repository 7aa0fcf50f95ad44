import sharp, { type Sharp } from 'sharp';
import { BiolensError, messageOf, throwIfAborted } from '../../ground/errors.ts';
import { isCutShort } from './formats.ts';
import type { Image } from './image.ts';
import { DEFAULT_LIMITS, grouped, type ImageSource, type ReadOptions, readSource, type SniffedFile } from './source.ts';

// Every picture is read once: libvips's cache of operations would only hold memory.
sharp.cache(false);

function tooManyPixels(file: string, width: number, height: number, maxPixels: number): BiolensError {
  const pixels = grouped(width * height);
  const text = `${grouped(width)} × ${grouped(height)} = ${pixels} pixels, more than the limit of ${grouped(maxPixels)}`;
  return new BiolensError('input', `${file}: ${text}`, { details: { file, width, height, maxPixels } });
}

/** The same bytes as a plain Uint8Array, not Node's subclass of it. */
export function plainBytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Words the failure of the decoder: too large, cut short or damaged. */
async function explainFailure(sniffed: SniffedFile, error: unknown, maxPixels: number): Promise<BiolensError> {
  const { file, bytes, format } = sniffed;
  const message = messageOf(error);
  if (message.includes('pixel limit')) {
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    return tooManyPixels(file, width, height, maxPixels);
  }
  const details = { file, format };
  if (message.includes('channel limit')) {
    return new BiolensError('input', `${file}: more than ${MAX_SAMPLES} samples a pixel`, { details, cause: error });
  }
  const cutShort = /premature end|unexpected end|truncated/i.test(message) || isCutShort(format, bytes);
  if (cutShort) return new BiolensError('input', `${file}: truncated ${format} image`, { details, cause: error });
  return new BiolensError('input', `${file}: damaged ${format} image (${message})`, { details, cause: error });
}

/** Most samples a pixel: CMYK and alpha. TIFF may claim any number, so that few pixels could still be many bytes. */
const MAX_SAMPLES = 5;

/**
 * Opens a picture as a sharp pipeline that ends in 8-bit sRGB, upright, with alpha flattened on white.
 *
 * Formats that can hold 16-bit samples have their header read first: sharp takes 16-bit pictures with a profile to Display P3 but
 * then reads them as sRGB, and leaves the profile of 16-bit grey out. Reduced to 8 bits before the profile is applied, both come
 * out right.
 */
async function openPixels(sniffed: SniffedFile, maxPixels: number): Promise<Sharp> {
  // `error` passes what libjpeg only warns of (stray bytes, odd markers: common in real photographs) but no truncation.
  const limits = { failOn: 'error', limitInputPixels: maxPixels, limitInputChannels: MAX_SAMPLES } as const;
  const input = sharp(sniffed.bytes, { ...limits, pages: 1 });
  if (sniffed.format === 'PNG' || sniffed.format === 'TIFF' || sniffed.format === 'AVIF') {
    const { space, hasProfile } = await input.metadata();
    if (hasProfile && space === 'rgb16') input.pipelineColourspace('srgb');
    if (hasProfile && space === 'grey16') input.pipelineColourspace('b-w');
  }
  return input.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
}

/**
 * Runs a sharp pipeline over an untrusted file and words its failures.
 *
 * @internal
 */
export async function decodeWith<T>(
  source: ImageSource,
  options: ReadOptions & { readonly finish: (pixels: Sharp) => Promise<T> },
): Promise<T> {
  const maxPixels = options.maxPixels ?? DEFAULT_LIMITS.maxPixels;
  const sniffed = await readSource(source, options);
  try {
    const result = await options.finish(await openPixels(sniffed, maxPixels));
    throwIfAborted(options.signal);
    return result;
  } catch (error) {
    if (error instanceof BiolensError) throw error;
    throw await explainFailure(sniffed, error, maxPixels);
  }
}

/**
 * Decodes a picture: JPEG, PNG, WebP, AVIF, TIFF or GIF, told by its content and not by its name.
 *
 * The EXIF orientation is applied; an embedded colour profile is converted to sRGB (perceptual intent), CMYK through it or
 * through a standard press profile; grey, palette and 16-bit pictures become 8-bit RGB; alpha is flattened on white; of
 * an animation or a multi-page file the first picture is taken. Width, height and bytes are checked before decoding.
 *
 * @param source the file's bytes, or its path.
 * @throws BiolensError `input` with one line that names the file: not an image, truncated, damaged, above a limit,
 *   unreadable; `interrupted` once `signal` is aborted.
 */
export async function decodeImage(source: ImageSource, options: ReadOptions = {}): Promise<Image> {
  return decodeWith(source, {
    ...options,
    finish: async pixels => {
      const { data, info } = await pixels.raw().toBuffer({ resolveWithObject: true });
      if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to sRGB`);
      return { width: info.width, height: info.height, data: plainBytes(data) };
    },
  });
}
