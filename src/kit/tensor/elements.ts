/** The value of a float16 given as its bits (IEEE 754-2008, binary16). */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const wordAsFloat = new Float32Array(word.buffer);

/** The value of a bfloat16 given as its bits: the upper half of a float32. */
function bfloatToNumber(bits: number): number {
  word[0] = bits << 16;
  return wordAsFloat[0]!;
}

/** How each element type in a file is read as a number; the names are NumPy's, and `bf16`. */
const READERS = {
  f2: (view: DataView, at: number, little: boolean) => halfToNumber(view.getUint16(at, little)),
  f4: (view: DataView, at: number, little: boolean) => view.getFloat32(at, little),
  f8: (view: DataView, at: number, little: boolean) => view.getFloat64(at, little),
  bf16: (view: DataView, at: number, little: boolean) => bfloatToNumber(view.getUint16(at, little)),
  i1: (view: DataView, at: number) => view.getInt8(at),
  i2: (view: DataView, at: number, little: boolean) => view.getInt16(at, little),
  i4: (view: DataView, at: number, little: boolean) => view.getInt32(at, little),
  i8: (view: DataView, at: number, little: boolean) => Number(view.getBigInt64(at, little)),
  u1: (view: DataView, at: number) => view.getUint8(at),
  b1: (view: DataView, at: number) => view.getUint8(at),
} as const;

export type ElementType = keyof typeof READERS;

/** How the elements of an array lie in a file. */
export interface ElementLayout {
  readonly type: ElementType;
  readonly littleEndian: boolean;
  readonly bytesPerElement: number;
}

export function isElementType(type: string): type is ElementType {
  return Object.hasOwn(READERS, type);
}

/** A run of elements as float32; little-endian float32 is copied as it is. */
export function elementsToFloat32(
  bytes: Uint8Array,
  { type, littleEndian, bytesPerElement }: ElementLayout,
): Float32Array {
  const out = new Float32Array(bytes.length / bytesPerElement);
  if (type === 'f4' && littleEndian) {
    new Uint8Array(out.buffer).set(bytes);
    return out;
  }
  const read = READERS[type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < out.length; i++) out[i] = read(view, i * bytesPerElement, littleEndian);
  return out;
}

/** The bits of a number as a float16, rounded to the nearest, halves to even; too large ones become infinite. */
function numberToHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(size)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = size < 2 ** -14 ? -14 : Math.floor(Math.log2(size));
  // log2 may round up to the next power of two.
  const scale = 2 ** (Math.max(-14, size < 2 ** exponent ? exponent - 1 : exponent) - 10);
  const steps = size / scale;
  const low = Math.floor(steps);
  const rest = steps - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  // Steps of a normal number are 1024 to 2047; 2048 carries into the exponent, as adding the bits does.
  const field = scale === 2 ** -24 ? 0 : Math.log2(scale) + 24;
  return sign | (field * 1024 + rounded);
}

/** Numbers as the bits of float16. */
export function float32ToHalves(data: Float32Array): Uint16Array<ArrayBuffer> {
  return Uint16Array.from(data, numberToHalf);
}
