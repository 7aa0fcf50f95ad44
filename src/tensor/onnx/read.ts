import { BiolensError, messageOf } from '../../errors.ts';
import type { Dim, DType, TensorInfo } from '../types.ts';
import { bytesOf, integersOf, readFields, textOf } from './protobuf.ts';
import { ONNX_TYPES } from './types.ts';

/** What can be told of a model without running it. */
export interface ModelInfo {
  readonly irVersion: number;
  /** Operator set by domain; the standard one is `''`. */
  readonly opsets: Readonly<Record<string, number>>;
  /** Without the initialisers that old models list among their inputs. */
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly operators: readonly string[];
}

const DTYPES = new Map<number, DType>();
for (const dtype of ['float32', 'float16', 'int32', 'int64', 'uint8', 'bool'] as const)
  DTYPES.set(ONNX_TYPES[dtype], dtype);

function readDimension(bytes: Uint8Array, axis: number): Dim {
  let size: Dim = `axis${axis}`;
  for (const field of readFields(bytes)) {
    if (field.number === 1) size = integersOf(field)[0] ?? size;
    else if (field.number === 2 && textOf(field) !== '') size = textOf(field);
  }
  // Exporters write 0 or -1 for a size they do not know.
  return typeof size === 'number' && size < 1 ? `axis${axis}` : size;
}

function readTensorType(bytes: Uint8Array): Pick<TensorInfo, 'shape' | 'dtype'> {
  let dtype: DType | null = null;
  const shape: Dim[] = [];
  for (const field of readFields(bytes)) {
    if (field.number === 1) dtype = DTYPES.get(integersOf(field)[0] ?? 0) ?? null;
    else if (field.number === 2) {
      for (const dimension of readFields(bytesOf(field))) shape.push(readDimension(bytesOf(dimension), shape.length));
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

function readGraph(bytes: Uint8Array): Pick<ModelInfo, 'inputs' | 'outputs' | 'operators'> {
  const inputs: TensorInfo[] = [];
  const outputs: TensorInfo[] = [];
  const operators = new Set<string>();
  const initialisers = new Set<string>();
  for (const field of readFields(bytes)) {
    if (field.number === 1) operators.add(fieldText(bytesOf(field), 4));
    else if (field.number === 5) initialisers.add(fieldText(bytesOf(field), 8));
    else if (field.number === 11) inputs.push(readValueInfo(bytesOf(field)));
    else if (field.number === 12) outputs.push(readValueInfo(bytesOf(field)));
  }
  return { inputs: inputs.filter(({ name }) => !initialisers.has(name)), outputs, operators: [...operators].sort() };
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
