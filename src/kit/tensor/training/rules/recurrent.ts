import type { Value } from '../../graph.ts';
import { add, mul, sub, tanh } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/linear.ts';
import { scan } from '../../ops/recurrent.ts';
import { concat, reshape, slice, transpose, unsqueeze } from '../../ops/structure.ts';
import { fixedShape, inputAt, type Rule, type RuleTable, zeros } from './rule.ts';

/** States before each step: the start, then those after all steps but the last. */
function before(start: Value, after: Value): Value {
  const [steps] = fixedShape('Lstm', after);
  return steps === 1
    ? unsqueeze(start, [0])
    : concat([unsqueeze(start, [0]), slice(after, [{ axis: 0, start: 0, end: steps! - 1 }])], { axis: 0 });
}

/**
 * Backpropagation through time. What does not depend on later steps is computed for all steps at once; the loop, from the last step to the
 * first, has one product with the hidden weights a step. The weights' gradient is one product over all steps.
 */
const lstmRule: Rule = ({ node, gradients, wanted }) => {
  const [, turned, h0, c0] = [0, 1, 2, 3].map(index => inputAt(node, index)) as [Value, Value, Value, Value];
  const [, , hs, cs, input, forget, cell, out] = node.outputs as readonly Value[];
  const [steps, batch, width] = fixedShape('Lstm', hs!) as [number, number, number];
  const { graph } = turned;
  const one = graph.scalar(1);
  const previousC = before(c0, cs!);
  const tanhC = tanh(cs!);
  const rest = (value: Value): Value => sub(one, value);
  // h = o·tanh c: its slope by c; and each gate's slope through its own squashing function.
  const toCell = mul(out!, rest(mul(tanhC, tanhC)));
  const toGates = concat(
    [
      mul(cell!, mul(input!, rest(input!))),
      mul(previousC, mul(forget!, rest(forget!))),
      mul(input!, rest(mul(cell!, cell!))),
      mul(tanhC, mul(out!, rest(out!))),
    ],
    { axis: 2 },
  );
  const state = (value: Value | null | undefined): Value => value ?? zeros(graph, [batch, width]);
  const [lastH, lastC, arrivedH, arrivedC] = gradients;
  const ofH = arrivedH ?? zeros(graph, [steps, batch, width]);
  const hidden = transpose(turned, [1, 0]);
  const sequences = [ofH, toCell, toGates, forget!, ...(arrivedC === null || arrivedC === undefined ? [] : [arrivedC])];
  const back = scan(
    graph,
    { states: [state(lastH), state(lastC)], inputs: sequences, reverse: true },
    ([dh, dc], [ownH, cellSlope, gateSlopes, f, ownC]) => {
      const slopeH = add(dh!, ownH!);
      const through = add(dc!, mul(slopeH, cellSlope!));
      const slopeC = ownC === undefined ? through : add(through, ownC);
      const gates = mul(concat([slopeC, slopeC, slopeC, slopeH], { axis: 1 }), gateSlopes!);
      return { states: [matmul(gates, hidden), mul(slopeC, f!)], given: [gates] };
    },
  );
  const [projected] = back.given as readonly [Value];
  const rows = (value: Value, size: number): Value => reshape(value, [steps * batch, size]);
  const ofHidden = (): Value => matmul(transpose(rows(before(h0, hs!), width), [1, 0]), rows(projected, 4 * width));
  return [
    wanted[0] === true ? projected : null,
    wanted[1] === true ? ofHidden() : null,
    wanted[2] === true ? back.states[0]! : null,
    wanted[3] === true ? back.states[1]! : null,
  ];
};

export const RECURRENT_RULES: RuleTable = { Lstm: lstmRule };
