import { BiolensError } from '../../../ground/errors.ts';

/** The only elements that are ever read, by group and element: what pixels need, and where slices lie. Nothing in it says who a person is. */
export const READ_TAGS = {
  transferSyntax: 0x00020010,
  sliceThickness: 0x00180050,
  spacingBetweenSlices: 0x00180088,
  position: 0x00200032,
  orientation: 0x00200037,
  samples: 0x00280002,
  photometric: 0x00280004,
  planar: 0x00280006,
  frames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  pixelSpacing: 0x00280030,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  signed: 0x00280103,
  padding: 0x00280120,
  burntIn: 0x00280301,
  windowCentre: 0x00281050,
  windowWidth: 0x00281051,
  intercept: 0x00281052,
  slope: 0x00281053,
  windowFunction: 0x00281056,
  paletteRed: 0x00281101,
  paletteRedData: 0x00281201,
  paletteGreenData: 0x00281202,
  paletteBlueData: 0x00281203,
} as const;
export type TagName = keyof typeof READ_TAGS;

const NAMES = new Map<number, TagName>(Object.entries(READ_TAGS).map(([name, tag]) => [tag, name as TagName]));
const PIXELS = [0x7fe00008, 0x7fe00009, 0x7fe00010];

/** Where the pixels of a file stand. */
export interface PixelElement {
  readonly form: 'native' | 'float' | 'double';
  /** They are stored as words of two bytes. */
  readonly asWords: boolean;
  /** Bytes as they are; null where they are in fragments. */
  readonly bytes: Uint8Array | null;
  readonly fragments: readonly Uint8Array[];
  /** Offsets of frames from the first fragment, as the file says; empty where it does not. */
  readonly offsets: readonly number[];
}

export interface DicomElements {
  readonly syntax: string;
  readonly littleEndian: boolean;
  readonly values: ReadonlyMap<TagName, Uint8Array>;
  readonly pixels: PixelElement | null;
}

const IMPLICIT = '1.2.840.10008.1.2';
const EXPLICIT = '1.2.840.10008.1.2.1';
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
export const DEFLATED = '1.2.840.10008.1.2.1.99';
/** Value representations whose length takes four bytes. */
const LONG = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNDEFINED = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const DEEPEST = 32;
const MOST_VALUE = 2 ** 20;
const MOST_FRAGMENTS = 1_000_000;

function wrong(why: string): BiolensError {
  return new BiolensError('input', why);
}

interface Element {
  readonly tag: number;
  readonly vr: string;
  readonly start: number;
  readonly length: number;
}

/** Walks through elements without keeping what is not wanted. */
class Walker {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  little = true;
  explicit = true;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  tagAt(at: number): number {
    return this.view.getUint16(at, this.little) * 0x10000 + this.view.getUint16(at + 2, this.little);
  }

  /** The head of the next element; null at the end. */
  next(): Element | null {
    if (this.at + 8 > this.bytes.length) return null;
    const tag = this.tagAt(this.at);
    if (tag === ITEM || tag === ITEM_END || tag === SEQUENCE_END) {
      const length = this.view.getUint32(this.at + 4, this.little);
      this.at += 8;
      return { tag, vr: '', start: this.at, length };
    }
    let vr = 'UN';
    let length: number;
    if (this.explicit) {
      vr = String.fromCharCode(this.bytes[this.at + 4]!, this.bytes[this.at + 5]!);
      if (!/^[A-Z]{2}$/.test(vr)) throw wrong(`a damaged element at byte ${this.at}`);
      if (LONG.has(vr)) {
        if (this.at + 12 > this.bytes.length) return null;
        length = this.view.getUint32(this.at + 8, this.little);
        this.at += 12;
      } else {
        length = this.view.getUint16(this.at + 6, this.little);
        this.at += 8;
      }
    } else {
      length = this.view.getUint32(this.at + 4, this.little);
      this.at += 8;
    }
    return { tag, vr, start: this.at, length };
  }

  /** Goes past the items of a sequence whose length is not stated. */
  skipSequence(depth: number, implicit: boolean): void {
    if (depth > DEEPEST) throw wrong(`sequences more than ${DEEPEST} deep`);
    const before = this.explicit;
    if (implicit) this.explicit = false;
    for (;;) {
      const item = this.next();
      if (item === null) throw wrong('a sequence without an end');
      if (item.tag === SEQUENCE_END) break;
      if (item.tag !== ITEM) throw wrong(`a damaged sequence at byte ${this.at}`);
      if (item.length !== UNDEFINED) this.skip(item.length);
      else this.#skipItem(depth);
    }
    this.explicit = before;
  }

  #skipItem(depth: number): void {
    for (;;) {
      const element = this.next();
      if (element === null) throw wrong('an item without an end');
      if (element.tag === ITEM_END) return;
      if (element.length === UNDEFINED) this.skipSequence(depth + 1, element.vr === 'UN' && this.explicit);
      else this.skip(element.length);
    }
  }

  skip(length: number): void {
    if (length > this.bytes.length - this.at)
      throw wrong(`an element claims ${length} bytes, ${this.bytes.length - this.at} are left`);
    this.at += length;
  }
}

function readFragments(walker: Walker): Pick<PixelElement, 'fragments' | 'offsets'> {
  const fragments: Uint8Array[] = [];
  let offsets: number[] | null = null;
  for (;;) {
    const item = walker.next();
    // A file that is cut off has the fragments that it has.
    if (item === null || item.tag === SEQUENCE_END) break;
    if (item.tag !== ITEM) throw wrong('damaged fragments of pixels');
    const bytes = walker.bytes.subarray(item.start, item.start + item.length);
    walker.skip(item.length);
    if (offsets === null) {
      const table = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      offsets = Array.from({ length: bytes.length >> 2 }, (_, i) => table.getUint32(4 * i, true));
    } else fragments.push(bytes);
    if (fragments.length > MOST_FRAGMENTS) throw wrong('too many fragments of pixels');
  }
  return { fragments, offsets: offsets ?? [] };
}

/** A text value without what pads it. */
export const textOf = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? '' : Buffer.from(bytes).toString('latin1').replaceAll('\0', ' ').trim();

/** Where the elements of a file begin, and how the first of them are written. */
function openFile(bytes: Uint8Array): Walker {
  const marked = bytes.length > 132 && Buffer.from(bytes.subarray(128, 132)).toString('latin1') === 'DICM';
  const walker = new Walker(bytes, marked ? 132 : 0);
  if (marked) return walker;
  // Without a preamble the first element has to look like one of the first groups.
  if (bytes.length < 16) throw wrong('not DICOM');
  const little = new Walker(bytes, 0).tagAt(0);
  const group = Math.floor(little / 0x10000);
  if (group === 0x0002) return walker;
  if (group !== 0x0008 && group !== 0x0010 && group !== 0x0018) throw wrong('not DICOM');
  walker.explicit = /^[A-Z]{2}$/.test(String.fromCharCode(bytes[4]!, bytes[5]!));
  return walker;
}

/**
 * Reads the few elements of a DICOM file that pixels need. All others are passed over and never kept, so that nothing that says who a person is can reach
 * a report, a log or an error.
 *
 * @param inflate unpacks a deflated file
 * @throws {BiolensError} `input` saying what is wrong, without any value of the file
 */
export function readElements(file: Uint8Array, inflate: (bytes: Uint8Array) => Uint8Array): DicomElements {
  let walker = openFile(file);
  const values = new Map<TagName, Uint8Array>();
  let syntax = walker.explicit ? '' : IMPLICIT;
  let inMeta = walker.explicit;
  let pixels: PixelElement | null = null;
  while (pixels === null) {
    if (inMeta && walker.at + 4 <= walker.bytes.length && walker.view.getUint16(walker.at, true) !== 0x0002) {
      inMeta = false;
      syntax = textOf(values.get('transferSyntax'));
      if (syntax === DEFLATED) walker = new Walker(inflate(walker.bytes.subarray(walker.at)), 0);
      walker.little = syntax !== BIG_ENDIAN;
      // What stands there decides: some writers say one thing and do the other.
      const written = String.fromCharCode(walker.bytes[walker.at + 4] ?? 0, walker.bytes[walker.at + 5] ?? 0);
      walker.explicit = /^[A-Z]{2}$/.test(written);
      if (syntax === '') syntax = walker.explicit ? EXPLICIT : IMPLICIT;
    }
    const element = walker.next();
    if (element === null) break;
    const form = PIXELS.indexOf(element.tag);
    if (form >= 0) {
      const kind = (['float', 'double', 'native'] as const)[form]!;
      if (element.length === UNDEFINED) pixels = { form: kind, asWords: false, bytes: null, ...readFragments(walker) };
      else {
        const left = walker.bytes.length - element.start;
        if (element.length > left) throw wrong(`pixels claim ${element.length} bytes, ${left} are left`);
        pixels = {
          form: kind,
          asWords: element.vr === 'OW',
          bytes: walker.bytes.subarray(element.start, element.start + element.length),
          fragments: [],
          offsets: [],
        };
      }
      break;
    }
    if (element.length === UNDEFINED) {
      walker.skipSequence(0, element.vr === 'UN' && walker.explicit);
      continue;
    }
    const name = NAMES.get(element.tag);
    if (name !== undefined && element.length <= MOST_VALUE && element.start + element.length <= walker.bytes.length)
      values.set(name, walker.bytes.subarray(element.start, element.start + element.length));
    walker.skip(element.length);
  }
  return { syntax, littleEndian: walker.little, values, pixels };
}
