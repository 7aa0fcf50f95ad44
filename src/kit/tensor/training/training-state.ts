import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import { readSafetensors, writeSafetensors } from '../safetensors.ts';
import type { TensorData } from '../types.ts';
import type { TrainingStep } from './training-step.ts';

/** All that a step of training changes. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly weights: Float32Array;
  /** The optimiser's vectors by slot. */
  readonly memory: Readonly<Record<string, Float32Array>>;
  /** Moving average of the weights; null where none is kept. */
  readonly average: Float32Array | null;
}

const SCHEMA = 'biolens/training-state/1';
const metadataSchema = z.object({
  schema: z.literal(SCHEMA),
  step: z.string().regex(/^\d{1,15}$/),
  optimiser: z.string(),
});

/** The state before the first step: fresh weights, or those given. */
export function startTraining(
  { parameters, optimiser, emaDecay }: TrainingStep,
  from: { readonly key: RandomKey } | { readonly weights: Float32Array },
): TrainingState {
  const weights = 'key' in from ? parameters.draw(from.key) : from.weights.slice();
  if (weights.length !== parameters.size)
    throw new BiolensError('usage', `startTraining: expected ${parameters.size} weights, got ${weights.length}`);
  return {
    step: 0,
    weights,
    memory: Object.fromEntries(optimiser.slots.map(slot => [slot, new Float32Array(parameters.size)])),
    average: emaDecay === null ? null : weights.slice(),
  };
}

/** Writes a state as a safetensors file: `weights/NAME`, `average/NAME` and `memory.SLOT/NAME` for each parameter. */
export function writeTrainingState({ parameters, optimiser }: TrainingStep, state: TrainingState): Uint8Array {
  const vectors = {
    weights: state.weights,
    ...(state.average === null ? {} : { average: state.average }),
    ...Object.fromEntries(Object.entries(state.memory).map(([slot, vector]) => [`memory.${slot}`, vector])),
  };
  const tensors = Object.entries(vectors).flatMap(([role, vector]) =>
    Object.entries(parameters.toTensors(vector)).map(([name, tensor]) => [`${role}/${name}`, tensor]),
  );
  return writeSafetensors(Object.fromEntries(tensors), {
    schema: SCHEMA,
    step: `${state.step}`,
    optimiser: optimiser.name,
  });
}

/**
 * Reads a state back, exactly.
 *
 * @throws {BiolensError} `input` naming the file and what does not fit the step.
 */
export function readTrainingState(
  { parameters, optimiser, emaDecay }: TrainingStep,
  bytes: Uint8Array,
  { file = 'state' }: { readonly file?: string } = {},
): TrainingState {
  const { tensors, metadata } = readSafetensors(bytes, { file });
  const parsed = metadataSchema.safeParse(metadata);
  if (!parsed.success) throw new BiolensError('input', `${file}: not a state of training that biolens has written`);
  if (parsed.data.optimiser !== optimiser.name)
    throw new BiolensError('input', `${file}: "optimiser" expected ${optimiser.name}, got ${parsed.data.optimiser}`);
  const roles = new Map<string, Record<string, TensorData>>();
  for (const [path, tensor] of Object.entries(tensors)) {
    const at = path.indexOf('/');
    const role = roles.get(path.slice(0, at)) ?? {};
    role[path.slice(at + 1)] = tensor;
    roles.set(path.slice(0, at), role);
  }
  const read = (role: string) => parameters.fromTensors(roles.get(role) ?? {}, { file: `${file}, ${role}` });
  return {
    step: Number(parsed.data.step),
    weights: read('weights'),
    memory: Object.fromEntries(optimiser.slots.map(slot => [slot, read(`memory.${slot}`)])),
    average: emaDecay === null ? null : read('average'),
  };
}
