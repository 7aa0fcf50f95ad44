import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { elementsToFloat32, type ParameterSet, type TensorData } from '../../kit/tensor/index.ts';
import { openTensorFile, pathInside, type TensorFile } from '../../kit/tensor/node.ts';
import { readJson } from './read-json.ts';

/** Name of the weights that biolens writes, and diffusers' default. */
export const WEIGHTS = 'diffusion_pytorch_model.safetensors';
const STEM = 'diffusion_pytorch_model';
/** Variants in the order in which they are taken. */
const VARIANTS = ['fp32', 'fp16', 'bf16'];
const MOST_SHARDS = 1000;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string().min(1).max(255)) });

interface WeightFiles {
  readonly files: readonly string[];
  /** What messages call them together. */
  readonly name: string;
  readonly warnings: readonly string[];
}

/** Names that attention had before diffusers 0.17. */
const OLD_NAMES: readonly (readonly [RegExp, string])[] = [
  [/(\.attentions\.\d+)\.query\./, '$1.to_q.'],
  [/(\.attentions\.\d+)\.key\./, '$1.to_k.'],
  [/(\.attentions\.\d+)\.value\./, '$1.to_v.'],
  [/(\.attentions\.\d+)\.proj_attn\./, '$1.to_out.0.'],
];

function modernise(name: string): string {
  return OLD_NAMES.reduce((known, [old, now]) => known.replace(old, now), name);
}

/** The variant in a name such as `diffusion_pytorch_model.fp16.safetensors`, or `…safetensors.index.fp16.json`; undefined: no weights. */
function variantOf(name: string): { readonly variant: string; readonly isIndex: boolean } | undefined {
  const parts = name.split('.');
  if (parts[0] !== STEM || name.length > 255) return undefined;
  const rest = parts.slice(1);
  if (rest[0] === 'safetensors' && rest[1] === 'index' && rest.at(-1) === 'json' && rest.length <= 4)
    return { variant: rest.length === 4 ? rest[2]! : '', isIndex: true };
  if (rest.at(-1) === 'safetensors' && rest.length <= 2 && !/-\d+-of-\d+$/.test(rest[0]!))
    return { variant: rest.length === 2 ? rest[0]! : '', isIndex: false };
  return undefined;
}

async function readShards(folder: string, index: string): Promise<readonly string[]> {
  const file = join(folder, index);
  const parsed = indexSchema.safeParse(await readJson(file));
  if (!parsed.success)
    throw new BiolensError('input', `${file}: "${parsed.error.issues[0]?.path.join('.')}" is malformed`, {
      details: { file },
    });
  const names = [...new Set(Object.values(parsed.data.weight_map))].sort();
  if (names.length === 0 || names.length > MOST_SHARDS)
    throw new BiolensError('input', `${file}: "weight_map" expected 1 to ${MOST_SHARDS} files, got ${names.length}`);
  const paths: string[] = [];
  for (const name of names) {
    const path = await pathInside(folder, name);
    if (path === null)
      throw new BiolensError(
        'input',
        `${file}: "weight_map" names ${JSON.stringify(name)}, which is not in its folder`,
        {
          details: { file },
        },
      );
    paths.push(path);
  }
  return paths;
}

/** Finds the weights of a U-Net's folder: whole, in shards, or a variant of them. */
async function findWeights(folder: string): Promise<WeightFiles> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  const found = names
    .flatMap(name => {
      const known = variantOf(name);
      return known === undefined ? [] : [{ name, ...known }];
    })
    .sort((a, b) => Number(a.isIndex) - Number(b.isIndex));
  const variant = ['', ...VARIANTS].find(one => found.some(file => file.variant === one));
  const chosen = found.find(file => file.variant === variant) ?? (found.length === 1 ? found[0] : undefined);
  if (chosen === undefined) {
    if (names.some(name => name.startsWith(STEM) && name.endsWith('.bin')))
      throw new BiolensError(
        'input',
        `${folder}: holds only ${STEM}.bin, which can run code; save it as safetensors with diffusers first`,
      );
    const several = found.map(({ name }) => name).join(', ');
    throw new BiolensError(
      'input',
      several === ''
        ? `${join(folder, WEIGHTS)}: no such file`
        : `${folder}: several variants of the weights (${several}); leave one`,
      { details: { file: join(folder, WEIGHTS) } },
    );
  }
  const path = join(folder, chosen.name);
  const warnings = chosen.variant === '' ? [] : [`weights are read from the variant ${chosen.name}`];
  return chosen.isIndex
    ? { files: await readShards(folder, chosen.name), name: path, warnings }
    : { files: [path], name: path, warnings };
}

function numbersOf({ dtype, data }: TensorData): Float32Array {
  if (dtype === 'float32') return data;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return elementsToFloat32(bytes, { type: 'f2', littleEndian: true, bytesPerElement: 2 });
}

/**
 * Reads the weights of a U-Net's folder into one vector. What a file holds is checked against the network before anything is read, and tensors are read
 * one at a time: beside the vector one tensor is in memory.
 *
 * @throws {BiolensError} `input` naming the file and the tensor.
 */
export async function readWeights(
  folder: string,
  parameters: ParameterSet,
): Promise<{ readonly weights: Float32Array; readonly warnings: readonly string[] }> {
  const { files, name: file, warnings } = await findWeights(folder);
  const opened: TensorFile[] = [];
  try {
    for (const path of files) opened.push(await openTensorFile(path));
    const tensors = opened.flatMap(source =>
      source.entries.map(entry => ({ ...entry, name: modernise(entry.name), entry, source })),
    );
    const seen = new Set<string>();
    const twice = tensors.find(({ name }) => seen.size === seen.add(name).size);
    if (twice !== undefined)
      throw new BiolensError('input', `${file}: tensor "${twice.name}" is there twice`, { details: { file } });
    parameters.checkTensors(tensors, { file, dtypes: ['float32', 'float16'] });
    const weights = new Float32Array(parameters.size);
    const offsets = new Map(parameters.list.map(({ name, offset }) => [name, offset]));
    for (const { name, entry, source } of tensors) {
      const numbers = numbersOf(await source.read(entry));
      const broken = numbers.find(number => !Number.isFinite(number));
      if (broken !== undefined)
        throw new BiolensError('input', `${source.file}: tensor "${name}" holds ${broken}`, {
          details: { file: source.file },
        });
      weights.set(numbers, offsets.get(name)!);
    }
    return { weights, warnings };
  } finally {
    for (const source of opened) await source.close();
  }
}
