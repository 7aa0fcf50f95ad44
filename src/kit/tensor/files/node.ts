import type { FileHandle } from 'node:fs/promises';
import { BiolensError } from '../../../ground/errors.ts';
import { type ElementLayout, elementsToFloat32 } from '../elements.ts';
import type { MatrixSource } from '../matrix-source.ts';
import { NPY_HEADER_LIMIT, type NpyHeader, readNpy, readNpyHeader } from '../npy.ts';
import { type Bytes, openNpz } from '../npz/node.ts';
import { readSafetensorsHeader, safetensorsHeaderLength } from '../safetensors.ts';
import { openRegularFile, readExactly } from '../tensor-file/node.ts';
import { formatShape } from '../types.ts';

/** A matrix on disk; close it when done. */
export interface MatrixFile extends MatrixSource {
  readonly close: () => Promise<void>;
}

/** The float types of safetensors. */
const FLOATS: Readonly<Record<string, ElementLayout>> = {
  F16: { type: 'f2', bytesPerElement: 2, littleEndian: true },
  BF16: { type: 'bf16', bytesPerElement: 2, littleEndian: true },
  F32: { type: 'f4', bytesPerElement: 4, littleEndian: true },
  F64: { type: 'f8', bytesPerElement: 8, littleEndian: true },
};

/** A matrix as it lies in a file, and what makes its numbers of whole ones. */
interface FoundMatrix {
  readonly layout: NpyHeader;
  readonly bytes: Bytes;
  /** Whether the bytes are the matrix alone. */
  readonly isAlone: boolean;
  /** Each number is (what is there − zero) · scale, by column or for all; null: it is what is there. */
  readonly quantised: { readonly scale: Float32Array; readonly zero: Float32Array } | null;
}

async function npyLayout(bytes: Bytes, file: string): Promise<NpyHeader> {
  return readNpyHeader(await bytes.read(0, NPY_HEADER_LIMIT), { file });
}

/** Names under which a `.npz` file says how whole numbers are scaled. */
const SCALES = { scale: ['scale', 'scales'], zero: ['zero_point', 'zero_points'] } as const;
const MOST_SCALE_BYTES = 10_000_000;

async function readScale(
  arrays: ReadonlyMap<string, Bytes>,
  names: readonly string[],
  { file, cols }: { readonly file: string; readonly cols: number },
): Promise<Float32Array | null> {
  const name = names.find(one => arrays.has(one));
  const bytes = arrays.get(name ?? '');
  if (name === undefined || bytes === undefined) return null;
  const what = `${file}, array "${name}"`;
  if (bytes.size > MOST_SCALE_BYTES)
    throw new BiolensError('input', `${what}: expected 1 or ${cols} numbers`, { details: { file } });
  const { data } = readNpy(await bytes.read(0, bytes.size), { file: what });
  if ((data.length !== 1 && data.length !== cols) || !data.every(Number.isFinite))
    throw new BiolensError('input', `${what}: expected 1 or ${cols} finite numbers, got ${data.length}`, {
      details: { file },
    });
  return data;
}

/** The one matrix of a `.npz` file; arrays that are no numbers, and others than of two axes, are passed over. */
async function findInNpz(handle: FileHandle, size: number, file: string): Promise<FoundMatrix> {
  const arrays = await openNpz(handle, { size, file });
  const aside: readonly string[] = [...SCALES.scale, ...SCALES.zero];
  const matrices: { name: string; layout: NpyHeader; bytes: Bytes }[] = [];
  for (const [name, bytes] of arrays) {
    if (aside.includes(name)) continue;
    const layout = await npyLayout(bytes, `${file}, array "${name}"`).catch(() => null);
    if (layout?.shape.length === 2) matrices.push({ name, layout, bytes });
  }
  const [found] = matrices;
  if (found === undefined || matrices.length > 1) {
    const names = matrices.map(({ name }) => name).join(', ');
    throw new BiolensError('input', `${file}: expected one matrix, found ${names === '' ? 'none' : names}`);
  }
  const cols = found.layout.shape[1]!;
  const scale = await readScale(arrays, SCALES.scale, { file, cols });
  const zero = await readScale(arrays, SCALES.zero, { file, cols });
  const quantised =
    scale === null && zero === null ? null : { scale: scale ?? Float32Array.of(1), zero: zero ?? Float32Array.of(0) };
  return { layout: found.layout, bytes: found.bytes, isAlone: true, quantised };
}

async function findMatrix(handle: FileHandle, size: number, file: string): Promise<FoundMatrix> {
  const bytes: Bytes = { size, read: (offset, length) => readExactly(handle, offset, length) };
  const start = await bytes.read(0, 2);
  // The content decides; the name decides for a file that is neither.
  if (start[0] === 0x50 && start[1] === 0x4b) return findInNpz(handle, size, file);
  if (start[0] === 0x93 || /\.npy$/i.test(file))
    return { layout: await npyLayout(bytes, file), bytes, isAlone: true, quantised: null };
  return { layout: await safetensorsLayout(handle, file, size), bytes, isAlone: false, quantised: null };
}

/** Rows of whole numbers as what they stand for, in place. */
function scaleNumbers(
  numbers: Float32Array,
  cols: number,
  { scale, zero }: NonNullable<FoundMatrix['quantised']>,
): void {
  for (let i = 0; i < numbers.length; i++) {
    const col = i % cols;
    numbers[i] = (numbers[i]! - zero[zero.length === 1 ? 0 : col]!) * scale[scale.length === 1 ? 0 : col]!;
  }
}

async function safetensorsLayout(handle: FileHandle, file: string, fileBytes: number): Promise<NpyHeader> {
  const length = safetensorsHeaderLength(await readExactly(handle, 0, 8), { file });
  const bytes = await readExactly(handle, 0, Math.min(8 + length, fileBytes));
  const { entries } = readSafetensorsHeader(bytes, { file, fileBytes });
  const matrices = entries.filter(({ shape, type }) => shape.length === 2 && type in FLOATS);
  const [entry] = matrices;
  const layout = FLOATS[entry?.type ?? ''];
  if (entry === undefined || layout === undefined || matrices.length > 1) {
    const names = matrices.map(({ name }) => name).join(', ');
    throw new BiolensError(
      'input',
      `${file}: expected one float matrix, found ${matrices.length === 0 ? 'none' : names}`,
    );
  }
  return { ...layout, fortranOrder: false, offset: entry.offset, shape: entry.shape };
}

/**
 * Opens the matrix of a `.npy`, `.npz` or `.safetensors` file, to be read by rows; unless it is packed, the file is never in memory as a whole.
 *
 * A safetensors file must hold exactly one float matrix, a `.npz` file one matrix; arrays `scale` and `zero_point` beside it (one number, or one for
 * each column) say what its whole numbers stand for: (number − zero_point) · scale.
 *
 * @throws {BiolensError} `input` naming the file: missing, of another format, not two-dimensional, or cut short (with the bytes it should
 *   have and has).
 */
export async function openMatrixFile(path: string): Promise<MatrixFile> {
  const { handle, size } = await openRegularFile(path);
  try {
    const { layout, bytes: source, isAlone, quantised } = await findMatrix(handle, size, path);
    const [rows, cols] = layout.shape;
    if (rows === undefined || cols === undefined || layout.shape.length !== 2) {
      throw new BiolensError('input', `${path}: expected a matrix [rows, width], got ${formatShape(layout.shape)}`);
    }
    const wanted = layout.offset + rows * cols * layout.bytesPerElement;
    if (isAlone && source.size > wanted)
      throw new BiolensError(
        'input',
        `${path}: ${source.size - wanted} bytes after its [${rows}, ${cols}] belong to nothing`,
        { details: { file: path } },
      );
    if (source.size < wanted)
      throw new BiolensError(
        'input',
        `${path}: cut short, [${rows}, ${cols}] takes ${wanted} bytes, the file has ${source.size}`,
      );
    const readRun = async (first: number, count: number): Promise<Float32Array> => {
      const length = count * layout.bytesPerElement;
      const bytes = await source.read(layout.offset + first * layout.bytesPerElement, length);
      if (bytes.length < length) throw new BiolensError('input', `${path}: became shorter while it was read`);
      return elementsToFloat32(bytes, layout);
    };
    const readByColumns = async (start: number, count: number): Promise<Float32Array> => {
      const out = new Float32Array(count * cols);
      for (let col = 0; col < cols; col++) {
        const values = await readRun(col * rows + start, count);
        for (let row = 0; row < count; row++) out[row * cols + col] = values[row]!;
      }
      return out;
    };
    return {
      rows,
      cols,
      read: async (start, count) => {
        const numbers = await (layout.fortranOrder ? readByColumns(start, count) : readRun(start * cols, count * cols));
        if (quantised !== null) scaleNumbers(numbers, cols, quantised);
        return numbers;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
