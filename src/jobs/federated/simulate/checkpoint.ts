import { BiolensError } from '../../../ground/errors.ts';
import { type ParameterSet, readSafetensors, type TensorData, writeSafetensors } from '../../../kit/tensor/index.ts';
import type { ServerMemory } from '../rules/server-optimiser.ts';

/** All that a round changes. */
export interface FederationState {
  readonly weights: Float32Array;
  readonly memory: ServerMemory;
  /** SCAFFOLD's variates: the server's, and those of clients that have trained. */
  readonly variates: { readonly server: Float32Array; readonly clients: ReadonlyMap<number, Float32Array> } | null;
}

export const checkpointName = (round: number): string =>
  `checkpoints/round-${String(round).padStart(6, '0')}.safetensors`;

const vector = (data: Float32Array): TensorData => ({ dtype: 'float32', shape: [data.length], data });

/** Doubles as their bytes: a resumed run goes on from the same numbers. */
const bytes = (data: Float64Array): TensorData => ({
  dtype: 'uint8',
  shape: [data.byteLength],
  data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

export function writeCheckpoint({ weights, memory, variates }: FederationState): Uint8Array {
  return writeSafetensors(
    {
      weights: vector(weights),
      ...(memory.first === null ? {} : { first: bytes(memory.first) }),
      ...(memory.second === null ? {} : { second: bytes(memory.second) }),
      ...(variates === null ? {} : { variate: vector(variates.server) }),
      ...Object.fromEntries([...(variates?.clients ?? [])].map(([client, own]) => [`variate.${client}`, vector(own)])),
    },
    { schema: 'biolens/federation/1' },
  );
}

/** @throws {BiolensError} `input` naming the file and what does not fit */
export function readCheckpoint(
  content: Uint8Array,
  { file, size, like }: { readonly file: string; readonly size: number; readonly like: FederationState },
): FederationState {
  const { tensors } = readSafetensors(content, { file });
  const refuse = (name: string): never => {
    throw new BiolensError('input', `${file}: tensor "${name}" is missing or does not fit the run`);
  };
  const floats = (name: string): Float32Array => {
    const tensor = tensors[name];
    return tensor?.dtype === 'float32' && tensor.data.length === size ? tensor.data : refuse(name);
  };
  const doubles = (name: string): Float64Array => {
    const tensor = tensors[name];
    if (tensor?.dtype !== 'uint8' || tensor.data.length !== 8 * size) return refuse(name);
    return new Float64Array(tensor.data.slice().buffer);
  };
  const clients = Object.keys(tensors).filter(name => name.startsWith('variate.'));
  return {
    weights: floats('weights'),
    memory: {
      first: like.memory.first === null ? null : doubles('first'),
      second: like.memory.second === null ? null : doubles('second'),
    },
    variates:
      like.variates === null
        ? null
        : {
            server: floats('variate'),
            clients: new Map(clients.map(name => [Number(name.slice('variate.'.length)), floats(name)])),
          },
  };
}

/** The final model as any tool reads it: a safetensors file of named tensors. */
export const writeModel = (parameters: ParameterSet, weights: Float32Array): Uint8Array =>
  writeSafetensors(parameters.toTensors(weights), { schema: 'biolens/federated-model/1' });
