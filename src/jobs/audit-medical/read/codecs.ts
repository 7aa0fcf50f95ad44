import { BiolensError, messageOf } from '../../../ground/errors.ts';

/** A frame as a decoder gives it: little-endian values, samples side by side. */
export interface DecodedFrame {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  /** Bits that a value has, and whether it has a sign, as the stream says. */
  readonly bits: number;
  readonly signed: boolean;
}

/** What the WebAssembly decoders have in common. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number; isSigned?: boolean };
  delete(): void;
}
type WasmModule = Readonly<Record<string, new () => WasmDecoder>>;
type Factory = (options: Readonly<Record<string, unknown>>) => Promise<WasmModule>;

/** Decoders by transfer syntax. */
const JPEG_8 = ['1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51'];
const JPEG_LOSSLESS = ['1.2.840.10008.1.2.4.57', '1.2.840.10008.1.2.4.70'];
const JPEG_LS = ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81'];
const JPEG_2000 = [
  '1.2.840.10008.1.2.4.90',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.92',
  '1.2.840.10008.1.2.4.93',
];
const HTJ2K = ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'];
export const RLE = '1.2.840.10008.1.2.5';

export const isJpeg8 = (syntax: string): boolean => JPEG_8.includes(syntax);
export const isJpeg2000 = (syntax: string): boolean => JPEG_2000.includes(syntax) || HTJ2K.includes(syntax);

/** A module writes itself into what it is given. */
const quiet = () => ({ print: () => undefined, printErr: () => undefined });
const modules = new Map<string, Promise<WasmModule>>();

function load(name: string, factory: () => Promise<{ readonly default: unknown }>): Promise<WasmModule> {
  const known = modules.get(name) ?? factory().then(({ default: make }) => (make as Factory)(quiet()));
  modules.set(name, known);
  return known;
}

async function decodeWith(
  name: string,
  decoder: string,
  factory: () => Promise<{ readonly default: unknown }>,
  frame: Uint8Array,
): Promise<DecodedFrame> {
  let instance: WasmDecoder | undefined;
  try {
    const module = await load(name, factory);
    instance = new module[decoder]!();
    instance.getEncodedBuffer(frame.length).set(frame);
    instance.decode();
    const { width, height, bitsPerSample, componentCount, isSigned = false } = instance.getFrameInfo();
    const bytes = Uint8Array.from(instance.getDecodedBuffer());
    instance.delete();
    return { bytes, width, height, samples: componentCount, bits: bitsPerSample, signed: isSigned };
  } catch (error) {
    // A decoder that has trapped is in no state to go on: the next file gets a fresh one.
    modules.delete(name);
    throw new BiolensError(
      'input',
      `${name} cannot decode it: ${typeof error === 'number' ? 'the decoder stopped' : messageOf(error)}`,
    );
  }
}

/** The number of bits a JPEG stream has a sample, from its frame header; null without one. */
function precisionOf(frame: Uint8Array): number | null {
  for (let at = 2; at + 9 < frame.length && frame[at] === 0xff; ) {
    const marker = frame[at + 1]!;
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      return frame[at + 4]!;
    at += 2 + frame[at + 2]! * 256 + frame[at + 3]!;
  }
  return null;
}

/**
 * Whether a JPEG stream that stands under a header of RGB is RGB: the decoder takes colours without a mark for YCbCr and would change them.
 */
export function keepsColours(frame: Uint8Array): boolean {
  for (let at = 2; at + 16 < frame.length && frame[at] === 0xff; ) {
    const marker = frame[at + 1]!;
    // Adobe's mark says which of the two it is.
    if (marker === 0xee) return frame[at + 15] === 0;
    if (marker >= 0xc0 && marker <= 0xc3) return frame[at + 10] === 0x52 && frame[at + 13] === 0x47;
    at += 2 + frame[at + 2]! * 256 + frame[at + 3]!;
  }
  return false;
}

async function decodeLossless(frame: Uint8Array): Promise<DecodedFrame> {
  try {
    const { Decoder } = await import('jpeg-lossless-decoder-js');
    const decoder = new Decoder();
    const copied = Uint8Array.from(frame);
    const buffer = decoder.decode(copied.buffer as ArrayBuffer, 0, copied.length);
    const { dimX: width, dimY: height, numComp, precision } = decoder.frame as unknown as Record<string, number>;
    return {
      bytes: new Uint8Array(buffer as ArrayBuffer),
      width: width!,
      height: height!,
      samples: numComp ?? decoder.numComp,
      bits: precision!,
      signed: false,
    };
  } catch (error) {
    throw new BiolensError('input', `JPEG lossless cannot be decoded: ${messageOf(error)}`);
  }
}

/**
 * Decodes a compressed frame.
 *
 * @throws {BiolensError} `input` for a syntax that has no decoder, and for a frame that cannot be decoded
 */
export async function decodeFrame(frame: Uint8Array, syntax: string): Promise<DecodedFrame> {
  if (JPEG_8.includes(syntax)) {
    const bits = precisionOf(frame);
    if (bits !== null && bits !== 8) throw new BiolensError('input', `JPEG with ${bits} bits, expected 8`);
    return decodeWith('JPEG', 'JPEGDecoder', () => import('@cornerstonejs/codec-libjpeg-turbo-8bit'), frame);
  }
  if (JPEG_LOSSLESS.includes(syntax)) return decodeLossless(frame);
  if (JPEG_LS.includes(syntax))
    return decodeWith('JPEG-LS', 'JpegLSDecoder', () => import('@cornerstonejs/codec-charls'), frame);
  if (JPEG_2000.includes(syntax))
    return decodeWith('JPEG 2000', 'J2KDecoder', () => import('@cornerstonejs/codec-openjpeg'), frame);
  if (HTJ2K.includes(syntax))
    return decodeWith('HTJ2K', 'HTJ2KDecoder', () => import('@cornerstonejs/codec-openjph'), frame);
  throw new BiolensError('input', `pixels are packed as ${syntax}, which is not read`);
}
