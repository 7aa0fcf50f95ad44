import { sniffFormat } from '../images/formats.ts';
import { readPictureHeader } from './picture-header.ts';

/** How an image is made ready to be sent. */
export interface ImageRule {
  /** Longest side in pixels that is sent; larger images are shrunk, none is enlarged. */
  readonly maxSide: number;
  /** Files larger than this are encoded again even where their sides are within `maxSide`. */
  readonly maxBytes: number;
  /** 1 to 100, for what is encoded as JPEG. */
  readonly jpegQuality: number;
}

/**
 * 1568 pixels is the largest side that Anthropic's models look at; OpenAI's shrink further by themselves, and a 7 B
 * Qwen model spends over 3,000 tokens on such an image. Larger images would cost uploads and tokens and show no
 * more. A mebibyte keeps six images in one request well within every server's limit.
 */
export const DEFAULT_IMAGE_RULE: ImageRule = { maxSide: 1568, maxBytes: 2 ** 20, jpegQuality: 95 };

export interface PreparedImage {
  readonly bytes: Uint8Array;
  readonly mediaType: 'image/png' | 'image/jpeg';
  readonly width: number;
  readonly height: number;
  /** False where the file goes out as it is on disk, bit for bit. */
  readonly changed: boolean;
}

/**
 * Makes an image ready to be sent, by this rule:
 *
 * 1. A JPEG or PNG that stands upright, has 8 bits a channel in grey or RGB, sides within `maxSide`, no transparency
 *    and at most `maxBytes` is sent as it is.
 * 2. Anything else is decoded (EXIF orientation applied, converted to sRGB, alpha on white) and shrunk with Lanczos so
 *    that its longer side is `maxSide` at most. What was a PNG or GIF stays lossless, as a PNG, where that is within
 *    `maxBytes`; the rest becomes a JPEG of `jpegQuality` without chroma subsampling.
 *
 * @param options - `file` is what messages call the image
 * @throws BiolensError `input` where it is not an image or is damaged
 */
export async function prepareImage(
  bytes: Uint8Array,
  { file, rule }: { readonly file: string; readonly rule: ImageRule },
): Promise<PreparedImage> {
  const format = sniffFormat(bytes);
  if ((format === 'JPEG' || format === 'PNG') && bytes.length <= rule.maxBytes) {
    const header = readPictureHeader(bytes);
    if (header?.plain && Math.max(header.width, header.height) <= rule.maxSide) {
      const mediaType = format === 'PNG' ? 'image/png' : 'image/jpeg';
      return { bytes, mediaType, width: header.width, height: header.height, changed: false };
    }
  }
  return encodeAgain(bytes, { file, rule, lossless: format === 'PNG' || format === 'GIF' });
}

interface EncodeOptions {
  readonly file: string;
  readonly rule: ImageRule;
  readonly lossless: boolean;
}

async function encodeAgain(bytes: Uint8Array, { file, rule, lossless }: EncodeOptions): Promise<PreparedImage> {
  const { maxSide, maxBytes, jpegQuality } = rule;
  // Loaded here, since most benchmarks never need a decoder.
  const { decodeWith } = await import('../images/decode.ts');
  return decodeWith(bytes, {
    file,
    finish: async pixels => {
      const shrunk = pixels.resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true });
      if (lossless) {
        const png = await shrunk.clone().png().toBuffer({ resolveWithObject: true });
        if (png.data.length <= maxBytes) return describe(png, 'image/png');
      }
      const jpeg = await shrunk
        .jpeg({ quality: jpegQuality, chromaSubsampling: '4:4:4' })
        .toBuffer({ resolveWithObject: true });
      return describe(jpeg, 'image/jpeg');
    },
  });
}

type Encoded = { readonly data: Buffer; readonly info: { readonly width: number; readonly height: number } };

function describe({ data, info }: Encoded, mediaType: PreparedImage['mediaType']): PreparedImage {
  return { bytes: data, mediaType, width: info.width, height: info.height, changed: true };
}
