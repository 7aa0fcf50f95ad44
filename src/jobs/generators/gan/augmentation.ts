import type { RandomKey, RandomStream } from '../../../ground/math/index.ts';
import { openStream } from '../../../ground/math/index.ts';
import {
  add,
  type BatchInput,
  float32,
  type Graph,
  matmul,
  mul,
  reduceMean,
  sub,
  type TensorData,
  type Value,
} from '../../../kit/tensor/index.ts';
import type { AUGMENTATIONS } from './configuration.ts';

/** Kinds of alteration, as the settings name them. */
export type Augmentation = (typeof AUGMENTATIONS)[number];

/** Reach of the alterations: those of DiffAugment, but a hole of a quarter of the side, where that paper has a half. */
const BRIGHTNESS = 0.5;
const SATURATION = 1;
const CONTRAST = 0.5;
const SHIFT = 1 / 8;
const HOLE = 1 / 4;

/** What a batch of augmented images needs from outside; the names carry a prefix where a graph augments two batches. */
interface Shapes {
  readonly brightness: readonly number[];
  readonly saturation: readonly number[];
  readonly contrast: readonly number[];
  readonly shiftRows: readonly number[];
  readonly shiftColumns: readonly number[];
  readonly holeRows: readonly number[];
  readonly holeColumns: readonly number[];
}

function shapesOf(n: number, side: number): Shapes {
  return {
    brightness: [n, 1, 1, 1],
    saturation: [n, 1, 1, 1],
    contrast: [n, 1, 1, 1],
    shiftRows: [n, 1, side, side],
    shiftColumns: [n, 1, side, side],
    holeRows: [n, 1, side, 1],
    holeColumns: [n, 1, 1, side],
  };
}

const PARTS: Readonly<Record<Augmentation, readonly (keyof Shapes)[]>> = {
  colour: ['brightness', 'saturation', 'contrast'],
  translation: ['shiftRows', 'shiftColumns'],
  cutout: ['holeRows', 'holeColumns'],
};

interface BatchOptions {
  readonly kinds: readonly Augmentation[];
  readonly prefix: string;
  readonly n: number;
  readonly side: number;
}

/** The inputs that {@link augment} reads, for {@link drawAugmentation} to fill. */
export function augmentationInputs({ kinds, prefix, n, side }: BatchOptions): Record<string, BatchInput> {
  const shapes = shapesOf(n, side);
  const names = kinds.flatMap(kind => PARTS[kind]);
  return Object.fromEntries(names.map(name => [`${prefix}.${name}`, { shape: shapes[name] }]));
}

/** x + (s − 1)·(x − mean): the deviations from the mean over some axes, s times as large. */
function stretch(x: Value, factor: Value, axes: readonly number[]): Value {
  const mean = reduceMean(x, { axes, keepDims: true });
  return add(mul(sub(x, mean), factor), mean);
}

/**
 * Alters images the way DiffAugment does (Zhao et al., "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020):
 * brightness, saturation, contrast, a shift with zeros moved in, a square hole. All of it is linear in the image, so gradients
 * reach the generator through it. A shift is a product with a shifted identity on either side.
 *
 * @param images `[n, 3, side, side]`
 */
export function augment(
  images: Value,
  {
    kinds,
    prefix,
    inputs,
  }: Pick<BatchOptions, 'kinds' | 'prefix'> & { readonly inputs: Readonly<Record<string, Value>> },
): Value {
  const input = (name: keyof Shapes): Value => inputs[`${prefix}.${name}`]!;
  const one = (graph: Graph): Value => graph.scalar(1);
  let x = images;
  if (kinds.includes('colour')) {
    x = add(x, input('brightness'));
    x = stretch(x, input('saturation'), [1]);
    x = stretch(x, input('contrast'), [1, 2, 3]);
  }
  if (kinds.includes('translation')) x = matmul(matmul(input('shiftRows'), x), input('shiftColumns'));
  if (kinds.includes('cutout')) x = mul(x, sub(one(x.graph), mul(input('holeRows'), input('holeColumns'))));
  return x;
}

const FILLERS: Readonly<Record<keyof Shapes, (stream: RandomStream, out: Float32Array, side: number) => void>> = {
  brightness: (stream, out) => out.fill((stream.uniform() * 2 - 1) * BRIGHTNESS),
  saturation: (stream, out) => out.fill(1 + (stream.uniform() * 2 - 1) * SATURATION),
  contrast: (stream, out) => out.fill(1 + (stream.uniform() * 2 - 1) * CONTRAST),
  shiftRows: fillShift,
  shiftColumns: fillShift,
  holeRows: fillHole,
  holeColumns: fillHole,
};

/** A shifted identity, `[side, side]`. */
function fillShift(stream: RandomStream, out: Float32Array, side: number): void {
  const reach = Math.floor(side * SHIFT);
  const shift = stream.integer(2 * reach + 1) - reach;
  for (let row = Math.max(0, -shift); row < Math.min(side, side - shift); row++) out[row * side + row + shift] = 1;
}

/** Ones where the hole is, which may reach past the border. */
function fillHole(stream: RandomStream, out: Float32Array, side: number): void {
  const length = Math.round(side * HOLE);
  const start = stream.integer(side + 1) - Math.floor(length / 2);
  out.fill(1, Math.max(0, start), Math.max(0, start + length));
}

/** The alterations of one batch: a function of the key alone. */
export function drawAugmentation(options: BatchOptions, key: RandomKey): Record<string, TensorData> {
  const stream = openStream(key);
  const { prefix, side } = options;
  return Object.fromEntries(
    Object.entries(augmentationInputs(options)).map(([name, { shape }]) => {
      const sizes = shape.map(Number);
      const data = new Float32Array(sizes.reduce((product, size) => product * size, 1));
      const width = data.length / options.n;
      const fill = FILLERS[name.slice(prefix.length + 1) as keyof Shapes];
      for (let i = 0; i < options.n; i++) fill(stream, data.subarray(i * width, (i + 1) * width), side);
      return [name, float32(data, sizes)];
    }),
  );
}
