import { BiolensError } from '../../ground/errors.ts';
import type { Attribute, Initialiser } from './onnx/types.ts';
import { writeModel } from './onnx/write.ts';
import { type Dim, type DType, formatShape, sizeOf, type TensorInfo } from './types.ts';

export type { Attribute, Initialiser } from './onnx/types.ts';

/** A tensor within a graph: the input, initialiser or node output called `name`. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly shape: readonly Dim[];
  readonly dtype: DType;
}

/** One operation, kept as data: what is written to ONNX, and what a gradient rule for its `op` reads. */
export interface GraphNode {
  readonly op: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  /** A left-out optional input is null. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Domain of what is several nodes in the model and one to gradients. */
export const COMPOSITE_DOMAIN = 'biolens';

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/**
 * A computation written down operation by operation, checked as it grows, and turned into an ONNX model.
 *
 * Operations are functions of `Value`s (`conv2d`, `matmul`, …) and append to the graph of their operands.
 *
 * @example
 * const graph = new Graph();
 * const x = graph.input('x', ['n', 2]);
 * graph.output('y', relu(matmul(x, graph.constant(weights, [2, 3]))));
 * const session = await runtime.load(graph.build());
 */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs: Value[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly initialisers: Initialiser[] = [];
  /** Nodes that gradients take as one, by the name of the last value that they compute. */
  readonly composites = new Map<string, GraphNode>();
  readonly #names = new Set<string>();
  readonly #integers = new Map<string, Value>();
  readonly #around: Graph | undefined;
  readonly #prefix: string;

  /** @param around the graph whose values the body of a loop may use besides its own; a node's first operand is to be one of its own */
  constructor({ around }: { readonly around?: Graph } = {}) {
    this.#around = around;
    // A name may occur once in a model, its bodies included.
    this.#prefix = around === undefined ? '' : `${around.#fresh('body')}.`;
  }

  #claim(name: string): string {
    if (this.#names.has(name)) throw new BiolensError('usage', `graph: the name "${name}" is used twice`);
    this.#names.add(name);
    return name;
  }

  #fresh(stem: string): string {
    return this.#claim(`${this.#prefix}${stem}_${this.#names.size}`);
  }

  /** Declares an input. A string in `shape` is a size known only when the graph runs. */
  input(name: string, shape: readonly Dim[], dtype: DType = 'float32'): Value {
    const value: Value = { graph: this, name: this.#claim(`${this.#prefix}${name}`), shape, dtype };
    this.inputs.push(value);
    return value;
  }

  /** Adds numbers that are part of the model; the array's type is the tensor's. */
  constant(data: ConstantData, shape: readonly number[], name?: string): Value {
    if (data.length !== sizeOf(shape)) {
      throw new BiolensError('usage', `constant: ${data.length} numbers do not fill ${formatShape(shape)}`);
    }
    const initialiser = typed(name === undefined ? this.#fresh('constant') : this.#claim(name), shape, data);
    this.initialisers.push(initialiser);
    return { graph: this, name: initialiser.name, shape, dtype: initialiser.dtype };
  }

  /** A name for a size that is known only after a run, such as how many boxes are kept. */
  freshSize(stem: string): string {
    return this.#fresh(stem);
  }

  /** A float32 scalar. */
  scalar(value: number): Value {
    return this.constant(Float32Array.of(value), []);
  }

  /** An int64 list, as shapes and axes are given to operators; equal lists are stored once. */
  integers(values: readonly number[]): Value {
    const key = values.join();
    const known = this.#integers.get(key);
    if (known !== undefined) return known;
    const value = this.constant(BigInt64Array.from(values, BigInt), [values.length]);
    this.#integers.set(key, value);
    return value;
  }

  /** Appends an operation; `outputs` are the shapes and types that it yields. */
  node(
    op: string,
    inputs: readonly (Value | null)[],
    options: NodeOptions & { readonly outputs: readonly Omit<Value, 'graph' | 'name'>[] },
  ): Value[] {
    for (const input of inputs) {
      if (input !== null && input.graph !== this && input.graph !== this.#around)
        throw new BiolensError('usage', `${op}: "${input.name}" belongs to another graph`);
    }
    const outputs = options.outputs.map(
      ({ shape, dtype }): Value => ({ graph: this, name: this.#fresh(op), shape, dtype }),
    );
    this.nodes.push({ op, inputs, outputs, attributes: options.attributes ?? {}, domain: options.domain ?? '' });
    return outputs;
  }

  /**
   * Says that what leads from `inputs` to the first of `outputs` is one operation to gradients, which has a rule of its own; the further
   * outputs are values on the way that the rule uses. The model is made of the nodes as they are.
   */
  composite(op: string, inputs: readonly Value[], outputs: readonly [Value, ...Value[]]): void {
    this.composites.set(outputs[0].name, { op, inputs, outputs, attributes: {}, domain: COMPOSITE_DOMAIN });
  }

  /** Makes a value an output of the model under a name. */
  output(name: string, value: Value): void {
    if (value.graph !== this) throw new BiolensError('usage', `output: "${value.name}" belongs to another graph`);
    this.outputs.push({ name: this.#claim(`${this.#prefix}${name}`), value });
  }

  get inputInfo(): readonly TensorInfo[] {
    return this.inputs.map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  }

  /**
   * The ONNX model (IR 10, opset 21).
   *
   * @throws {BiolensError} `usage` when the graph has no output.
   */
  build(): Uint8Array {
    if (this.outputs.length === 0) throw new BiolensError('usage', 'graph: it has no output');
    return writeModel(this);
  }
}

function typed(name: string, shape: readonly number[], data: ConstantData): Initialiser {
  if (data instanceof Float32Array) return { name, shape, dtype: 'float32', data };
  if (data instanceof Int32Array) return { name, shape, dtype: 'int32', data };
  if (data instanceof BigInt64Array) return { name, shape, dtype: 'int64', data };
  return { name, shape, dtype: 'uint8', data };
}

/** Appends an operation with one output. */
export function single(
  op: string,
  inputs: readonly (Value | null)[],
  output: Omit<Value, 'graph' | 'name'>,
  options: NodeOptions = {},
): Value {
  const graph = inputs.find(input => input !== null)?.graph;
  const [value] = graph?.node(op, inputs, { ...options, outputs: [output] }) ?? [];
  if (value === undefined) throw new BiolensError('usage', `${op}: needs an operand`);
  return value;
}
