import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { pathInside } from '../inside/node.ts';
import { type ExternalPlace, inlineExternalData } from '../onnx/external-data.ts';
import { openRegularFile, readExactly } from '../tensor-file/node.ts';

/** Largest ONNX file; the format's own limit is 2 GB. */
const MOST_BYTES = 2_000_000_000;

async function readPart(
  opened: Map<string, { readonly handle: FileHandle; readonly size: number }>,
  { location, offset, length }: ExternalPlace,
  model: string,
): Promise<Uint8Array> {
  const path = await pathInside(dirname(model), location);
  if (path === null)
    throw new BiolensError('input', `${model}: its external data ${JSON.stringify(location)} is not in its folder`, {
      details: { file: model },
    });
  const file = opened.get(path) ?? (await openRegularFile(path));
  opened.set(path, file);
  const bytes = offset + length <= file.size ? await readExactly(file.handle, offset, length) : new Uint8Array();
  if (bytes.length < length)
    throw new BiolensError(
      'input',
      `${path}: cut short: ${model} reads it up to byte ${offset + length}, it has ${file.size}`,
      { details: { file: path } },
    );
  return bytes;
}

/**
 * Reads an ONNX model, with the weights that it keeps in files beside it.
 *
 * @throws {BiolensError} `input` naming the file: missing, too large, no model, or with data outside of its folder
 */
export async function readModelFile(path: string): Promise<Uint8Array> {
  const { handle, size } = await openRegularFile(path);
  const opened = new Map<string, { readonly handle: FileHandle; readonly size: number }>();
  try {
    if (size > MOST_BYTES)
      throw new BiolensError('input', `${path}: ${size} bytes are more than an ONNX model has`, {
        details: { file: path },
      });
    const bytes = await readExactly(handle, 0, size);
    return await inlineExternalData(bytes, { file: path, read: place => readPart(opened, place, path) });
  } catch (error) {
    if (!(error instanceof BiolensError) || error.message.startsWith('not a protocol buffer'))
      throw new BiolensError('input', `${path}: not an ONNX model (${messageOf(error)})`, { cause: error });
    throw error;
  } finally {
    await handle.close();
    for (const file of opened.values()) await file.handle.close();
  }
}
