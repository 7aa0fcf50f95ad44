import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import {
  adam,
  add,
  buildTrainingStep,
  collectParameters,
  constantSchedule,
  conv2d,
  flatten,
  float32,
  Graph,
  gradients,
  type Lookup,
  linear,
  logSoftmax,
  mul,
  neg,
  openTrainer,
  type ParameterSet,
  type Runtime,
  reduceSum,
  type Session,
  silu,
  slice,
  startTraining,
  type Value,
} from '../../../kit/tensor/index.ts';
import type { DiffusionModel } from '../../generators/index.ts';
import { alphasCumulative, drawNoise, noiseLevel } from '../../generators/index.ts';

/** An attribute that the classifier tells, by its classes. */
export interface GuidedAttribute {
  readonly classes: number;
  /** `[training]` class of each image by index; −1 where it is not known. */
  readonly labels: readonly number[];
}

/** Tells how to change noisy images so that they look more like wanted classes. */
export interface NoisyClassifier {
  /**
   * ∇ log p(classes | x_t), summed over the attributes.
   *
   * @param x `[n, 3, side, side]`
   * @param wanted `[n]` for each attribute
   * @returns `[n, 3, side, side]`
   */
  gradient(x: Float32Array, sigma: number, wanted: readonly (readonly number[])[]): Promise<Float32Array>;
  close(): Promise<void>;
}

const CHANNELS = [16, 32, 64] as const;
const BATCH = 64;
const STEPS = 600;
const LEARNING_RATE = 2e-3;

/** Three convolutions of stride 2 over the image and a plane that says how much noise there is. */
function classify(lookup: Lookup, x: Value, side: number, outputs: number): Value {
  let hidden = x;
  let channels = 4;
  let size = side;
  for (const [i, count] of CHANNELS.entries()) {
    const weight = lookup(`conv${i}.weight`, { shape: [count, channels, 3, 3], start: { kind: 'he' } });
    const bias = lookup(`conv${i}.bias`, { shape: [count], start: { kind: 'constant', value: 0 } });
    hidden = silu(conv2d(hidden, weight, bias, { strides: [2, 2], pads: [1, 1, 1, 1] }));
    channels = count;
    size = Math.ceil(size / 2);
  }
  const width = channels * size * size;
  const weight = lookup('out.weight', { shape: [outputs, width], start: { kind: 'glorot' } });
  const bias = lookup('out.bias', { shape: [outputs], start: { kind: 'constant', value: 0 } });
  return linear(flatten(hidden), weight, bias);
}

/** −Σ over attributes of log p(wanted), summed over images; `wanted` is one-hot, zero rows for what is not known. */
function crossEntropies(logits: Value, wanted: Value, sizes: readonly number[]): Value {
  let start = 0;
  let sum: Value | null = null;
  for (const size of sizes) {
    const range = [{ axis: 1, start, end: start + size }];
    const part = reduceSum(mul(logSoftmax(slice(logits, range)), slice(wanted, range)));
    sum = sum === null ? part : add(sum, part);
    start += size;
  }
  if (sum === null) throw new BiolensError('usage', 'noisy classifier: expected an attribute or more');
  return neg(sum);
}

/** Puts the plane of noise beside the colours: `[n, 4, side, side]`. */
function withNoisePlane(x: Float32Array, sigmas: ArrayLike<number>, plane: number): Float32Array {
  const n = x.length / (3 * plane);
  const joined = new Float32Array(n * 4 * plane);
  for (let i = 0; i < n; i++) {
    joined.set(x.subarray(i * 3 * plane, (i + 1) * 3 * plane), i * 4 * plane);
    joined.fill(sigmas[i]!, (i * 4 + 3) * plane, (i + 1) * 4 * plane);
  }
  return joined;
}

function oneHot(rows: readonly (readonly number[])[], sizes: readonly number[]): Float32Array {
  const width = sizes.reduce((sum, size) => sum + size, 0);
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    let start = 0;
    row.forEach((label, a) => {
      if (label >= 0) data[i * width + start + label] = 1;
      start += sizes[a]!;
    });
  });
  return data;
}

async function train(
  runtime: Runtime,
  pictures: Float32Array,
  options: {
    readonly model: DiffusionModel;
    readonly attributes: readonly GuidedAttribute[];
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<{ readonly parameters: ParameterSet; readonly weights: Float32Array }> {
  const { model, attributes, key, signal } = options;
  const side = model.config.size;
  const size = 3 * side * side;
  const sizes = attributes.map(({ classes }) => classes);
  const width = sizes.reduce((sum, count) => sum + count, 0);
  const shape = [BATCH, 4, side, side];
  const parameters = collectParameters((lookup, graph) => classify(lookup, graph.input('x', shape), side, width));
  const step = buildTrainingStep({
    parameters,
    inputs: { x: { shape }, wanted: { shape: [BATCH, width] } },
    objective: ({ lookup, inputs, graph }) => {
      const loss = crossEntropies(classify(lookup, inputs.x!, side, width), inputs.wanted!, sizes);
      return { loss: mul(loss, graph.scalar(1 / BATCH)) };
    },
    optimiser: adam(),
    clipNorm: 1,
  });
  const state = startTraining(step, { key: foldIn(key, 'weights') });
  const trainer = await openTrainer(runtime, { step, state, learningRate: constantSchedule(LEARNING_RATE) });
  const alphas = alphasCumulative(model.noise);
  const count = pictures.length / size;
  try {
    for (let i = 0; i < STEPS; i++) {
      throwIfAborted(signal);
      const own = foldIn(foldIn(key, 'step'), i);
      const stream = openStream(own);
      const noise = drawNoise(foldIn(own, 'noise'), 0, BATCH, [3, side, side]);
      const x = new Float32Array(BATCH * size);
      const sigmas = new Float32Array(BATCH);
      const rows = Array.from({ length: BATCH }, (_, row) => {
        const picture = stream.integer(count);
        const { alpha, sigma } = noiseLevel(alphas[stream.integer(alphas.length)]!);
        sigmas[row] = sigma;
        for (let j = 0; j < size; j++)
          x[row * size + j] = alpha * pictures[picture * size + j]! + sigma * noise[row * size + j]!;
        return attributes.map(({ labels }) => labels[picture] ?? -1);
      });
      await trainer.run(
        {
          x: float32(withNoisePlane(x, sigmas, side * side), shape),
          wanted: float32(oneHot(rows, sizes), [BATCH, width]),
        },
        { signal },
      );
    }
    return { parameters, weights: trainer.state.weights };
  } finally {
    await trainer.close();
  }
}

/**
 * Trains a small classifier of noisy training images and gives its gradient, which the engine derives: classifier guidance (Dhariwal and Nichol,
 * "Diffusion Models Beat GANs on Image Synthesis", NeurIPS 2021, section 4).
 *
 * @param pictures `[training, 3, side, side]` in [−1, 1]
 * @throws BiolensError `interrupted`
 */
export async function trainNoisyClassifier(
  runtime: Runtime,
  pictures: Float32Array,
  options: {
    readonly model: DiffusionModel;
    readonly attributes: readonly GuidedAttribute[];
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<NoisyClassifier> {
  const { model, attributes } = options;
  const { parameters, weights } = await train(runtime, pictures, options);
  const side = model.config.size;
  const sizes = attributes.map(({ classes }) => classes);
  const width = sizes.reduce((sum, count) => sum + count, 0);
  const sessions = new Map<number, Session>();
  const sessionOf = async (n: number): Promise<Session> => {
    const known = sessions.get(n);
    if (known !== undefined) return known;
    const graph = new Graph();
    const x = graph.input('x', [n, 4, side, side]);
    const logits = classify(parameters.constantsIn(graph, weights), x, side, width);
    const [slope] = gradients(crossEntropies(logits, graph.input('wanted', [n, width]), sizes), [x]);
    graph.output('slope', slope!);
    const session = await runtime.load(graph.build(), { file: 'noisy classifier' });
    sessions.set(n, session);
    return session;
  };
  return {
    gradient: async (x, sigma, wanted) => {
      const plane = side * side;
      const n = x.length / (3 * plane);
      const rows = Array.from({ length: n }, (_, i) => wanted.map(classes => classes[i] ?? -1));
      const session = await sessionOf(n);
      const { slope } = await session.run({
        x: float32(withNoisePlane(x, new Float32Array(n).fill(sigma), plane), [n, 4, side, side]),
        wanted: float32(oneHot(rows, sizes), [n, width]),
      });
      if (slope?.dtype !== 'float32') throw new BiolensError('external', 'the engine gave no float32 output "slope"');
      const found = new Float32Array(x.length);
      // The loss is −log p, and the plane of noise is none of the image's.
      for (let i = 0; i < n; i++)
        for (let j = 0; j < 3 * plane; j++) found[i * 3 * plane + j] = -slope.data[i * 4 * plane + j]!;
      return found;
    },
    close: async () => {
      for (const session of sessions.values()) await session.close();
    },
  };
}
