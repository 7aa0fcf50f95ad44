import { BiolensError } from '../../../ground/errors.ts';
import { bytesOf, integersOf, type ProtoField, ProtoWriter, readFields, textOf } from './protobuf.ts';

// Field numbers are those of onnx.proto3: model.graph is 7, graph.initializer 5; of a tensor dims are 1, data_type 2, raw_data 9, external_data 13,
// data_location 14 (1: external).

/** Sizes, type and name of a tensor. */
const KEPT_FIELDS = [1, 2, 8];

/** Bytes of an element by ONNX's number of its type. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  16: 2,
};

/** Bytes of a file beside the model. */
export interface ExternalPlace {
  /** Name of the file, relative to the model's folder. */
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

interface ExternalTensor extends ExternalPlace {
  readonly name: string;
}

/** Largest model that its format holds in one piece. */
const MOST_BYTES = 2_000_000_000;

function wholeNumber(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** Where the numbers of a tensor are, if they are in another file. */
function readPlace(tensor: Uint8Array, file: string): ExternalTensor | null {
  let location = 0;
  let name = '';
  let elements = 1;
  let type = 0;
  const entries = new Map<string, string>();
  for (const field of readFields(tensor)) {
    if (field.number === 1) for (const size of integersOf(field)) elements *= size;
    else if (field.number === 2) type = integersOf(field)[0] ?? 0;
    else if (field.number === 8) name = textOf(field);
    else if (field.number === 14) location = integersOf(field)[0] ?? 0;
    else if (field.number === 13) {
      const parts = [...readFields(bytesOf(field))];
      const part = (number: number) => parts.find(found => found.number === number);
      const [key, value] = [part(1), part(2)];
      if (key !== undefined) entries.set(textOf(key), value === undefined ? '' : textOf(value));
    }
  }
  if (location !== 1) return null;
  const wanted = elements * (ELEMENT_BYTES[type] ?? Number.NaN);
  const offset = wholeNumber(entries.get('offset'), 0);
  const length = wholeNumber(entries.get('length'), wanted);
  const path = entries.get('location');
  if (path === undefined || path === '' || !Number.isSafeInteger(offset) || length !== wanted || wanted < 0)
    throw new BiolensError('input', `${file}: the external data of weight "${name.slice(0, 200)}" is malformed`);
  return { name, location: path, offset, length };
}

function copyField({ number, value }: ProtoField, wire: ProtoWriter): void {
  if (typeof value === 'number') wire.int(number, value);
  else wire.bytes(number, value);
}

/** A tensor with its numbers in it. */
function withNumbers(tensor: Uint8Array, numbers: Uint8Array): ProtoWriter {
  const writer = new ProtoWriter();
  for (const field of readFields(tensor)) if (KEPT_FIELDS.includes(field.number)) copyField(field, writer);
  return writer.bytes(9, numbers);
}

/**
 * Puts weights that a model keeps in other files (as PyTorch's exporter does) into the model.
 *
 * @param read gives the bytes of a place, or throws
 * @returns the bytes as they were where no weight is elsewhere
 * @throws {BiolensError} `input` naming the model
 */
export async function inlineExternalData(
  model: Uint8Array,
  { file, read }: { readonly file: string; readonly read: (place: ExternalPlace) => Promise<Uint8Array> },
): Promise<Uint8Array> {
  const fields = [...readFields(model)];
  const graph = fields.find(field => field.number === 7);
  if (graph === undefined) return model;
  const places = new Map<ProtoField, ExternalTensor>();
  const parts = [...readFields(bytesOf(graph))];
  for (const part of parts) {
    const place = part.number === 5 ? readPlace(bytesOf(part), file) : null;
    if (place !== null) places.set(part, place);
  }
  if (places.size === 0) return model;
  const total = [...places.values()].reduce((sum, { length }) => sum + length, model.length);
  if (total > MOST_BYTES)
    throw new BiolensError('input', `${file}: with its external data it has ${total} bytes, more than ${MOST_BYTES}`);
  const whole = new ProtoWriter();
  const inner = new ProtoWriter();
  for (const part of parts) {
    const place = places.get(part);
    if (place === undefined) copyField(part, inner);
    else inner.message(5, withNumbers(bytesOf(part), await read(place)));
  }
  for (const field of fields) {
    if (field === graph) whole.message(7, inner);
    else copyField(field, whole);
  }
  return whole.finish();
}
