import { BiolensError } from '../../../ground/errors.ts';

/** A quantised template as it is sealed: 16 bits a number, little-endian. */
export function templateToBytes(values: Int16Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setInt16(2 * i, values[i]!, true);
  return bytes;
}

/** @throws {BiolensError} `external` for another number of bytes */
export function bytesToTemplate(bytes: Uint8Array, width: number): Int16Array {
  if (bytes.length !== 2 * width) throw new BiolensError('external', 'a template of another dimension');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Int16Array(width);
  for (let i = 0; i < width; i++) values[i] = view.getInt16(2 * i, true);
  return values;
}
