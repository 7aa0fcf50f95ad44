import { BiolensError } from '../../../ground/errors.ts';
import type { ParameterSet, TensorData } from '../../../kit/tensor/index.ts';

/** A client's tensors and how many examples stand behind them, as a stranger sends them. */
export interface SentUpdate {
  readonly tensors: Readonly<Record<string, TensorData>>;
  readonly examples: number;
}

/** More examples than these no client has; a larger number is a slip or an attack. */
export const MOST_EXAMPLES = 2 ** 31;

/** A weight as a client states it. @throws {BiolensError} `input` */
export function checkExamples(examples: number, who: string): void {
  if (!Number.isInteger(examples) || examples < 1 || examples > MOST_EXAMPLES)
    throw new BiolensError(
      'input',
      `${who}: "examples" expected a whole number from 1 to ${MOST_EXAMPLES}, got ${examples}`,
    );
}

/** @throws {BiolensError} `input` naming the client and the first entry that is no finite number */
export function checkFiniteUpdate(update: Float32Array, who: string): void {
  for (let i = 0; i < update.length; i++)
    if (!Number.isFinite(update[i]!))
      throw new BiolensError('input', `${who}: entry ${i} of its update is ${update[i]}, expected a finite number`);
}

/**
 * A client's update as one vector in the order of the parameters, after every check that the server can make.
 *
 * @throws {BiolensError} `input` naming the client and the tensor that is missing, unknown, of another shape or type, or not finite
 */
export function flattenUpdate(parameters: ParameterSet, { tensors, examples }: SentUpdate, who: string): Float32Array {
  checkExamples(examples, who);
  const vector = parameters.fromTensors(tensors, { file: who });
  for (const { name, offset, shape } of parameters.list) {
    const end = offset + shape.reduce((product, size) => product * size, 1);
    for (let i = offset; i < end; i++)
      if (!Number.isFinite(vector[i]!))
        throw new BiolensError('input', `${who}: tensor "${name}" has ${vector[i]} at ${i - offset}`);
  }
  return vector;
}
