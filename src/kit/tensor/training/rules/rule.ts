import { BiolensError } from '../../../../ground/errors.ts';
import type { Graph, GraphNode, Value } from '../../graph.ts';
import { reduceSum } from '../../ops/reduction.ts';
import { expand, reshape } from '../../ops/structure.ts';
import { type Dim, formatShape } from '../../types.ts';

/** What a rule knows of the operation that it differentiates. */
export interface RuleContext {
  readonly node: GraphNode;
  /** The loss's gradient with respect to each output; null where the loss does not depend on it. */
  readonly gradients: readonly (Value | null)[];
  /** Which inputs a gradient is wanted for. */
  readonly wanted: readonly boolean[];
}

/** Appends the operations that carry gradients from outputs to inputs: one value an input, null where none is wanted or exists. */
export type Rule = (context: RuleContext) => readonly (Value | null)[];

/** Rules by the name of the ONNX operator. */
export type RuleTable = Readonly<Record<string, Rule>>;

/** An operand that the operator always has. */
export function inputAt(node: GraphNode, index: number): Value {
  const value = node.inputs[index];
  if (value === undefined || value === null)
    throw new BiolensError('usage', `gradient of ${node.op}: operand ${index} is missing`);
  return value;
}

/** An output that the operator always has. */
export function outputAt(node: GraphNode, index: number): Value {
  const value = node.outputs[index];
  if (value === undefined) throw new BiolensError('usage', `gradient of ${node.op}: output ${index} is missing`);
  return value;
}

/** The gradient of the only output of an operation. */
export function gradientAt({ node, gradients }: RuleContext, index = 0): Value {
  const value = gradients[index];
  if (value === undefined || value === null)
    throw new BiolensError('usage', `gradient of ${node.op}: output ${index} has no gradient`);
  return value;
}

/** A rule for operations of one operand and one output. */
export function unaryRule(derive: (gradient: Value, x: Value, y: Value) => Value): Rule {
  return context => [derive(gradientAt(context), inputAt(context.node, 0), outputAt(context.node, 0))];
}

/** The numbers of an int64 operand, which must be a constant of the graph. */
export function constantIntegers(node: GraphNode, index: number): number[] {
  const value = inputAt(node, index);
  const found = value.graph.initialisers.find(({ name }) => name === value.name);
  if (found?.dtype !== 'int64')
    throw new BiolensError('usage', `gradient of ${node.op}: operand ${index} expected constant int64 numbers`);
  return Array.from(found.data, Number);
}

/** A list attribute, or its default. */
export function intsOf(node: GraphNode, name: string, fallback: readonly number[]): readonly number[] {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'ints' in attribute ? attribute.ints : fallback;
}

export function intOf(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'int' in attribute ? attribute.int : fallback;
}

export function floatOf(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'float' in attribute ? attribute.float : fallback;
}

export function stringOf(node: GraphNode, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute !== undefined && 'string' in attribute ? attribute.string : fallback;
}

/** A shape whose sizes a gradient needs to know while the graph is built. */
export function fixedShape(op: string, { shape }: Value): number[] {
  return shape.map(size => {
    if (typeof size === 'number') return size;
    throw new BiolensError('usage', `gradient of ${op}: ${formatShape(shape)} must have fixed sizes`);
  });
}

/** The four sizes of an image tensor. */
export function imageShape(op: string, value: Value): [number, number, number, number] {
  const [n, c, h, w] = fixedShape(op, value);
  if (n === undefined || c === undefined || h === undefined || w === undefined || value.shape.length !== 4)
    throw new BiolensError('usage', `gradient of ${op}: ${formatShape(value.shape)} expected 4 axes`);
  return [n, c, h, w];
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Undoes broadcasting: sums a gradient over the axes along which an operand of `shape` was repeated. */
export function sumTo(gradient: Value, shape: readonly Dim[]): Value {
  if (sameShape(gradient.shape, shape)) return gradient;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    axis < extra || (shape[axis - extra] === 1 && size !== 1) ? [axis] : [],
  );
  const sum = axes.length === 0 ? gradient : reduceSum(gradient, { axes, keepDims: true });
  return sameShape(sum.shape, shape) ? sum : reshape(sum, shape);
}

/** Zeros that take no room in the model's file. */
export function zeros(graph: Graph, shape: readonly number[]): Value {
  return shape.length === 0 ? graph.scalar(0) : expand(graph.scalar(0), shape);
}
