import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
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

export interface ReadModelOptions {
  /** SHA-256 in hexadecimal that the model's file must have, or of each of its files by name where weights lie beside it. */
  readonly sha256?: string | Readonly<Record<string, string>> | undefined;
}

const CHUNK_BYTES = 2 ** 22;

async function digestOf({ handle, size }: { readonly handle: FileHandle; readonly size: number }): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += CHUNK_BYTES)
    hash.update(await readExactly(handle, at, Math.min(CHUNK_BYTES, size - at)));
  return hash.digest('hex');
}

function checkDigest(path: string, digest: string, wanted: string | undefined): void {
  if (digest === wanted) return;
  throw new BiolensError(
    'input',
    `${path}: its SHA-256 is ${digest}, the card says ${wanted ?? 'nothing of it (sha256 takes a digest for each file by its name)'}`,
    { details: { file: path } },
  );
}

/**
 * Reads an ONNX model, with the weights that it keeps in files beside it.
 *
 * @throws {BiolensError} `input` naming the file: missing, too large, no model, with data outside of its folder, or with another digest
 */
export async function readModelFile(path: string, { sha256 }: ReadModelOptions = {}): Promise<Uint8Array> {
  const wantedOf = (file: string): string | undefined =>
    typeof sha256 === 'string' ? (file === path ? sha256 : undefined) : sha256?.[basename(file)];
  const { handle, size } = await openRegularFile(path);
  const opened = new Map<string, { readonly handle: FileHandle; readonly size: number }>();
  try {
    if (size > MOST_BYTES)
      throw new BiolensError('input', `${path}: ${size} bytes are more than an ONNX model has`, {
        details: { file: path },
      });
    const bytes = await readExactly(handle, 0, size);
    if (sha256 !== undefined) checkDigest(path, createHash('sha256').update(bytes).digest('hex'), wantedOf(path));
    const whole = await inlineExternalData(bytes, { file: path, read: place => readPart(opened, place, path) });
    if (sha256 !== undefined)
      for (const [file, beside] of opened) checkDigest(file, await digestOf(beside), wantedOf(file));
    return whole;
  } catch (error) {
    if (!(error instanceof BiolensError) || error.message.startsWith('not a protocol buffer'))
      throw new BiolensError('input', `${path}: not an ONNX model (${messageOf(error)})`, { cause: error });
    throw error;
  } finally {
    await handle.close();
    for (const file of opened.values()) await file.handle.close();
  }
}
