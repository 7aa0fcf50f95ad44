import type { Dim, DType } from '../types.ts';
import { ProtoWriter } from './protobuf.ts';
import {
  type Attribute,
  type Initialiser,
  type ModelToWrite,
  type NamedTensor,
  type NodeToWrite,
  ONNX_TYPES,
} from './types.ts';

// Field numbers are those of onnx.proto3, messages in the order of that file.

const IR_VERSION = 10;
export const OPSET = 21;

type NameOf = (value: NamedTensor) => string;

function writeAttribute(name: string, attribute: Attribute, nameOf: NameOf): ProtoWriter {
  const writer = new ProtoWriter().string(1, name);
  if ('float' in attribute) return writer.float(2, attribute.float).int(20, 1);
  if ('int' in attribute) return writer.int(3, attribute.int).int(20, 2);
  if ('string' in attribute) return writer.string(4, attribute.string).int(20, 3);
  if ('graph' in attribute) return writer.message(6, writeGraph(attribute.graph, nameOf)).int(20, 5);
  if ('floats' in attribute) {
    for (const value of attribute.floats) writer.float(7, value);
    return writer.int(20, 6);
  }
  for (const value of attribute.ints) writer.int(8, value);
  return writer.int(20, 7);
}

function writeNode(node: NodeToWrite, index: number, nameOf: NameOf): ProtoWriter {
  const writer = new ProtoWriter();
  for (const input of node.inputs) writer.string(1, input === null ? '' : nameOf(input));
  for (const output of node.outputs) writer.string(2, nameOf(output));
  writer.string(3, `${node.op}_${index}`).string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes))
    writer.message(5, writeAttribute(name, attribute, nameOf));
  if (node.domain !== '') writer.string(7, node.domain);
  return writer;
}

function writeInitialiser({ name, dtype, shape, data }: Initialiser): ProtoWriter {
  const writer = new ProtoWriter();
  for (const size of shape) writer.int(1, size);
  return writer
    .int(2, ONNX_TYPES[dtype])
    .string(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeValueInfo(name: string, shape: readonly Dim[], dtype: DType): ProtoWriter {
  const dimensions = new ProtoWriter();
  for (const size of shape) {
    const dimension = new ProtoWriter();
    dimensions.message(1, typeof size === 'number' ? dimension.int(1, size) : dimension.string(2, size));
  }
  const tensor = new ProtoWriter().int(1, ONNX_TYPES[dtype]).message(2, dimensions);
  return new ProtoWriter().string(1, name).message(2, new ProtoWriter().message(1, tensor));
}

/** A `GraphProto`; `outerName` says what values of the graph around it are called. */
function writeGraph(graph: ModelToWrite, outerName: NameOf): ProtoWriter {
  // An output that a node computes takes the output's name; one that is an input, a constant or an output already needs a copy.
  const computed = new Set(graph.nodes.flatMap(node => node.outputs));
  const renamed = new Map<NamedTensor, string>();
  const copies: { readonly from: NamedTensor; readonly to: string }[] = [];
  for (const { name, value } of graph.outputs) {
    if (computed.has(value) && !renamed.has(value)) renamed.set(value, name);
    else copies.push({ from: value, to: name });
  }
  const nameOf: NameOf = value => renamed.get(value) ?? outerName(value);

  const writer = new ProtoWriter();
  for (const [index, node] of graph.nodes.entries()) writer.message(1, writeNode(node, index, nameOf));
  for (const { from, to } of copies)
    writer.message(1, new ProtoWriter().string(1, nameOf(from)).string(2, to).string(4, 'Identity'));
  writer.string(2, 'biolens');
  for (const initialiser of graph.initialisers) writer.message(5, writeInitialiser(initialiser));
  for (const { name, shape, dtype } of graph.inputs) writer.message(11, writeValueInfo(name, shape, dtype));
  for (const { name, value } of graph.outputs) writer.message(12, writeValueInfo(name, value.shape, value.dtype));
  return writer;
}

/** Serialises a graph as an ONNX `ModelProto`. */
export function writeModel(graph: ModelToWrite): Uint8Array {
  const model = new ProtoWriter().int(1, IR_VERSION).string(2, 'biolens');
  model.message(
    7,
    writeGraph(graph, ({ name }) => name),
  );
  model.message(8, new ProtoWriter().string(1, '').int(2, OPSET));
  const domains = new Set(graph.nodes.map(node => node.domain).filter(domain => domain !== ''));
  for (const domain of domains) model.message(8, new ProtoWriter().string(1, domain).int(2, 1));
  return model.finish();
}
