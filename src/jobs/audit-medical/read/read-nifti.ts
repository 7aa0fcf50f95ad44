import { BiolensError } from '../../../ground/errors.ts';

/** A volume as NIfTI stores it. */
export interface NiftiVolume {
  /** Columns, rows, slices. */
  readonly size: readonly [number, number, number];
  /** Volumes of a series; the first is read. */
  readonly count: number;
  /** Millimetres between voxels. */
  readonly spacing: readonly [number, number, number];
  /** Column by column, row by row, slice by slice, after scaling. */
  readonly values: Float64Array;
}

/** Voxels of a volume, at most. */
const MOST_VOXELS = 2 ** 27;

type Read = (view: DataView, at: number, little: boolean) => number;
const TYPES: ReadonlyMap<number, readonly [bytes: number, read: Read]> = new Map<number, readonly [number, Read]>([
  [2, [1, (view, at) => view.getUint8(at)]],
  [4, [2, (view, at, little) => view.getInt16(at, little)]],
  [8, [4, (view, at, little) => view.getInt32(at, little)]],
  [16, [4, (view, at, little) => view.getFloat32(at, little)]],
  [64, [8, (view, at, little) => view.getFloat64(at, little)]],
  [256, [1, (view, at) => view.getInt8(at)]],
  [512, [2, (view, at, little) => view.getUint16(at, little)]],
  [768, [4, (view, at, little) => view.getUint32(at, little)]],
  [1024, [8, (view, at, little) => Number(view.getBigInt64(at, little))]],
  [1280, [8, (view, at, little) => Number(view.getBigUint64(at, little))]],
]);

const refuse = (why: string): BiolensError => new BiolensError('input', why);

/** Whether the bytes begin as NIfTI-1 or -2 do. */
export function isNifti(bytes: Uint8Array): boolean {
  if (bytes.length < 348) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [348, 540].some(size => view.getInt32(0, true) === size || view.getInt32(0, false) === size);
}

interface NiftiHeader {
  readonly little: boolean;
  readonly second: boolean;
  readonly size: readonly number[];
  readonly voxels: number;
  readonly type: readonly [bytes: number, read: Read];
  /** Where the values begin, as the header says. */
  readonly offset: number;
  readonly view: DataView;
}

function readHeader(bytes: Uint8Array): NiftiHeader {
  if (!isNifti(bytes)) throw refuse('not NIfTI');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = [348, 540].includes(view.getInt32(0, true));
  const second = view.getInt32(0, little) === 540;
  if (second && bytes.length < 540) throw refuse('a header that ends too early');
  const whole = (at: number): number => (second ? Number(view.getBigInt64(at, little)) : view.getInt16(at, little));
  const [dims, step] = second ? [16, 8] : [40, 2];
  const rank = whole(dims);
  if (!(rank >= 1 && rank <= 7)) throw refuse(`${rank} dimensions, expected 1 to 7`);
  const size = Array.from({ length: 7 }, (_, i) => (i < rank ? whole(dims + step * (i + 1)) : 1));
  if (size.some(n => !(n >= 1 && n < 2 ** 31))) throw refuse(`a size of ${size.slice(0, rank).join(' × ')}`);
  const intent = second ? view.getInt32(504, little) : view.getInt16(68, little);
  if (intent >= 3000 && intent <= 3099) throw refuse('a CIFTI file: values of surfaces, not of a volume');
  const [x, y, z] = [size[0]!, size[1]!, size[2]!];
  const voxels = x * y * z;
  if (voxels > MOST_VOXELS) throw refuse(`${x} × ${y} × ${z} voxels are too many`);
  const code = view.getInt16(second ? 12 : 70, little);
  const type = TYPES.get(code);
  if (type === undefined) throw refuse(`values of type ${code}, expected whole or real numbers`);
  const offset = second ? Number(view.getBigInt64(168, little)) : Math.trunc(view.getFloat32(108, little));
  return { little, second, size, voxels, type, offset, view };
}

/**
 * Bytes of a single file up to the end of its first volume, as its header says.
 *
 * @throws {BiolensError} `input` as {@link readNifti}
 */
export function niftiBytes(head: Uint8Array): number {
  const { second, voxels, type, offset } = readHeader(head);
  // A header that stands alone says 0.
  return Math.max(second ? 540 : 348, offset + voxels * type[0]);
}

/**
 * Reads the first volume of a NIfTI-1 or NIfTI-2 file of either byte order (https://nifti.nimh.nih.gov). A slope of 0 means values that are not scaled.
 *
 * @param image bytes of the `.img` file where the header stands alone
 * @throws {BiolensError} `input` for a damaged header, types of colours and complex numbers, and a CIFTI file
 */
export function readNifti(bytes: Uint8Array, image: Uint8Array | null = null): NiftiVolume {
  const { little, second, size, voxels, type, offset, view } = readHeader(bytes);
  const [x, y, z] = [size[0]!, size[1]!, size[2]!];
  const real = (at: number): number => (second ? view.getFloat64(at, little) : view.getFloat32(at, little));
  const [width, read] = type;
  const from = image === null ? offset : 0;
  const data = image ?? bytes;
  if (!(from >= 0 && from + voxels * width <= data.length))
    throw refuse(`values take ${voxels * width} bytes, ${Math.max(0, data.length - Math.max(0, from))} are there`);
  const slopeAt = second ? 176 : 112;
  const [slope, inter] = [real(slopeAt), real(slopeAt + (second ? 8 : 4))];
  const scaled = Number.isFinite(slope) && slope !== 0;
  const stored = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float64Array(voxels);
  for (let i = 0; i < voxels; i++) {
    const value = read(stored, from + i * width, little);
    values[i] = scaled ? value * slope + (Number.isFinite(inter) ? inter : 0) : value;
  }
  const pixdim = second ? 104 : 76;
  const spacing = [1, 2, 3].map(i => Math.abs(real(pixdim + (second ? 8 : 4) * i)) || 1);
  return {
    size: [x, y, z],
    count: size.slice(3).reduce((product, n) => product * n, 1),
    spacing: [spacing[0]!, spacing[1]!, spacing[2]!],
    values,
  };
}
