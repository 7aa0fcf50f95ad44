import { type FileHandle, open } from 'node:fs/promises';
import { BiolensError, messageOf } from '../../errors.ts';
import type { MatrixSource } from '../matrix-source.ts';
import { elementsToFloat32, NPY_HEADER_LIMIT, type NpyHeader, readNpyHeader } from '../npy.ts';
import { readSafetensorsHeader, safetensorsHeaderLength } from '../safetensors.ts';
import { formatShape } from '../types.ts';

/** A matrix on disk; close it when done. */
export interface MatrixFile extends MatrixSource {
  readonly close: () => Promise<void>;
}

/** How the numbers lie in the file. */
interface Layout
  extends Pick<NpyHeader, 'type' | 'littleEndian' | 'bytesPerElement' | 'offset' | 'shape' | 'fortranOrder'> {}

const FILE_TYPES: Readonly<Record<string, { readonly type: string; readonly bytesPerElement: number }>> = {
  float32: { type: 'f4', bytesPerElement: 4 },
  float16: { type: 'f2', bytesPerElement: 2 },
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

async function npyLayout(handle: FileHandle, file: string): Promise<Layout> {
  return readNpyHeader(await readExactly(handle, 0, NPY_HEADER_LIMIT), { file });
}

async function safetensorsLayout(handle: FileHandle, file: string, fileBytes: number): Promise<Layout> {
  const length = safetensorsHeaderLength(await readExactly(handle, 0, 8), { file });
  const { entries } = readSafetensorsHeader(await readExactly(handle, 0, 8 + length), { file, fileBytes });
  const matrices = entries.filter(({ shape, dtype }) => shape.length === 2 && dtype in FILE_TYPES);
  const [entry] = matrices;
  if (entry === undefined || matrices.length > 1) {
    const names = matrices.map(({ name }) => name).join(', ');
    throw new BiolensError(
      'input',
      `${file}: expected one float matrix, found ${matrices.length === 0 ? 'none' : names}`,
    );
  }
  return {
    ...FILE_TYPES[entry.dtype]!,
    littleEndian: true,
    fortranOrder: false,
    offset: entry.offset,
    shape: entry.shape,
  };
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
    const isNpy = (await readExactly(handle, 0, 1))[0] === 0x93;
    const layout = isNpy ? await npyLayout(handle, path) : await safetensorsLayout(handle, path, size);
    const [rows, cols] = layout.shape;
    if (rows === undefined || cols === undefined || layout.shape.length !== 2) {
      throw new BiolensError('input', `${path}: expected a matrix [rows, width], got ${formatShape(layout.shape)}`);
    }
    if (layout.fortranOrder && rows > 1 && cols > 1)
      throw new BiolensError('input', `${path}: columns come first in this file; save it in C order`);
    const rowBytes = cols * layout.bytesPerElement;
    const wanted = layout.offset + rows * rowBytes;
    if (size < wanted)
      throw new BiolensError(
        'input',
        `${path}: cut short, [${rows}, ${cols}] takes ${wanted} bytes, the file has ${size}`,
      );
    return {
      rows,
      cols,
      read: async (start, count) => {
        const bytes = await readExactly(handle, layout.offset + start * rowBytes, count * rowBytes);
        if (bytes.length < count * rowBytes)
          throw new BiolensError('input', `${path}: became shorter while it was read`);
        return elementsToFloat32(bytes, layout);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
