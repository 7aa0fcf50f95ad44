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
