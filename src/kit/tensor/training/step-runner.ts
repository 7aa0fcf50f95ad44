import { BiolensError } from '../../../ground/errors.ts';
import { cutRows, joinRows } from '../parts.ts';
import type { Runtime, Session } from '../runtime.ts';
import { float32, type TensorData } from '../types.ts';
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

/** What the parts gave: rows of samples one after the other, single numbers as their mean. */
function joinParts(name: string, parts: readonly TensorData[]): TensorData {
  if (parts.some(({ shape }) => shape.length > 0)) return joinRows(name, parts);
  const sum = parts.reduce((total, { data }) => total + Number(data[0]), 0);
  return float32(Float32Array.of(sum / parts.length), []);
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
          cutRows(batch, count).map((part, i) =>
            network.run({ ...part, [STATE.weights]: weights }, { into: { [STATE.gradient]: slopes[i]! }, signal }),
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
