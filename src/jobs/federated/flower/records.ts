import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { z } from 'zod';
import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { readNpy, type TensorData, writeNpy } from '../../../kit/tensor/index.ts';
import { type RecordValue, RecordValueSchema, ValueRecordSchema } from './fleet-messages.ts';
import { type FlowerObject, makeObject, type ObjectParts } from './objects.ts';

export type PlainValue =
  | number
  | string
  | boolean
  | readonly number[]
  | readonly string[]
  | readonly boolean[]
  | Uint8Array;
export type Values = Readonly<Record<string, PlainValue>>;

/** What a message holds, by the names that the ServerApp gave its records. */
export interface FlowerRecords {
  readonly arrays: Readonly<Record<string, Readonly<Record<string, TensorData>>>>;
  readonly metrics: Readonly<Record<string, Values>>;
  readonly configs: Readonly<Record<string, Values>>;
}

/** Bytes of a piece of an array. */
export const CHUNK_BYTES = 5 * 2 ** 20;
/** Arrays of a message together; what is larger is refused before it is fetched. */
export const MOST_ARRAY_BYTES = 4 * 2 ** 30;
const NUMPY = 'numpy.ndarray';
const MOST_NAMES = 100_000;

const refuse = (why: string, cause?: unknown): never => {
  throw new BiolensError('input', `message of the SuperLink: ${why}`, { cause });
};
const encodeJson = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function parseJson<T>(body: Uint8Array, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf8', { fatal: true }).decode(body));
  } catch (error) {
    return refuse(`${what} is not JSON: ${messageOf(error)}`, error);
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : refuse(`${what}: ${parsed.error.issues[0]?.message}`);
}

const namesSchema = z
  .record(z.string(), z.string())
  .refine(names => Object.keys(names).length <= MOST_NAMES, `more than ${MOST_NAMES} names`);
const arraySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()).max(32),
  stype: z.string(),
  arraychunk_ids: z.array(z.number().int().nonnegative()).max(MOST_NAMES),
});

/** Fetches an object that another one names, read and checked. */
export type FetchObject = (id: string) => Promise<ObjectParts>;

async function readArray(name: string, { body, children }: ObjectParts, fetchObject: FetchObject): Promise<TensorData> {
  const { stype, arraychunk_ids, shape } = parseJson(body, arraySchema, `array ${JSON.stringify(name)}`);
  if (stype !== NUMPY)
    return refuse(`array ${JSON.stringify(name)} is written as ${JSON.stringify(stype)}, expected ${NUMPY}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (const place of arraychunk_ids) {
    const id = children[place] ?? refuse(`array ${JSON.stringify(name)} names a piece that is not there`);
    const piece = await fetchObject(id);
    if (piece.type !== 'ArrayChunk') return refuse(`array ${JSON.stringify(name)} has a piece of another kind`);
    bytes += piece.body.length;
    if (bytes > MOST_ARRAY_BYTES) return refuse(`array ${JSON.stringify(name)} is too large`);
    pieces.push(piece.body);
  }
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  pieces.length = 0;
  try {
    const tensor = readNpy(whole, { file: `array ${JSON.stringify(name)}` });
    if (tensor.shape.join() !== shape.join())
      return refuse(`array ${JSON.stringify(name)} says [${shape.join(', ')}] and is [${tensor.shape.join(', ')}]`);
    return tensor;
  } catch (error) {
    if (error instanceof BiolensError && error.message.startsWith('message of')) throw error;
    return refuse(messageOf(error), error);
  }
}

function plainOf({ value }: RecordValue, name: string): PlainValue {
  const small = (number: bigint): number =>
    Number.isSafeInteger(Number(number)) ? Number(number) : refuse(`"${name}" is too large a number`);
  switch (value.case) {
    case 'sint64':
    case 'uint64':
      return small(value.value);
    case 'sintList':
    case 'uintList':
      return value.value.vals.map(small);
    case 'doubleList':
      return value.value.vals;
    case 'boolList':
      return value.value.vals;
    case 'stringList':
      return value.value.vals;
    case 'bytesList':
      return refuse(`"${name}" is a list of bytes, which is not read`);
    case undefined:
      return refuse(`"${name}" has no value`);
    default:
      return value.value;
  }
}

function readValues(body: Uint8Array, what: string): Values {
  let record: ReturnType<typeof fromBinary<typeof ValueRecordSchema>>;
  try {
    record = fromBinary(ValueRecordSchema, body);
  } catch (error) {
    return refuse(`${what} cannot be read: ${messageOf(error)}`, error);
  }
  return Object.fromEntries(
    record.items.map(({ key, value }) => [key, plainOf(value ?? refuse(`"${key}" has no value`), key)]),
  );
}

/**
 * Reads the records below a message, fetching what it names.
 *
 * @param dict the RecordDict
 * @throws BiolensError `input` naming what is wrong: a kind, a digest, a shape, a name
 */
export async function readRecords(dict: ObjectParts, fetchObject: FetchObject): Promise<FlowerRecords> {
  if (dict.type !== 'RecordDict') return refuse(`a ${dict.type} stands where records should`);
  // Entries, since a name may be that of a prototype.
  const arrays: [string, Readonly<Record<string, TensorData>>][] = [];
  const metrics: [string, Values][] = [];
  const configs: [string, Values][] = [];
  for (const [name, id] of Object.entries(parseJson(dict.body, namesSchema, 'its records'))) {
    if (!dict.children.includes(id)) return refuse(`record ${JSON.stringify(name)} is none of its parts`);
    const record = await fetchObject(id);
    if (record.type === 'MetricRecord') metrics.push([name, readValues(record.body, `record ${JSON.stringify(name)}`)]);
    else if (record.type === 'ConfigRecord')
      configs.push([name, readValues(record.body, `record ${JSON.stringify(name)}`)]);
    else if (record.type === 'ArrayRecord') {
      const found: [string, TensorData][] = [];
      for (const [key, array] of Object.entries(
        parseJson(record.body, namesSchema, `record ${JSON.stringify(name)}`),
      )) {
        if (!record.children.includes(array)) return refuse(`array ${JSON.stringify(key)} is none of its parts`);
        const parts = await fetchObject(array);
        if (parts.type !== 'Array') return refuse(`array ${JSON.stringify(key)} is a ${parts.type}`);
        found.push([key, await readArray(key, parts, fetchObject)]);
      }
      arrays.push([name, Object.fromEntries(found)]);
    } else return refuse(`record ${JSON.stringify(name)} is a ${record.type}`);
  }
  return {
    arrays: Object.fromEntries(arrays),
    metrics: Object.fromEntries(metrics),
    configs: Object.fromEntries(configs),
  };
}

/** The words for types that NumPy has, which is what Flower writes. */
function arrayObject(tensor: TensorData): FlowerObject {
  const bytes = writeNpy(tensor);
  const chunks: FlowerObject[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
    chunks.push(makeObject('ArrayChunk', [], bytes.subarray(at, at + CHUNK_BYTES)));
  const unique = [...new Set(chunks.map(({ id }) => id))];
  const body = encodeJson({
    dtype: tensor.dtype,
    shape: tensor.shape,
    stype: NUMPY,
    arraychunk_ids: chunks.map(({ id }) => unique.indexOf(id)),
  });
  return makeObject('Array', chunks, body);
}

function wireValue(value: PlainValue, { metric }: { readonly metric: boolean }): RecordValue {
  const make = (one: RecordValue['value']): RecordValue => create(RecordValueSchema, { value: one });
  if (typeof value === 'number')
    return Number.isInteger(value) && metric === false
      ? make({ case: 'sint64', value: BigInt(value) })
      : make({ case: 'double', value });
  if (typeof value === 'string') return make({ case: 'string', value });
  if (typeof value === 'boolean') return make({ case: 'bool', value });
  if (value instanceof Uint8Array) return make({ case: 'bytes', value });
  throw new BiolensError('usage', 'a record holds numbers, texts, truth values and bytes');
}

/** Which metrics are counts: ServerApps weigh by them, and expect whole numbers. */
const COUNTS: ReadonlySet<string> = new Set(['num-examples']);

function valuesObject(type: 'MetricRecord' | 'ConfigRecord', values: Values): FlowerObject {
  const metric = type === 'MetricRecord';
  const items = Object.entries(values).map(([key, value]) => ({
    key,
    value: wireValue(value, { metric: metric && !COUNTS.has(key) }),
  }));
  return makeObject(type, [], toBinary(ValueRecordSchema, create(ValueRecordSchema, { items })));
}

/** The object of records that a reply holds. */
export function recordsObject({ arrays, metrics, configs }: FlowerRecords): FlowerObject {
  const named = (record: Readonly<Record<string, FlowerObject>>): Uint8Array =>
    encodeJson(Object.fromEntries(Object.entries(record).map(([name, { id }]) => [name, id])));
  const records: Record<string, FlowerObject> = {};
  for (const [name, tensors] of Object.entries(arrays)) {
    const found = Object.fromEntries(Object.entries(tensors).map(([key, tensor]) => [key, arrayObject(tensor)]));
    records[name] = makeObject('ArrayRecord', Object.values(found), named(found));
  }
  for (const [name, values] of Object.entries(metrics)) records[name] = valuesObject('MetricRecord', values);
  for (const [name, values] of Object.entries(configs)) records[name] = valuesObject('ConfigRecord', values);
  return makeObject('RecordDict', Object.values(records), named(records));
}
