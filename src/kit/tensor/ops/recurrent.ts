import { Graph, type Value } from '../graph.ts';
import { add, mul, sigmoid, tanh } from './elementwise.ts';
import { linear, matmul } from './linear.ts';
import { describe, fixedSize, refuse, requireRank } from './shapes.ts';
import { slice, split, squeeze, transpose } from './structure.ts';

/** Where a recurrent layer begins: `[batch, width]` each. */
export interface RecurrentState {
  readonly h: Value;
  readonly c: Value;
}

/** Weights of an LSTM layer as PyTorch orders them: input, forget, cell and output gate one after the other. */
export interface LstmWeights {
  /** `[4·width, in]` */
  readonly input: Value;
  /** `[4·width, width]` */
  readonly hidden: Value;
  /** `[4·width]`: the sum of PyTorch's two. */
  readonly bias: Value;
}

/**
 * A loop over the first axis of `inputs` (ONNX Scan).
 *
 * @param step writes down one turn: from states and this turn's slices to the next states and what the turn gives
 * @returns the last states, then what all turns gave, each with the turns as its first axis
 */
export function scan(
  graph: Graph,
  {
    states,
    inputs,
    reverse = false,
  }: { readonly states: readonly Value[]; readonly inputs: readonly Value[]; readonly reverse?: boolean },
  step: (
    states: readonly Value[],
    slices: readonly Value[],
  ) => { readonly states: readonly Value[]; readonly given: readonly Value[] },
): { readonly states: readonly Value[]; readonly given: readonly Value[] } {
  const body = new Graph({ around: graph });
  const within = states.map((state, i) => body.input(`state${i}`, state.shape, state.dtype));
  const slices = inputs.map((input, i) => body.input(`slice${i}`, input.shape.slice(1), input.dtype));
  const turn = step(within, slices);
  turn.states.forEach((state, i) => void body.output(`next${i}`, state));
  turn.given.forEach((value, i) => void body.output(`given${i}`, value));
  const turns = inputs[0]!.shape[0]!;
  const direction = reverse ? 1 : 0;
  const outputs = graph.node('Scan', [...states, ...inputs], {
    attributes: {
      body: { graph: body },
      num_scan_inputs: { int: inputs.length },
      scan_input_directions: { ints: inputs.map(() => direction) },
      scan_output_directions: { ints: turn.given.map(() => direction) },
    },
    outputs: [
      ...states.map(({ shape, dtype }) => ({ shape, dtype })),
      ...turn.given.map(({ shape, dtype }) => ({ shape: [turns, ...shape], dtype })),
    ],
  });
  return { states: outputs.slice(0, states.length), given: outputs.slice(states.length) };
}

/**
 * A layer of long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000): c ← f·c + i·g, h ← o·tanh c.
 * The inputs' products of all steps are one; a loop does the hidden ones.
 *
 * @param x `[steps, batch, in]`
 * @param start where it begins; zeros by default
 * @returns h after each step, `[steps, batch, width]`, and where it ends
 * @throws {BiolensError} `usage` for sizes that do not fit, or steps and batch that are not fixed
 */
export function lstm(
  x: Value,
  { input, hidden, bias }: LstmWeights,
  { start }: { readonly start?: RecurrentState } = {},
): { readonly output: Value; readonly end: RecurrentState } {
  requireRank('lstm', 'input', x, 3);
  requireRank('lstm', 'hidden weights', hidden, 2);
  const width = fixedSize('lstm', hidden, 1);
  fixedSize('lstm', x, 0);
  const batch = fixedSize('lstm', x, 1);
  if (hidden.shape[0] !== 4 * width)
    throw refuse('lstm', `${describe('hidden weights', hidden)} expected [${4 * width}, ${width}]`);
  if (input.shape[0] !== 4 * width)
    throw refuse('lstm', `${describe('input weights', input)} expected ${4 * width} rows`);
  const { graph } = x;
  const zero = () => graph.constant(new Float32Array(batch * width), [batch, width]);
  const { h, c } = start ?? { h: zero(), c: zero() };
  for (const [role, value] of Object.entries({ h, c }))
    if (value.shape[0] !== batch || value.shape[1] !== width)
      throw refuse('lstm', `${describe(`start ${role}`, value)} expected [${batch}, ${width}]`);

  const projected = linear(x, input, bias);
  // Turned once, and not in each step.
  const turned = transpose(hidden, [1, 0]);
  const { states, given } = scan(graph, { states: [h, c], inputs: [projected] }, ([h, c], [own]) => {
    const [i, f, g, o] = split(add(matmul(h!, turned), own!), [width, width, width, width], { axis: 1 });
    const [input, forget, cell, out] = [sigmoid(i!), sigmoid(f!), tanh(g!), sigmoid(o!)];
    const nextC = add(mul(forget, c!), mul(input, cell));
    const nextH = mul(out, tanh(nextC));
    return { states: [nextH, nextC], given: [nextH, nextC, input, forget, cell, out] };
  });
  const [hs, cs, ...gates] = given;
  // The loop's first output is its last h.
  graph.composite('Lstm', [projected, turned, h, c], [states[0]!, states[1]!, hs!, cs!, ...gates]);
  return { output: hs!, end: { h: states[0]!, c: states[1]! } };
}

/** The last step of a sequence `[steps, …]`. */
export function lastStep(x: Value): Value {
  const steps = fixedSize('lastStep', x, 0);
  return squeeze(slice(x, [{ axis: 0, start: steps - 1, end: steps }]), [0]);
}
