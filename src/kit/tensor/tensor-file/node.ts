import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import {
  readSafetensorsEntry,
  readSafetensorsHeader,
  type SafetensorsEntry,
  safetensorsHeaderLength,
} from '../safetensors.ts';
import type { TensorData } from '../types.ts';

/** Bytes of a file from a place on; fewer where it ends. */
export async function readExactly(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/**
 * Opens a file to be read, if it is one: a pipe would let the reader wait for ever.
 *
 * @throws {BiolensError} `input` naming the file.
 */
export async function openRegularFile(path: string): Promise<{ readonly handle: FileHandle; readonly size: number }> {
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw fileError(path, error);
  });
  const found = await handle.stat();
  if (found.isFile()) return { handle, size: found.size };
  await handle.close();
  throw new BiolensError('input', `${path}: ${found.isDirectory() ? 'a folder, not a file' : 'not a regular file'}`, {
    details: { file: path },
  });
}

/** A safetensors file whose tensors are read one at a time; close it when done. */
export interface TensorFile {
  readonly file: string;
  readonly entries: readonly SafetensorsEntry[];
  /** @throws {BiolensError} `input` naming the file, when it became shorter */
  readonly read: (entry: SafetensorsEntry) => Promise<TensorData>;
  readonly close: () => Promise<void>;
}

/**
 * Opens a safetensors file and reads its header alone.
 *
 * @throws {BiolensError} `input` naming the file and what is wrong with it.
 */
export async function openTensorFile(path: string): Promise<TensorFile> {
  const { handle, size } = await openRegularFile(path);
  try {
    const length = safetensorsHeaderLength(await readExactly(handle, 0, 8), { file: path });
    const bytes = await readExactly(handle, 0, Math.min(8 + length, size));
    const { entries } = readSafetensorsHeader(bytes, { file: path, fileBytes: size });
    return {
      file: path,
      entries,
      read: async entry => {
        const found = await readExactly(handle, entry.offset, entry.byteLength);
        if (found.length < entry.byteLength)
          throw new BiolensError('input', `${path}: became shorter while it was read`, { details: { file: path } });
        return readSafetensorsEntry(entry, found);
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
