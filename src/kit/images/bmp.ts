import type { RawImage } from './raw-image.ts';

/** Bytes of the file header, before the header of the bitmap. */
const FILE_HEADER = 14;
/** How samples are stored: as they are, or with masks of bits. */
const PLAIN = 0;
const MASKS = 3;
const MASKS_WITH_ALPHA = 6;
const MOST_COLOURS = 256;

/** Moves a masked sample to 8 bits. */
function sampleReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  let shift = 0;
  while (((mask >>> shift) & 1) === 0) shift++;
  const top = mask >>> shift;
  return pixel => Math.round((255 * ((pixel & mask) >>> shift)) / top);
}

interface BmpHeader {
  readonly width: number;
  /** Rows; stored from the bottom up unless `topDown`. */
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly pixelsAt: number;
  /** Where the palette begins, and bytes of one of its colours. */
  readonly paletteAt: number;
  readonly colourBytes: number;
  readonly masks: readonly [number, number, number];
}

function readHeader(view: DataView): BmpHeader {
  const size = view.getUint32(14, true);
  const pixelsAt = view.getUint32(10, true);
  // OS/2 1.x: sides of 16 bits, colours of three bytes.
  if (size === 12) {
    const height = view.getInt16(20, true);
    return {
      width: view.getUint16(18, true),
      height: Math.abs(height),
      topDown: height < 0,
      bits: view.getUint16(24, true),
      compression: PLAIN,
      pixelsAt,
      paletteAt: FILE_HEADER + size,
      colourBytes: 3,
      masks: [0, 0, 0],
    };
  }
  if (size < 40 || size > 1024) throw new Error('unknown header');
  const height = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const masked = compression === MASKS || compression === MASKS_WITH_ALPHA;
  const mask = (i: number): number => view.getUint32(FILE_HEADER + 40 + 4 * i, true);
  return {
    width: view.getInt32(18, true),
    height: Math.abs(height),
    topDown: height < 0,
    bits,
    compression,
    pixelsAt,
    paletteAt: FILE_HEADER + size,
    colourBytes: 4,
    masks: masked ? [mask(0), mask(1), mask(2)] : bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff],
  };
}

/**
 * Decodes a Windows bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel, as Windows 3 to 5 and OS/2 1 write it; alpha is passed over, as most
 * programs write zeros there.
 *
 * @param checkSize refuses a size before anything is allocated for it
 * @throws Error in words for what is damaged, cut short or compressed
 */
export function decodeBmp(bytes: Uint8Array, checkSize: (width: number, height: number) => void): RawImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26 || bytes.length < FILE_HEADER + view.getUint32(14, true)) throw new Error('unexpected end');
  const { width, height, topDown, bits, compression, pixelsAt, paletteAt, colourBytes, masks } = readHeader(view);
  if (width <= 0 || height <= 0) throw new Error('no width or height');
  if (![PLAIN, MASKS, MASKS_WITH_ALPHA].includes(compression)) throw new Error('compressed, which is not decoded');
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`${bits} bits a pixel`);
  checkSize(width, height);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + stride * height > bytes.length) throw new Error('unexpected end');
  const data = new Uint8Array(width * height * 3);
  const colours = bits <= 8 ? Math.min(MOST_COLOURS, 2 ** bits, Math.floor((pixelsAt - paletteAt) / colourBytes)) : 0;
  if (bits <= 8 && colours <= 0) throw new Error('no palette');
  const [red, green, blue] = masks.map(sampleReader);
  for (let y = 0; y < height; y++) {
    const from = pixelsAt + stride * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const to = (y * width + x) * 3;
      if (bits <= 8) {
        const byte = bytes[from + ((x * bits) >> 3)]!;
        const index = (byte >> (8 - bits - ((x * bits) & 7))) & (2 ** bits - 1);
        const at = paletteAt + Math.min(index, colours - 1) * colourBytes;
        data[to] = bytes[at + 2]!;
        data[to + 1] = bytes[at + 1]!;
        data[to + 2] = bytes[at]!;
      } else if (bits === 24) {
        const at = from + x * 3;
        data[to] = bytes[at + 2]!;
        data[to + 1] = bytes[at + 1]!;
        data[to + 2] = bytes[at]!;
      } else {
        const pixel = bits === 16 ? view.getUint16(from + 2 * x, true) : view.getUint32(from + 4 * x, true);
        data[to] = red!(pixel);
        data[to + 1] = green!(pixel);
        data[to + 2] = blue!(pixel);
      }
    }
  }
  return { width, height, channels: 3, data };
}
