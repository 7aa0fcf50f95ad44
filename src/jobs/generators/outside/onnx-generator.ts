import { type GeneratorCard, generatorCardSchema } from '../../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey, randomKey } from '../../../ground/math/index.ts';
import { cardPathOf, readCard } from '../../../kit/faces/index.ts';
import {
  formatShape,
  type ModelInfo,
  type Runtime,
  readModelInfo,
  type Session,
  sizeOf,
  type TensorData,
  type TensorInfo,
} from '../../../kit/tensor/index.ts';
import { readModelFile } from '../../../kit/tensor/node.ts';
import type { GeneratorSampler } from '../generator/kind.ts';

/** Images at once where the model leaves that open. */
const BATCH = 16;
const MOST_SIDE = 4096;

/** Whether a path names an ONNX generator. */
export const isOnnxGenerator = (path: string): boolean => /\.onnx$/i.test(path);

/** A model's tensors as its card speaks of them. */
interface Wiring {
  readonly latents: TensorInfo;
  readonly constants: readonly { readonly tensor: TensorInfo; readonly value: number }[];
  readonly output: TensorInfo;
  /** Images that the model takes at once; null: any number. */
  readonly batch: number | null;
}

function wire(card: GeneratorCard, info: ModelInfo, model: string): Wiring {
  const file = cardPathOf(model);
  const refuse = (text: string) => new BiolensError('input', `${file}: ${text}`, { details: { file } });
  const names = (tensors: readonly TensorInfo[]) => tensors.map(({ name }) => `"${name}"`).join(', ');
  const { inputs, outputs } = info;
  const free = inputs.filter(({ name }) => !Object.hasOwn(card.constants, name));
  const latents = card.input.name === undefined ? free[0] : inputs.find(({ name }) => name === card.input.name);
  if (latents === undefined)
    throw refuse(`input.name expected one of ${names(inputs)}, got "${card.input.name ?? 'none'}"`);
  const left = free.filter(({ name }) => name !== latents.name);
  if (left.length > 0) throw refuse(`constants: a number for ${names(left)} is missing`);
  const constants = Object.entries(card.constants).map(([name, value]) => {
    const tensor = inputs.find(input => input.name === name);
    if (tensor === undefined || tensor === latents)
      throw refuse(`constants expected other inputs of ${names(inputs)}, got "${name}"`);
    if (tensor.dtype !== 'float32' && tensor.dtype !== 'int64')
      throw refuse(`constants: input "${name}" is ${tensor.dtype}, expected float32 or int64`);
    return { tensor, value };
  });
  const output = card.output.name === undefined ? outputs[0] : outputs.find(({ name }) => name === card.output.name);
  if (output === undefined) throw refuse(`output.name expected one of ${names(outputs)}, got "${card.output.name}"`);
  for (const [field, tensor] of [
    ['input', latents],
    ['output', output],
  ] as const)
    if (tensor.dtype !== 'float32')
      throw refuse(
        `${field}: "${tensor.name}" of the model is ${tensor.dtype ?? 'of no known type'}, expected float32`,
      );
  const width = sizeOf(latents.shape.slice(1).map(size => (typeof size === 'number' ? size : card.input.width)));
  if (latents.shape.length < 2 || width !== card.input.width)
    throw refuse(
      `input.width expected ${width} ("${latents.name}" is ${formatShape(latents.shape)}), got ${card.input.width}`,
    );
  const [first] = latents.shape;
  return { latents, constants, output, batch: typeof first === 'number' ? first : null };
}

/** Random numbers of images `first` … `first + n − 1`, `[n, width]`; those of an image depend on the key and its number alone. */
function drawLatents(
  key: RandomKey,
  { first, n, card }: { readonly first: number; readonly n: number; readonly card: GeneratorCard },
): Float32Array {
  const { width, distribution } = card.input;
  const values = new Float32Array(n * width);
  for (let i = 0; i < n; i++) {
    const stream = openStream(foldIn(key, first + i));
    const own = values.subarray(i * width, (i + 1) * width);
    if (distribution === 'normal') stream.fillNormal(own);
    else
      own.forEach((_, k) => {
        own[k] = 2 * stream.uniform() - 1;
      });
  }
  return values;
}

function filled({ shape, dtype }: TensorInfo, value: number, n: number): TensorData {
  const sizes = shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? n : 1));
  const count = sizeOf(sizes);
  return dtype === 'int64'
    ? { dtype: 'int64', shape: sizes, data: new BigInt64Array(count).fill(BigInt(Math.round(value))) }
    : { dtype: 'float32', shape: sizes, data: new Float32Array(count).fill(value) };
}

/** Pixels of `[n, …]` as `[n, channels, side, side]` in [−1, 1], red first. */
function toPlanes(
  data: Float32Array,
  {
    n,
    channels,
    side,
    card,
  }: { readonly n: number; readonly channels: number; readonly side: number; readonly card: GeneratorCard },
): Float32Array {
  const { layout, channels: order, range } = card.output;
  const [black, white] = range;
  const scale = 2 / (white - black);
  const plane = side * side;
  const planes = new Float32Array(n * channels * plane);
  for (let image = 0; image < n; image++)
    for (let c = 0; c < channels; c++) {
      const from = order === 'bgr' ? channels - 1 - c : c;
      const start = image * channels * plane;
      for (let i = 0; i < plane; i++) {
        const at = layout === 'nchw' ? start + from * plane + i : start + i * channels + from;
        planes[start + c * plane + i] = (data[at]! - black) * scale - 1;
      }
    }
  return planes;
}

/**
 * Opens an ONNX model that makes images of random numbers, by the card beside it.
 *
 * @throws {BiolensError} `input` naming the model or card and the field: tensors that the card does not tell of, images that are not square
 */
export async function openOnnxGenerator(runtime: Runtime, model: string): Promise<GeneratorSampler> {
  const card = await readCard(model, generatorCardSchema);
  const cardFile = cardPathOf(model);
  if (card.output.range[1] === card.output.range[0])
    throw new BiolensError('input', `${cardFile}: output.range expected two different numbers`);
  const bytes = await readModelFile(model);
  const wiring = wire(card, readModelInfo(bytes, { file: model }), model);
  const session = await runtime.load(bytes, { file: model });
  const run = runnerOf(session, { card, wiring, cardFile });
  try {
    // The graph may leave the size of its images open.
    const { side, channels } = await run(drawLatents(randomKey(0), { first: 0, n: 1, card }), 1, undefined);
    return {
      kind: 'onnx',
      size: side,
      channels,
      classes: null,
      attribute: null,
      method: 'onnx',
      steps: 1,
      draw: async ({ key, first, n }, { signal, onStep }) => {
        const images = new Float32Array(n * channels * side * side);
        for (let start = 0; start < n; start += BATCH) {
          throwIfAborted(signal);
          const count = Math.min(BATCH, n - start);
          const { planes } = await run(drawLatents(key, { first: first + start, n: count, card }), count, signal);
          if (planes.length !== count * channels * side * side)
            throw new BiolensError('input', `${model}: makes images of different sizes`);
          images.set(planes, start * channels * side * side);
          onStep?.(start + count, n);
        }
        return images;
      },
      close: session.close,
    };
  } catch (error) {
    await session.close();
    throw error;
  }
}

interface Ran {
  readonly planes: Float32Array;
  readonly side: number;
  readonly channels: number;
}

/** Runs latents through a model, in the batches that it takes. */
function runnerOf(
  session: Session,
  { card, wiring, cardFile }: { readonly card: GeneratorCard; readonly wiring: Wiring; readonly cardFile: string },
): (values: Float32Array, n: number, signal: AbortSignal | undefined) => Promise<Ran> {
  const { latents, constants, output, batch } = wiring;
  const { width } = card.input;
  const rest = latents.shape.slice(1).map(size => (typeof size === 'number' ? size : width));
  const channels = card.output.channels === 'grey' ? 1 : 3;
  const once = async (values: Float32Array, n: number, signal: AbortSignal | undefined): Promise<Ran> => {
    const feeds: Record<string, TensorData> = {
      [latents.name]: { dtype: 'float32', shape: [n, ...rest], data: values },
    };
    for (const { tensor, value } of constants) feeds[tensor.name] = filled(tensor, value, n);
    const made = (await session.run(feeds, { signal }))[output.name];
    const shape = made?.shape ?? [];
    const [count, ...axes] = shape;
    const [height, breadth] = card.output.layout === 'nchw' ? axes.slice(1) : axes;
    const found = card.output.layout === 'nchw' ? axes[0] : axes[2];
    if (made?.dtype !== 'float32' || axes.length !== 3 || count !== n || found !== channels || height === undefined)
      throw new BiolensError(
        'input',
        `${cardFile}: output: "${output.name}" is ${formatShape(shape)} for ${n} images, expected ${n} images of ${channels} channels as ${card.output.layout}`,
      );
    if (height !== breadth || height < 1 || height > MOST_SIDE)
      throw new BiolensError(
        'input',
        `${cardFile}: output: images of ${breadth}×${height} pixels, expected square ones`,
      );
    const planes = toPlanes(made.data as Float32Array, { n, channels, side: height, card });
    return { planes, side: height, channels };
  };
  return async (values, n, signal) => {
    if (batch === null || batch === n) return once(values, n, signal);
    const parts: Ran[] = [];
    for (let start = 0; start < n; start += batch) {
      // The last call of a model with a batch of its own is filled up with zeros.
      const own = new Float32Array(batch * width);
      own.set(values.subarray(start * width, Math.min(n, start + batch) * width));
      parts.push(await once(own, batch, signal));
    }
    const [first] = parts as [Ran];
    const each = first.planes.length / batch;
    const planes = new Float32Array(n * each);
    parts.forEach(({ planes: part }, k) => {
      planes.set(part.subarray(0, Math.min(batch, n - k * batch) * each), k * batch * each);
    });
    return { ...first, planes };
  };
}
