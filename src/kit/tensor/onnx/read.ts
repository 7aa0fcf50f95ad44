import { BiolensError, messageOf } from '../../../ground/errors.ts';
import { type Dim, type DType, type TensorInfo, UNKNOWN_SIZE } from '../types.ts';
import { bytesOf, integersOf, readFields, textOf } from './protobuf.ts';
import { ONNX_TYPES } from './types.ts';

/** What a model's bytes say without running it. */
export interface ModelInfo {
  readonly irVersion: number;
  /** Operator set by domain; the standard one is `''`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Without the initialisers that old models list among their inputs. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly nodes: readonly ModelNode[];
  /** Weights, without their numbers. */
  readonly initialisers: readonly TensorInfo[];
}

/** An operation of a model, with the names of what it takes and gives. */
export interface ModelNode {
  readonly op: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

const DTYPES = new Map<number, DType>();
for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'bool'] as const)
  DTYPES.set(ONNX_TYPES[dtype], dtype);

/** What exporters write for a size that they do not know, beside 0, −1 and nothing. */
const NO_NAMES = new Set(['', 'None', UNKNOWN_SIZE]);

function readDimension(bytes: Uint8Array): Dim {
  let size: Dim = UNKNOWN_SIZE;
  for (const field of readFields(bytes)) {
    if (field.number === 1) size = integersOf(field)[0] ?? size;
    else if (field.number === 2) size = textOf(field);
  }
  const known = typeof size === 'number' ? size >= 1 : !NO_NAMES.has(size);
  return known ? size : UNKNOWN_SIZE;
}

function readTensorType(bytes: Uint8Array): Pick<TensorInfo, 'shape' | 'dtype'> {
  let dtype: DType | null = null;
  const shape: Dim[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) dtype = DTYPES.get(integersOf(field)[0] ?? 0) ?? null;
    else if (field.number === 2) {
      for (const dimension of readFields(bytesOf(field))) shape.push(readDimension(bytesOf(dimension)));
    }
  }
  return { shape, dtype };
}

function readValueInfo(bytes: Uint8Array): TensorInfo {
  let name = '';
  let type: Pick<TensorInfo, 'shape' | 'dtype'> = { shape: [], dtype: null };
  for (const field of readFields(bytes)) {
    if (field.number === 1) name = textOf(field);
    else if (field.number === 2) {
      for (const kind of readFields(bytesOf(field))) if (kind.number === 1) type = readTensorType(bytesOf(kind));
    }
  }
  return { name, ...type };
}

function fieldText(bytes: Uint8Array, number: number): string {
  for (const field of readFields(bytes)) if (field.number === number) return textOf(field);
  return '';
}

function readNode(bytes: Uint8Array): ModelNode {
  const [inputs, outputs]: [string[], string[]] = [[], []];
  for (const field of readFields(bytes)) {
    if (field.number === 1) inputs.push(textOf(field));
    else if (field.number === 2) outputs.push(textOf(field));
  }
  return { op: fieldText(bytes, 4), domain: fieldText(bytes, 7), inputs, outputs };
}

function readInitialiser(bytes: Uint8Array): TensorInfo {
  let dtype: DType | null = null;
  const shape: number[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) for (const size of integersOf(field)) shape.push(size);
    else if (field.number === 2) dtype = DTYPES.get(integersOf(field)[0] ?? 0) ?? null;
  }
  return { name: fieldText(bytes, 8), shape, dtype };
}

function readGraph(bytes: Uint8Array): Pick<ModelInfo, 'inputs' | 'outputs' | 'nodes' | 'initialisers'> {
  const inputs: TensorInfo[] = [];
  const outputs: TensorInfo[] = [];
  const nodes: ModelNode[] = [];
  const initialisers: TensorInfo[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) nodes.push(readNode(bytesOf(field)));
    else if (field.number === 5) initialisers.push(readInitialiser(bytesOf(field)));
    else if (field.number === 11) inputs.push(readValueInfo(bytesOf(field)));
    else if (field.number === 12) outputs.push(readValueInfo(bytesOf(field)));
  }
  const weights = new Set(initialisers.map(({ name }) => name));
  return { inputs: inputs.filter(({ name }) => !weights.has(name)), outputs, nodes, initialisers };
}

/**
 * Reads what an ONNX model takes and gives; weights are passed over, not copied.
 *
 * @param options.file what messages call the model.
 * @throws {BiolensError} `input` when the bytes are no ONNX model or are cut short.
 */
export function readModelInfo(bytes: Uint8Array, options: { readonly file?: string } = {}): ModelInfo {
  const file = options.file ?? 'model';
  let irVersion = 0;
  const opsets: Record<string, number> = {};
  let graph: ReturnType<typeof readGraph> | undefined;
  try {
    for (const field of readFields(bytes)) {
      if (field.number === 1) irVersion = integersOf(field)[0] ?? 0;
      else if (field.number === 7) graph = readGraph(bytesOf(field));
      else if (field.number === 8) {
        const entry = bytesOf(field);
        for (const part of readFields(entry))
          if (part.number === 2) opsets[fieldText(entry, 1)] = integersOf(part)[0] ?? 0;
      }
    }
  } catch (error) {
    throw new BiolensError('input', `${file}: not an ONNX model (${messageOf(error)})`, { cause: error });
  }
  if (graph === undefined || graph.outputs.length === 0) throw new BiolensError('input', `${file}: not an ONNX model`);
  return { irVersion, opsets, ...graph };
}
