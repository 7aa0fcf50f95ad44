import { BiolensError } from '../../../ground/errors.ts';
import { COMPOSITE_DOMAIN, type Graph, type Value } from '../graph.ts';
import { add } from '../ops/elementwise.ts';
import { formatShape } from '../types.ts';
import { RULES } from './rules/index.ts';
import { fixedShape, zeros } from './rules/rule.ts';

/** Names of the values that `of` leads to by way of numbers that can be differentiated. */
function findDependents({ nodes, composites }: Graph, of: readonly Value[]): Set<string> {
  const dependents = new Set(of.map(({ name }) => name));
  for (const last of nodes) {
    // A loop's body uses values that are no operands of the loop; the composite that stands for it has them.
    const node = composites.get(last.outputs[0]?.name ?? '') ?? last;
    if (!node.inputs.some(input => input !== null && dependents.has(input.name))) continue;
    for (const output of node.outputs) if (output.dtype === 'float32') dependents.add(output.name);
  }
  return dependents;
}

/**
 * Reverse-mode differentiation: appends to the graph what computes the gradient of a scalar with respect to each value of `of`.
 *
 * Only operations between `of` and the loss are differentiated. What is appended is made of operations that have gradients themselves, so
 * gradients of gradients work (an R1 penalty). A value that the loss does not depend on has the gradient 0.
 *
 * @param loss float32 with one element
 * @returns float32 values of the shapes of `of`, in its order
 * @throws {BiolensError} `usage` when the loss is no scalar, or for an operation on the way that has no gradient, by its ONNX name.
 * @example
 * const [dw] = gradients(meanSquaredError(linear(x, w), y), [w]);
 */
export function gradients(loss: Value, of: readonly Value[]): Value[] {
  const { graph } = loss;
  if (loss.dtype !== 'float32' || loss.shape.some(size => size !== 1))
    throw new BiolensError(
      'usage',
      `gradients: the loss is ${loss.dtype} ${formatShape(loss.shape)}, expected one float32 number`,
    );
  for (const value of of) {
    if (value.graph !== graph) throw new BiolensError('usage', `gradients: "${value.name}" belongs to another graph`);
    if (value.dtype !== 'float32')
      throw new BiolensError('usage', `gradients: "${value.name}" is ${value.dtype}, expected float32`);
  }
  const nodes = [...graph.nodes];
  const dependents = findDependents(graph, of);
  const found = new Map<string, Value>();
  if (dependents.has(loss.name)) {
    const one = graph.constant(
      Float32Array.of(1),
      loss.shape.map(() => 1),
    );
    found.set(loss.name, one);
  }

  for (const last of nodes.reverse()) {
    const node = graph.composites.get(last.outputs[0]?.name ?? '') ?? last;
    const arrived = node.outputs.map(output => found.get(output.name) ?? null);
    if (arrived.every(gradient => gradient === null)) continue;
    const wanted = node.inputs.map(input => input !== null && input.dtype === 'float32' && dependents.has(input.name));
    if (!wanted.includes(true)) continue;
    const known = node.domain === '' || node.domain === COMPOSITE_DOMAIN;
    const rule = known && Object.hasOwn(RULES, node.op) ? RULES[node.op] : undefined;
    if (rule === undefined) {
      const shapes = node.inputs.map(input => (input === null ? '-' : formatShape(input.shape))).join(', ');
      throw new BiolensError('usage', `gradients: the operation ${node.op} of ${shapes} has no gradient rule`);
    }
    const partials = rule({ node, gradients: arrived, wanted });
    for (const [i, input] of node.inputs.entries()) {
      const partial = partials[i];
      if (input === null || partial === null || partial === undefined || wanted[i] !== true) continue;
      const known = found.get(input.name);
      found.set(input.name, known === undefined ? partial : add(known, partial));
    }
  }
  return of.map(value => found.get(value.name) ?? zeros(graph, fixedShape('an unused value', value)));
}
