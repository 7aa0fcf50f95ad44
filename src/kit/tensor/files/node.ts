import { type FileHandle, open } from 'node:fs/promises';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { type ElementLayout, elementsToFloat32 } from '../elements.ts';
import type { MatrixSource } from '../matrix-source.ts';
import { NPY_HEADER_LIMIT, type NpyHeader, readNpyHeader } from '../npy.ts';
import { readSafetensorsHeader, safetensorsHeaderLength } from '../safetensors.ts';
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

async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function npyLayout(handle: FileHandle, file: string): Promise<NpyHeader> {
  return readNpyHeader(await readExactly(handle, 0, NPY_HEADER_LIMIT), { file });
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
 * Opens the matrix of a `.npy` or `.safetensors` file, to be read by rows; the file is never in memory as a whole.
 *
 * A safetensors file must hold exactly one float matrix.
 *
 * @throws {BiolensError} `input` naming the file: missing, of another format, not two-dimensional, or cut short (with the bytes it should
 *   have and has).
 */
export async function openMatrixFile(path: string): Promise<MatrixFile> {
  let handle: FileHandle;
  try {
    handle = await open(path);
  } catch (error) {
    throw new BiolensError('input', `${path}: ${messageOf(error).replace(/, open .*/, '')}`, { cause: error });
  }
  try {
    const { size } = await handle.stat();
    // Told by the content; what is neither is judged by its name.
    const isNpy = (await readExactly(handle, 0, 1))[0] === 0x93 || /\.npy$/i.test(path);
    const layout = isNpy ? await npyLayout(handle, path) : await safetensorsLayout(handle, path, size);
    const [rows, cols] = layout.shape;
    if (rows === undefined || cols === undefined || layout.shape.length !== 2) {
      throw new BiolensError('input', `${path}: expected a matrix [rows, width], got ${formatShape(layout.shape)}`);
    }
    const wanted = layout.offset + rows * cols * layout.bytesPerElement;
    if (size < wanted)
      throw new BiolensError(
        'input',
        `${path}: cut short, [${rows}, ${cols}] takes ${wanted} bytes, the file has ${size}`,
      );
    const readRun = async (first: number, count: number): Promise<Float32Array> => {
      const length = count * layout.bytesPerElement;
      const bytes = await readExactly(handle, layout.offset + first * layout.bytesPerElement, length);
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
      read: layout.fortranOrder
        ? (start, count) => readByColumns(start, count)
        : (start, count) => readRun(start * cols, count * cols),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
