/** The image formats that are decoded. */
export type ImageFormat = 'JPEG' | 'PNG' | 'WebP' | 'AVIF' | 'TIFF' | 'GIF' | 'BMP' | 'PNM';

/** The decoded formats as messages list them. */
export const FORMAT_LIST = 'JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, PGM or PPM';

/** Bytes that `sniffFormat` needs to see. */
export const SNIFF_BYTES = 64;

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));

const bigEndian = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;

const littleEndian = (bytes: Uint8Array, at: number): number =>
  (((bytes[at + 3] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0)) >>> 0;

/** Whether one of the brands of the `ftyp` box is among these: the major one, then, after the minor version, the compatible ones. */
function hasBrand(bytes: Uint8Array, brands: readonly string[]): boolean {
  if (ascii(bytes, 4, 8) !== 'ftyp') return false;
  const end = Math.min(bigEndian(bytes, 0), bytes.length, SNIFF_BYTES);
  for (let at = 8; at + 4 <= end; at += at === 8 ? 8 : 4) {
    if (brands.includes(ascii(bytes, at, at + 4))) return true;
  }
  return false;
}

/** The format that the first bytes of a file declare, whatever its name says; undefined if it is none that is decoded. */
export function sniffFormat(bytes: Uint8Array): ImageFormat | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'JPEG';
  const head = ascii(bytes, 0, 12);
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'WebP';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'GIF';
  // 42 marks TIFF, 43 BigTIFF, in either byte order.
  if (/^(II[*+]\0|MM\0[*+])/.test(head)) return 'TIFF';
  if (hasBrand(bytes, ['avif', 'avis'])) return 'AVIF';
  if (head.startsWith('BM') && isBitmap(bytes)) return 'BMP';
  if (/^P[1-6][\s#]/.test(head)) return 'PNM';
  return undefined;
}

/** Whether the file header of a bitmap is followed by the header of one. */
function isBitmap(bytes: Uint8Array): boolean {
  const size = littleEndian(bytes, 14);
  return littleEndian(bytes, 10) >= 26 && (size === 12 || (size >= 40 && size <= 1024));
}

/** The name of a format that is known and not decoded, with the way out; undefined for any other bytes. */
export function foreignFormat(bytes: Uint8Array): string | undefined {
  const head = ascii(bytes, 0, 12);
  const convert = (name: string, how: string): string =>
    `${name}, which is not decoded; convert it to JPEG or PNG (${how})`;
  if (hasBrand(bytes, ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'])) {
    return convert(
      'a HEIC image',
      'heif-convert a.heic a.jpg, or "Most Compatible" in the camera settings of an iPhone',
    );
  }
  const magick = 'magick a.x a.png';
  if (head.startsWith('\xff\x0a') || head.startsWith('\0\0\0\x0cJXL '))
    return convert('a JPEG XL image', 'djxl a.jxl a.png');
  if (head.startsWith('\0\0\0\x0cjP  ') || head.startsWith('\xff\x4f\xff\x51'))
    return convert('a JPEG 2000 image', magick);
  if (head.startsWith('8BPS')) return convert('a Photoshop file', magick);
  if (head.startsWith('P7\n') || head.startsWith('PF\n') || head.startsWith('Pf\n'))
    return convert('a PAM or PFM image', magick);
  if (/^(?:\ufeff|\xef\xbb\xbf)?<(?:\?xml|svg)/.test(head))
    return convert('an SVG or XML file', 'rsvg-convert a.svg -o a.png');
  if (head.startsWith('version http')) return 'a Git LFS pointer and not the image itself (fetch it with git lfs pull)';
  if (/^(?:<!doctype|<html)/i.test(head)) return 'a web page and not an image';
  return undefined;
}

/** Whether the chunks of a PNG run to an `IEND`. */
function pngEnds(bytes: Uint8Array): boolean {
  for (let at = 8; at + 12 <= bytes.length; at += 12 + bigEndian(bytes, at)) {
    if (ascii(bytes, at + 4, at + 8) === 'IEND') return true;
  }
  return false;
}

/** Whether the boxes of an ISO media file fill it exactly. */
function boxesEnd(bytes: Uint8Array): boolean {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const size = bigEndian(bytes, at);
    if (size === 0) return true;
    if (size === 1) at += bigEndian(bytes, at + 8) * 2 ** 32 + bigEndian(bytes, at + 12);
    else at += Math.max(size, 8);
  }
  return at === bytes.length;
}

/** Bytes of one value by TIFF field type, 1 to 12 (TIFF 6.0, section 2). */
const TIFF_SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];

/** Whether the first directory of a TIFF, and the values that it refers to, lie inside the file. */
function tiffEnds(bytes: Uint8Array): boolean {
  const bigFirst = bytes[0] === 0x4d;
  const read32 = (at: number): number => (bigFirst ? bigEndian(bytes, at) : littleEndian(bytes, at));
  const read16 = (at: number): number => (bigFirst ? read32(at) >>> 16 : read32(at) & 0xffff);
  if (read16(2) !== 42) return true;
  const directory = read32(4);
  if (directory + 2 > bytes.length) return false;
  const entries = read16(directory);
  if (directory + 2 + 12 * entries > bytes.length) return false;
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    const size = (TIFF_SIZES[read16(entry + 2)] ?? 0) * read32(entry + 4);
    if (size > 4 && read32(entry + 8) + size > bytes.length) return false;
  }
  return true;
}

/**
 * Whether a file that failed to decode stops before its format says it ends. Decoders word this in many ways, or not at
 * all, so the structure is asked; for a file that decodes, the answer means nothing.
 */
export function isCutShort(format: ImageFormat, bytes: Uint8Array): boolean {
  switch (format) {
    case 'JPEG': {
      let last = bytes.length - 1;
      while (last > 1 && bytes[last] === 0) last--;
      return !(bytes[last - 1] === 0xff && bytes[last] === 0xd9);
    }
    case 'PNG':
      return !pngEnds(bytes);
    case 'WebP':
      return littleEndian(bytes, 4) + 8 > bytes.length;
    case 'AVIF':
      return !boxesEnd(bytes);
    case 'TIFF':
      return !tiffEnds(bytes);
    case 'GIF':
      return bytes[bytes.length - 1] !== 0x3b;
    // Their decoders are ours, and say so themselves.
    case 'BMP':
    case 'PNM':
      return false;
  }
}
