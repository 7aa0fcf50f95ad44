import { BiolensError } from '../../errors.ts';
import type { Runtime, Session } from '../runtime.ts';
import { float32, formatShape, sizeOf, type TensorData } from '../types.ts';
import { STATE, type TrainingStep } from './training-step.ts';

/** What a step gives beside the vectors that it writes. */
export interface Ran {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly outputs: Readonly<Record<string, TensorData>>;
}

export interface StepRun {
  readonly batch: Readonly<Record<string, TensorData>>;
  readonly weights: TensorData;
  /** The optimiser's and the average's inputs. */
  readonly update: Readonly<Record<string, TensorData>>;
  /** Where the new vectors go, by name. */
  readonly into: Readonly<Record<string, TensorData>>;
  readonly signal: AbortSignal | undefined;
}

/** Runs the models of a step. */
export interface StepRunner {
  readonly run: (step: StepRun) => Promise<Ran>;
  readonly close: () => Promise<void>;
}

/** A vector in memory that an engine's thread reads and writes without a copy, where there is such. */
export function sharedVector(length: number): TensorData & { readonly dtype: 'float32' } {
  const data =
    typeof SharedArrayBuffer === 'undefined'
      ? new Float32Array(length)
      : new Float32Array(new SharedArrayBuffer(4 * length));
  return float32(data, [length]);
}

function numberIn(outputs: Readonly<Record<string, TensorData>>, name: string): number {
  const tensor = outputs[name];
  if (tensor?.dtype !== 'float32') throw new BiolensError('external', `the engine gave no float32 output "${name}"`);
  return tensor.data[0]!;
}

const pick = (found: Readonly<Record<string, TensorData>>, names: readonly string[]) =>
  Object.fromEntries(names.map(name => [name, found[name]!]));

/** One of `count` equal parts of a batch, in memory of its own: views would be sent with all that they are views of. */
function cutBatch(
  batch: Readonly<Record<string, TensorData>>,
  { index, count }: { readonly index: number; readonly count: number },
): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(batch).map(([name, tensor]) => {
      const [samples, ...rest] = tensor.shape;
      if (samples === undefined || samples % count !== 0)
        throw new BiolensError('usage', `"${name}" of ${formatShape(tensor.shape)} cannot be cut into ${count} parts`);
      const size = (samples / count) * sizeOf(rest);
      const data = tensor.data.slice(index * size, (index + 1) * size);
      return [name, { ...tensor, shape: [samples / count, ...rest], data } as TensorData];
    }),
  );
}

/** Joins what the parts gave: rows of samples one after the other, single numbers as their mean. */
function joinParts(name: string, parts: readonly TensorData[]): TensorData {
  const float = parts.filter(part => part.dtype === 'float32');
  const [first] = float;
  if (first === undefined || float.length < parts.length)
    throw new BiolensError('usage', `output "${name}" of a step in parts expected float32`);
  if (first.shape.length === 0)
    return float32(Float32Array.of(float.reduce((sum, { data }) => sum + data[0]!, 0) / float.length), []);
  const data = new Float32Array(float.length * first.data.length);
  for (const [i, part] of float.entries()) data.set(part.data, i * first.data.length);
  return float32(data, [float.length * first.shape[0]!, ...first.shape.slice(1)]);
}

function wholeRunner(session: Session, outputs: readonly string[]): StepRunner {
  return {
    run: async ({ batch, weights, update, into, signal }) => {
      const found = await session.run({ ...batch, [STATE.weights]: weights, ...update }, { into, signal });
      return {
        loss: numberIn(found, STATE.loss),
        gradientNorm: numberIn(found, STATE.gradientNorm),
        outputs: pick(found, outputs),
      };
    },
    close: () => session.close(),
  };
}

function partsRunner(
  { network, update: follow }: { readonly network: Session; readonly update: Session },
  { parameters, part, outputs }: TrainingStep,
): StepRunner {
  const count = part!.count;
  const fresh = () => Array.from({ length: count }, () => sharedVector(parameters.size));
  let slopes = fresh();
  return {
    run: async ({ batch, weights, update, into, signal }) => {
      try {
        const parts = await Promise.all(
          slopes.map((slope, index) =>
            network.run(
              { ...cutBatch(batch, { index, count }), [STATE.weights]: weights },
              { into: { [STATE.gradient]: slope }, signal },
            ),
          ),
        );
        const gradients = Object.fromEntries(slopes.map((slope, i) => [STATE.partOf(i), slope]));
        const found = await follow.run({ [STATE.weights]: weights, ...gradients, ...update }, { into, signal });
        return {
          loss: parts.reduce((sum, found) => sum + numberIn(found, STATE.loss), 0) / count,
          gradientNorm: numberIn(found, STATE.gradientNorm),
          outputs: Object.fromEntries(
            outputs.map(name => [
              name,
              joinParts(
                name,
                parts.map(found => found[name]!),
              ),
            ]),
          ),
        };
      } catch (error) {
        // A part that was left behind may still write to the old ones.
        slopes = fresh();
        throw error;
      }
    },
    close: async () => {
      await network.close();
      await follow.close();
    },
  };
}

/** Loads the models of a step. */
export async function openStepRunner(runtime: Runtime, step: TrainingStep): Promise<StepRunner> {
  const { model, part, outputs } = step;
  if (part === null) return wholeRunner(await runtime.load(model, { file: 'training step' }), outputs);
  const network = await runtime.load(part.model, { file: 'training step', lanes: part.count });
  // Its threads must not wait at full speed while the parts are computed.
  const update = await runtime.load(model, { file: 'optimiser', spin: false });
  return partsRunner({ network, update }, step);
}
