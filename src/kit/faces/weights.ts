import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { BiolensError, messageOf } from '../../ground/errors.ts';

/** The built-in networks, by what they do, and the stem of their files in the model folder of `@vladmandic/face-api`. */
const MODEL_FILES = {
  detector: 'ssd_mobilenetv1_model',
  landmarks: 'face_landmark_68_model',
  embedder: 'face_recognition_model',
  ageGender: 'age_gender_model',
  expression: 'face_expression_model',
} as const;

export type NetworkName = keyof typeof MODEL_FILES;

const manifestOf = (stem: string): string => `${stem}-weights_manifest.json`;
const bytesOf = (stem: string): string => `${stem}.bin`;

/** All files of the built-in networks, by name. */
export const WEIGHT_FILES: readonly string[] = Object.values(MODEL_FILES).flatMap(stem => [
  manifestOf(stem),
  bytesOf(stem),
]);

/** A parameter as TensorFlow.js lays it out: filters are `[height, width, in, out]`, depthwise `[height, width, channels, 1]`. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The parameters of one network. */
export interface Weights {
  readonly network: NetworkName;
  /** @throws BiolensError `external` if the file has no such parameter, or one of another rank. */
  get(name: string, rank: number): WeightTensor;
}

// All quantised parameters of these files are bytes, the others float32; anything else is refused.
const manifestSchema = z.array(
  z.object({
    paths: z.array(z.string()).length(1),
    weights: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.number().int().nonnegative()),
        quantization: z.object({ dtype: z.literal('uint8'), scale: z.number(), min: z.number() }).optional(),
      }),
    ),
  }),
);

type Quantization = z.infer<typeof manifestSchema>[number]['weights'][number]['quantization'];

/** Undoes the quantisation of one parameter: a stored byte `q` stands for `q · scale + min`. */
function dequantise(bytes: Uint8Array, quantization: Quantization): Float32Array {
  if (quantization === undefined) return new Float32Array(Uint8Array.from(bytes).buffer);
  const { scale, min } = quantization;
  const data = new Float32Array(bytes.length);
  for (let i = 0; i < data.length; i++) data[i] = bytes[i]! * scale + min;
  return data;
}

/** Splits a weight file along its manifest. @internal */
export function parseWeights(network: NetworkName, manifest: unknown, bytes: Uint8Array): Weights {
  const groups = manifestSchema.parse(manifest);
  const tensors = new Map<string, WeightTensor>();
  let offset = 0;
  for (const { name, shape, quantization } of groups.flatMap(group => group.weights)) {
    const count = shape.reduce((product, size) => product * size, 1);
    const length = quantization === undefined ? count * 4 : count;
    if (offset + length > bytes.length) throw new Error(`"${name}" ends after the file's ${bytes.length} bytes`);
    tensors.set(name, { shape, data: dequantise(bytes.subarray(offset, offset + length), quantization) });
    offset += length;
  }
  if (offset !== bytes.length) throw new Error(`${bytes.length} bytes, but the manifest describes ${offset}`);
  return {
    network,
    get(name, rank) {
      const tensor = tensors.get(name);
      if (tensor?.shape.length === rank) return tensor;
      const found = tensor === undefined ? 'nothing' : `shape [${tensor.shape.join(', ')}]`;
      throw new BiolensError(
        'external',
        `weights of the built-in ${network}: "${name}" expected rank ${rank}, got ${found}`,
      );
    },
  };
}

/** The weight files: in the package beside the code, in a clone those of `@vladmandic/face-api`. */
function weightsFolder(): string {
  const packed = fileURLToPath(new URL('../../weights', import.meta.url));
  if (existsSync(packed)) return packed;
  const { resolve } = createRequire(import.meta.url);
  return join(dirname(resolve('@vladmandic/face-api/package.json')), 'model');
}

/**
 * Reads the parameters of a built-in network, which are those of `@vladmandic/face-api`.
 *
 * @throws BiolensError `external` if the package's files are missing or damaged.
 */
export async function readWeights(network: NetworkName): Promise<Weights> {
  const stem = MODEL_FILES[network];
  try {
    const folder = weightsFolder();
    const [manifest, bytes] = await Promise.all([
      readFile(join(folder, manifestOf(stem)), 'utf8'),
      readFile(join(folder, bytesOf(stem))),
    ]);
    return parseWeights(network, JSON.parse(manifest), bytes);
  } catch (error) {
    throw new BiolensError(
      'external',
      `weights of the built-in ${network} cannot be read (${messageOf(error)}); installing biolens again may help`,
      { cause: error },
    );
  }
}
