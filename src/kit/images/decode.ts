import sharp, { type Sharp } from 'sharp';
import { BiolensError, messageOf, throwIfAborted } from '../../ground/errors.ts';
import { decodeBmp } from './bmp.ts';
import { type ImageFormat, isCutShort } from './formats.ts';
import type { Image } from './image.ts';
import { decodePnm } from './pnm.ts';
import { DEFAULT_LIMITS, grouped, type ImageSource, type ReadOptions, readSource, type SniffedFile } from './source.ts';

// Every image is read once: libvips's cache of operations would only hold memory.
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
 * Opens an image as a sharp pipeline that ends in 8-bit sRGB, upright, with alpha flattened on white.
 *
 * Formats that can hold 16-bit samples have their header read first: sharp takes 16-bit images with a profile to Display P3 but
 * then reads them as sRGB, and leaves the profile of 16-bit grey out. Reduced to 8 bits before the profile is applied, both come
 * out right.
 */
async function openPixels(sniffed: SniffedFile, maxPixels: number): Promise<Sharp> {
  const own = OWN_DECODERS[sniffed.format];
  if (own !== undefined) {
    const { width, height, channels, data } = own(sniffed.bytes, (w, h) => {
      if (w * h > maxPixels) throw tooManyPixels(sniffed.file, w, h, maxPixels);
    });
    return sharp(data, { raw: { width, height, channels } }).toColourspace('srgb');
  }
  // `error` passes what libjpeg only warns of (stray bytes, odd markers: common in real photographs) but no truncation.
  const limits = { failOn: 'error', limitInputPixels: maxPixels, limitInputChannels: MAX_SAMPLES } as const;
  const input = sharp(stillOf(sniffed), { ...limits, pages: 1 });
  if (sniffed.format === 'PNG' || sniffed.format === 'TIFF' || sniffed.format === 'AVIF') {
    const { space, hasProfile, depth, width, height } = await input.metadata();
    if (sniffed.format === 'TIFF' && depth !== 'uchar' && depth !== 'ushort') {
      if (width * height > maxPixels / FLOAT_COST)
        throw tooManyPixels(sniffed.file, width, height, maxPixels / FLOAT_COST);
      return openFloats(sharp(sniffed.bytes, { ...limits, pages: 1 }), sniffed.file, depth);
    }
    if (hasProfile && space === 'rgb16') input.pipelineColourspace('srgb');
    if (hasProfile && space === 'grey16') input.pipelineColourspace('b-w');
  }
  return input.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
}

const OWN_DECODERS: Partial<Record<ImageFormat, typeof decodeBmp>> = { BMP: decodeBmp, PNM: decodePnm };

/** An animated AVIF holds a still image too, which libvips finds when it is called one. */
function stillOf({ bytes, format }: SniffedFile): Uint8Array {
  if (format !== 'AVIF' || bytes[11] !== 0x73) return bytes;
  const still = Uint8Array.from(bytes);
  still[11] = 0x66;
  return still;
}

/** Bytes of a sample of floats for each of 8 bits: so much smaller are the images that are decoded. */
const FLOAT_COST = 4;
/** Rounding that samples may be off their range by. */
const SLACK = 1e-3;
/** A largest sample between the end of 0 to 1 and this one could be either. */
const SURELY_BYTES = 8;

/**
 * A TIFF of floats, whose samples have no range of their own: 0 to 1 by convention, 0 to 255 by habit. Anything else would be a guess that
 * turns images black or white.
 *
 * @throws BiolensError `input` for samples of another range, or of whole numbers of other than 8 and 16 bits
 */
async function openFloats(input: Sharp, file: string, depth: string | undefined): Promise<Sharp> {
  const refuse = (why: string): BiolensError =>
    new BiolensError('input', `${file}: ${why}; save it with 8 or 16 bits a sample`, { details: { file } });
  if (depth !== 'float' && depth !== 'double')
    throw refuse(`a TIFF with samples of the kind "${depth}", which have no known range`);
  // libvips takes floats of three channels for linear light. Programs that write them mean what they mean with bytes, so that no curve is applied.
  const { channels: stored } = await input.metadata();
  const plain = stored >= 3 ? input.autoOrient().toColourspace('scrgb') : input.autoOrient();
  const { data: raw, info } = await plain.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
  const floats = new Float32Array(raw.buffer, raw.byteOffset, raw.byteLength / Float32Array.BYTES_PER_ELEMENT);
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const { width, height, channels } = info;
  const colours = channels >= 3 ? 3 : 1;
  for (let i = 0; i < floats.length; i++) {
    if (i % channels >= colours) continue;
    const value = floats[i]!;
    if (!Number.isFinite(value)) throw refuse('a TIFF of floats with samples that are no numbers');
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const unit = high <= 1 + SLACK;
  if (low < -SLACK || !(unit || (high >= SURELY_BYTES && high <= 255 + SLACK))) {
    const range = `${Number(low.toPrecision(3))} to ${Number(high.toPrecision(3))}`;
    throw refuse(`a TIFF of floats from ${range}, which is neither 0 to 1 nor 0 to 255`);
  }
  const scale = unit ? 255 : 1;
  const data = new Uint8Array(width * height * colours);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < colours; c++)
      data[i * colours + c] = Math.min(255, Math.max(0, Math.round(floats[i * channels + c]! * scale)));
  return sharp(data, { raw: { width, height, channels: colours } }).toColourspace('srgb');
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
 * Decodes an image: JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM, told by its content and not by its name.
 *
 * The EXIF orientation is applied; an embedded colour profile is converted to sRGB (perceptual intent), CMYK through it or
 * through a standard press profile; grey, palette and 16-bit images become 8-bit RGB; alpha is flattened on white; of
 * an animation or a multi-page file the first image is taken. Width, height and bytes are checked before decoding.
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
