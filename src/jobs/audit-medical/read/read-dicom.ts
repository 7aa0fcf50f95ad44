import { inflateRawSync } from 'node:zlib';
import { BiolensError } from '../../../ground/errors.ts';
import { type DecodedFrame, decodeFrame, isJpeg8, isJpeg2000, keepsColours, RLE } from './codecs.ts';
import { type DicomElements, readElements, type TagName, textOf } from './dicom-elements.ts';
import { type Palette, readPalette } from './palette.ts';
import { decodeRle } from './rle.ts';
import { type Window, windowOf } from './window.ts';

export type StoredValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** The pixels of a DICOM file as they are stored, and what they mean. */
export interface DicomImage {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: number;
  /** As the values are now: colours that a decoder has converted are RGB. */
  readonly photometric: string;
  /** Frame by frame, row by row, samples side by side. */
  readonly values: StoredValues;
  readonly slope: number;
  readonly intercept: number;
  readonly padding: number | null;
  /** Millimetres between rows and columns; null where the file does not say. */
  readonly spacing: readonly [number, number] | null;
  readonly thickness: number | null;
  readonly position: readonly number[] | null;
  readonly orientation: readonly number[] | null;
  readonly burntIn: 'yes' | 'no' | 'unknown';
  /** How rescaled values are shown; null where the file does not say. */
  readonly window: Window | null;
  /** Colours of the stored values where they are those of a palette and its tables are whole. */
  readonly palette: Palette | null;
}

/** Values of all frames of a file, at most. */
const MOST_VALUES = 2 ** 29;
/** A deflated file, unpacked, at most. */
const MOST_INFLATED = 2 ** 30;

function refuse(why: string): BiolensError {
  return new BiolensError('input', why);
}

const numbersOf = (bytes: Uint8Array | undefined): number[] =>
  textOf(bytes)
    .split('\\')
    .map(part => (part.trim() === '' ? Number.NaN : Number(part)));

const finite = (values: readonly number[], n: number): readonly number[] | null =>
  values.length === n && values.every(Number.isFinite) ? values : null;

/** Reads the elements that are numbers of two bytes, or text. */
class Header {
  readonly #elements: DicomElements;
  constructor(elements: DicomElements) {
    this.#elements = elements;
  }
  short(name: TagName): number | null {
    const bytes = this.#elements.values.get(name);
    if (bytes === undefined || bytes.length < 2) return null;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(0, this.#elements.littleEndian);
  }
  need(name: TagName, what: string): number {
    const value = this.short(name);
    if (value === null || value === 0) throw refuse(`no ${what}`);
    return value;
  }
  text(name: TagName): string {
    return textOf(this.#elements.values.get(name));
  }
  numbers(name: TagName, n: number): readonly number[] | null {
    return finite(numbersOf(this.#elements.values.get(name)).slice(0, n), n);
  }
  /** The first of several numbers. */
  first(name: TagName): number | null {
    return finite(numbersOf(this.#elements.values.get(name)).slice(0, 1), 1)?.[0] ?? null;
  }
  number(name: TagName): number | null {
    return this.numbers(name, 1)?.[0] ?? null;
  }
}

interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  readonly samples: number;
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  readonly planar: boolean;
  readonly photometric: string;
}

function shapeOf(header: Header, form: 'native' | 'float' | 'double'): Shape {
  const rows = header.need('rows', 'number of rows');
  const columns = header.need('columns', 'number of columns');
  const said = header.text('frames');
  const frames = said === '' ? 1 : Number(said);
  if (!Number.isInteger(frames) || frames < 0 || !/^\+?\d+$/.test(said === '' ? '1' : said))
    throw refuse('the number of frames is no number');
  const samples = header.short('samples') ?? 1;
  if (samples !== 1 && samples !== 3 && samples !== 4) throw refuse(`${samples} samples a pixel, expected 1, 3 or 4`);
  const bitsAllocated = form === 'float' ? 32 : form === 'double' ? 64 : header.need('bitsAllocated', 'bits a value');
  if (![1, 8, 16, 32, 64].includes(bitsAllocated))
    throw refuse(`${bitsAllocated} bits a value, expected 1, 8, 16 or 32`);
  if (rows * columns * Math.max(1, frames) * samples > MOST_VALUES)
    throw refuse(`${rows} × ${columns} pixels in ${frames} frames are too many`);
  return {
    rows,
    columns,
    frames: Math.max(1, frames),
    samples,
    bitsAllocated,
    bitsStored: header.short('bitsStored') ?? bitsAllocated,
    signed: header.short('signed') === 1,
    planar: samples > 1 && header.short('planar') === 1,
    photometric: header.text('photometric') || 'MONOCHROME2',
  };
}

/** Bytes of little-endian values as numbers. */
function valuesOf(
  bytes: Uint8Array,
  { bits, signed }: { readonly bits: number; readonly signed: boolean },
): StoredValues {
  // A copy in memory of its own, which numbers of several bytes need.
  const own = new Uint8Array(bytes.subarray(0, bytes.length - (bytes.length % (bits / 8))));
  const { buffer } = own;
  if (bits === 8) return signed ? new Int8Array(buffer) : own;
  if (bits === 16) return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
  return signed ? new Int32Array(buffer) : new Uint32Array(buffer);
}

function swap(bytes: Uint8Array, size: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) swapped[i] = bytes[i - (i % size) + size - 1 - (i % size)]!;
  return swapped;
}

/** One bit a pixel, the lowest first, over frames without a gap. */
function unpackBits(bytes: Uint8Array, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >>> 3]! >>> (i & 7)) & 1);
}

/** Two pixels share their colour: Y Y Cb Cr becomes Y Cb Cr, Y Cb Cr. */
function expand422(bytes: Uint8Array, pixels: number): Uint8Array {
  const expanded = new Uint8Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const pair = 4 * (pixel >> 1);
    expanded[3 * pixel] = bytes[pair + (pixel & 1)]!;
    expanded[3 * pixel + 1] = bytes[pair + 2]!;
    expanded[3 * pixel + 2] = bytes[pair + 3]!;
  }
  return expanded;
}

/** Samples that lie plane by plane, side by side. */
function interleave<T extends StoredValues>(values: T, { rows, columns, frames, samples }: Shape): T {
  const pixels = rows * columns;
  const mixed = values.slice() as T;
  for (let frame = 0; frame < frames; frame++)
    for (let sample = 0; sample < samples; sample++)
      for (let pixel = 0; pixel < pixels; pixel++)
        mixed[(frame * pixels + pixel) * samples + sample] = values[(frame * samples + sample) * pixels + pixel]!;
  return mixed;
}

function readNative(
  bytes: Uint8Array,
  shape: Shape,
  {
    form,
    little,
    asWords,
  }: { readonly form: 'native' | 'float' | 'double'; readonly little: boolean; readonly asWords: boolean },
): { readonly values: StoredValues; readonly photometric: string } {
  const { rows, columns, frames, samples, bitsAllocated: bits, signed, photometric } = shape;
  const count = rows * columns * frames * samples;
  const shared = photometric === 'YBR_FULL_422' && samples === 3 && bits === 8;
  const needed = shared ? rows * columns * frames * 2 : bits === 1 ? Math.ceil(count / 8) : count * (bits / 8);
  if (bytes.length < needed) {
    // Some writers say that colours are shared and store them whole.
    throw refuse(`pixels take ${needed} bytes, ${bytes.length} are there`);
  }
  if (bits === 1) return { values: unpackBits(bytes, count), photometric };
  // Some writers say that colours are shared, and store all of them.
  if (shared && bytes.length < count)
    return { values: expand422(bytes, rows * columns * frames), photometric: 'YBR_FULL' };
  const size = bits / 8;
  // Bytes in words of the other order have changed places too.
  const width = size === 1 && asWords ? 2 : size;
  const ordered = (
    little || width === 1 ? bytes : swap(bytes.subarray(0, bytes.length - (bytes.length % width)), width)
  ).subarray(0, count * size);
  if (form !== 'native') {
    const { buffer } = new Uint8Array(ordered);
    return { values: bits === 32 ? new Float32Array(buffer) : new Float64Array(buffer), photometric };
  }
  const values = valuesOf(ordered, { bits, signed });
  return { values: shape.planar ? interleave(values, shape) : values, photometric };
}

/** The bytes of each frame from its fragments. */
function framesOf(
  { fragments, offsets }: { readonly fragments: readonly Uint8Array[]; readonly offsets: readonly number[] },
  frames: number,
): Uint8Array[] {
  if (fragments.length === frames) return [...fragments];
  if (frames === 1) return [Buffer.concat(fragments)];
  const groups: Uint8Array[][] = [];
  if (offsets.length === frames) {
    const begins = new Set(offsets);
    let at = 0;
    for (const fragment of fragments) {
      if (begins.has(at)) groups.push([]);
      groups.at(-1)?.push(fragment);
      at += fragment.length + 8;
    }
  } else
    for (const fragment of fragments) {
      // A frame of JPEG or JPEG 2000 begins with a mark of its own.
      const begins = fragment[0] === 0xff && (fragment[1] === 0xd8 || fragment[1] === 0x4f);
      if (begins || groups.length === 0) groups.push([]);
      groups.at(-1)!.push(fragment);
    }
  if (groups.length !== frames) throw refuse(`pixels of ${groups.length} frames, expected ${frames}`);
  return groups.map(parts => Buffer.concat(parts));
}

/** The values of a decoded frame, checked against the header and with the sign that it says. */
function adopt(frame: DecodedFrame, shape: Shape, syntax: string): StoredValues {
  const { rows, columns, samples } = shape;
  if (frame.width !== columns || frame.height !== rows || frame.samples !== samples)
    throw refuse(
      `a frame of ${frame.width} × ${frame.height} with ${frame.samples} samples, the header says ${columns} × ${rows} with ${samples}`,
    );
  const bytesEach = frame.bytes.length / (rows * columns * samples);
  if (![1, 2, 4].includes(bytesEach)) throw refuse('a frame of another size than its header says');
  if (!isJpeg2000(syntax) || frame.signed === shape.signed)
    return valuesOf(frame.bytes, {
      bits: 8 * bytesEach,
      signed: shape.signed && bytesEach * 8 === shape.bitsAllocated,
    });
  // Stream and header differ: the stream knows how its values were written.
  const values = valuesOf(frame.bytes, { bits: 8 * bytesEach, signed: frame.signed });
  const half = 2 ** (frame.bits - 1);
  if (!shape.signed) return values;
  return Int32Array.from(values, value => (value >= half ? value - 2 * half : value));
}

async function readPacked(
  pixels: NonNullable<DicomElements['pixels']>,
  shape: Shape,
  syntax: string,
): Promise<{ readonly values: StoredValues; readonly photometric: string }> {
  const { rows, columns, samples, bitsAllocated } = shape;
  const count = rows * columns * samples;
  let all: StoredValues | null = null;
  const packed = framesOf(pixels, shape.frames);
  for (const [i, bytes] of packed.entries()) {
    if (isJpeg8(syntax) && samples === 3 && shape.photometric === 'RGB' && !keepsColours(bytes))
      throw refuse('JPEG of RGB colours without a mark, which would be read as others');
    const values =
      syntax === RLE
        ? valuesOf(decodeRle(bytes, { pixels: rows * columns, samples, bytesEach: bitsAllocated / 8 }), {
            bits: bitsAllocated,
            signed: shape.signed,
          })
        : adopt(await decodeFrame(bytes, syntax), shape, syntax);
    all ??= new (values.constructor as new (length: number) => StoredValues)(count * shape.frames);
    all.set(values.subarray(0, count) as never, i * count);
  }
  if (all === null) throw refuse('no pixels');
  const converted = samples === 3 && (isJpeg8(syntax) || isJpeg2000(syntax));
  return { values: all, photometric: converted ? 'RGB' : shape.photometric };
}

/**
 * Reads the pixels of a DICOM file. A file that is not decoded rightly is refused with its reason, never read wrongly in silence.
 *
 * @throws {BiolensError} `input` saying why, without any value that could tell who a person is
 */
export async function readDicom(file: Uint8Array): Promise<DicomImage> {
  const elements = readElements(file, bytes => inflateRawSync(bytes, { maxOutputLength: MOST_INFLATED }));
  const { pixels, syntax, littleEndian } = elements;
  if (pixels === null) throw refuse('no pixels');
  const header = new Header(elements);
  const shape = shapeOf(header, pixels.form);
  const read =
    pixels.bytes === null
      ? await readPacked(pixels, shape, syntax)
      : readNative(pixels.bytes, shape, { form: pixels.form, little: littleEndian, asWords: pixels.asWords });
  const spacing = header.numbers('pixelSpacing', 2);
  const burnt = header.text('burntIn').toUpperCase();
  const padding = header.short('padding');
  return {
    rows: shape.rows,
    columns: shape.columns,
    frames: shape.frames,
    samples: shape.samples,
    ...read,
    slope: header.number('slope') ?? 1,
    intercept: header.number('intercept') ?? 0,
    padding: padding === null ? null : shape.signed && padding >= 0x8000 ? padding - 0x10000 : padding,
    spacing: spacing === null ? null : [spacing[0]!, spacing[1]!],
    thickness: header.number('spacingBetweenSlices') ?? header.number('sliceThickness'),
    position: header.numbers('position', 3),
    orientation: header.numbers('orientation', 6),
    window: windowOf(header.first('windowCentre'), header.first('windowWidth'), header.text('windowFunction')),
    palette:
      read.photometric === 'PALETTE COLOR'
        ? readPalette(
            elements.values.get('paletteRed'),
            (['paletteRedData', 'paletteGreenData', 'paletteBlueData'] as const).map(name => elements.values.get(name)),
            { little: littleEndian, signed: shape.signed },
          )
        : null,
    burntIn: burnt === 'YES' ? 'yes' : burnt === 'NO' ? 'no' : 'unknown',
  };
}
