import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import { Graph, type Value } from '../graph.ts';
import { reshape, slice, split } from '../ops/structure.ts';
import { type DType, float32, formatShape, sizeOf, type TensorData } from '../types.ts';
import { sameShape } from './rules/rule.ts';

/**
 * How a parameter starts. Fans are counted from a shape `[out, in, …]`.
 *
 * - `he`: normal with variance 2 · gain² / fan-in (He et al. 2015), for ReLU and its kin.
 * - `glorot`: uniform with variance 2 · gain² / (fan-in + fan-out) (Glorot and Bengio 2010), for tanh.
 * - `normal`: of a deviation that is given.
 */
export type Start =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'he' | 'glorot'; readonly gain?: number }
  | { readonly kind: 'normal'; readonly stdDev: number };

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: Start;
  /** Where it begins in the flat vector. */
  readonly offset: number;
}

/** Asks for a parameter by name while a network is written down; the first call of a name declares it. */
export type Lookup = (name: string, declaration: { readonly shape: readonly number[]; readonly start: Start }) => Value;

/** How a graph splits the flat vector: `split` is fastest, `slices` is what devices take that bind few buffers at once (WebGPU). */
export type VectorForm = 'split' | 'slices';

/**
 * The parameters of a network, and where each lies in one flat vector: in training, weights, moments and averages are one such vector each.
 */
export class ParameterSet {
  readonly list: readonly Parameter[];
  /** Numbers in all. */
  readonly size: number;
  readonly #byName: ReadonlyMap<string, Parameter>;

  /** @throws {BiolensError} `usage` when a name occurs twice. */
  constructor(declarations: readonly Omit<Parameter, 'offset'>[]) {
    let offset = 0;
    this.list = declarations.map(({ name, shape, start }) => {
      const parameter = { name, shape, start, offset };
      offset += sizeOf(shape);
      return parameter;
    });
    this.size = offset;
    this.#byName = new Map(this.list.map(parameter => [parameter.name, parameter]));
    if (this.#byName.size < this.list.length) throw new BiolensError('usage', 'parameters: a name is declared twice');
  }

  #find(name: string, shape: readonly number[]): Parameter {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw new BiolensError('usage', `parameter "${name}" is not one of the set`);
    if (!sameShape(parameter.shape, shape))
      throw new BiolensError(
        'usage',
        `parameter "${name}" is ${formatShape(parameter.shape)}, asked for ${formatShape(shape)}`,
      );
    return parameter;
  }

  /** Cuts a vector of a graph into the parameters; values in the order of `list`. */
  cut(vector: Value, form: VectorForm = 'split'): Value[] {
    const sizes = this.list.map(({ shape }) => sizeOf(shape));
    const pieces =
      form === 'split'
        ? split(vector, sizes, { axis: 0 })
        : this.list.map(({ offset }, i) => slice(vector, [{ axis: 0, start: offset, end: offset + sizes[i]! }]));
    return this.list.map(({ shape }, i) => reshape(pieces[i]!, shape));
  }

  /** Looks parameters up among values in the order of `list`. */
  lookupIn(values: readonly Value[]): Lookup {
    const indices = new Map(this.list.map(({ name }, i) => [name, i]));
    return (name, { shape }) => values[indices.get(this.#find(name, shape).name)!]!;
  }

  /** Looks parameters up as constants of a graph, for inference; `weights` is the flat vector. */
  constantsIn(graph: Graph, weights: Float32Array): Lookup {
    this.#checkSize(weights);
    const made = new Map<string, Value>();
    return (name, { shape }) => {
      const { offset } = this.#find(name, shape);
      const known = made.get(name) ?? graph.constant(weights.slice(offset, offset + sizeOf(shape)), shape, name);
      made.set(name, known);
      return known;
    };
  }

  #checkSize(vector: Float32Array): void {
    if (vector.length !== this.size)
      throw new BiolensError('usage', `parameters: expected ${this.size} numbers, got ${vector.length}`);
  }

  /** Fresh weights. Each parameter depends on the key and on its own name and shape only. */
  draw(key: RandomKey): Float32Array {
    const vector = new Float32Array(this.size);
    for (const parameter of this.list) {
      const part = vector.subarray(parameter.offset, parameter.offset + sizeOf(parameter.shape));
      fillStart(part, parameter, foldIn(key, parameter.name));
    }
    return vector;
  }

  /** The vector's parts by name; they share its memory. */
  toTensors(vector: Float32Array): Record<string, TensorData> {
    this.#checkSize(vector);
    return Object.fromEntries(
      this.list.map(({ name, shape, offset }) => [
        name,
        float32(vector.subarray(offset, offset + sizeOf(shape)), shape),
      ]),
    );
  }

  /**
   * The vector of tensors by name, as they come from a safetensors file.
   *
   * @throws {BiolensError} `input` naming the file and the tensor that is missing, unknown or of another shape or type.
   */
  fromTensors(
    tensors: Readonly<Record<string, TensorData>>,
    { file = 'weights' }: { readonly file?: string } = {},
  ): Float32Array {
    this.checkTensors(
      Object.entries(tensors).map(([name, { shape, dtype }]) => ({ name, shape, dtype })),
      { file, dtypes: ['float32'] },
    );
    const vector = new Float32Array(this.size);
    for (const { name, offset } of this.list) vector.set(tensors[name]!.data as Float32Array, offset);
    return vector;
  }

  /**
   * Checks which tensors a file has against the parameters, before any of them is read.
   *
   * @param options.dtypes types that are taken
   * @throws {BiolensError} `input` naming the file and the tensor that is missing, unknown or of another shape or type.
   */
  checkTensors(
    tensors: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: DType }[],
    { file, dtypes }: { readonly file: string; readonly dtypes: readonly DType[] },
  ): void {
    const found = new Map(tensors.map(tensor => [tensor.name, tensor]));
    const unknown = tensors.find(({ name }) => !this.#byName.has(name));
    if (unknown !== undefined)
      throw new BiolensError('input', `${file}: tensor "${unknown.name}" is none of the network's`);
    for (const { name, shape } of this.list) {
      const tensor = found.get(name);
      if (tensor === undefined) throw new BiolensError('input', `${file}: tensor "${name}" is missing`);
      if (!dtypes.includes(tensor.dtype) || !sameShape(tensor.shape, shape))
        throw new BiolensError(
          'input',
          `${file}: tensor "${name}" expected ${dtypes[0]} ${formatShape(shape)}, got ${tensor.dtype} ${formatShape(tensor.shape)}`,
        );
    }
  }
}

function fillStart(part: Float32Array, { name, shape, start }: Parameter, key: RandomKey): void {
  if (start.kind === 'constant') {
    part.fill(start.value);
    return;
  }
  const stream = openStream(key);
  if (start.kind === 'normal') {
    stream.fillNormal(part);
    for (let i = 0; i < part.length; i++) part[i]! *= start.stdDev;
    return;
  }
  const [out, into] = shape;
  if (out === undefined || into === undefined)
    throw new BiolensError(
      'usage',
      `parameter "${name}": a start of ${start.kind} expected [out, in, …], got ${formatShape(shape)}`,
    );
  const window = sizeOf(shape.slice(2));
  const { kind, gain = 1 } = start;
  if (kind === 'he') {
    stream.fillNormal(part);
    const stdDev = gain * Math.sqrt(2 / (into * window));
    for (let i = 0; i < part.length; i++) part[i]! *= stdDev;
    return;
  }
  stream.fillUniform(part);
  const bound = gain * Math.sqrt(6 / ((into + out) * window));
  for (let i = 0; i < part.length; i++) part[i] = (2 * part[i]! - 1) * bound;
}

/**
 * Finds the parameters that a network asks for, by writing it down once in a graph that is thrown away.
 *
 * @example
 * const parameters = collectParameters((lookup, graph) => network(lookup, graph.input('x', [1, 3, 32, 32])));
 */
export function collectParameters(build: (lookup: Lookup, graph: Graph) => unknown): ParameterSet {
  const graph = new Graph();
  const found = new Map<string, Omit<Parameter, 'offset'> & { readonly value: Value }>();
  build((name, { shape, start }) => {
    const known = found.get(name);
    if (known !== undefined) {
      if (!sameShape(known.shape, shape))
        throw new BiolensError(
          'usage',
          `parameter "${name}" is ${formatShape(known.shape)}, asked for ${formatShape(shape)}`,
        );
      return known.value;
    }
    const value = graph.input(`parameter ${name}`, shape);
    found.set(name, { name, shape, start, value });
    return value;
  }, graph);
  return new ParameterSet([...found.values()].map(({ name, shape, start }) => ({ name, shape, start })));
}
