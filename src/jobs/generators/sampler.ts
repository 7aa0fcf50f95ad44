import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, type RandomKey } from '../../ground/math/index.ts';
import * as t from '../../kit/tensor/index.ts';
import type { DiffusionModel } from './model.ts';
import { drawNoise } from './noise/draw.ts';
import { clampTo, combine, type Estimate, estimateFrom, thresholdTo } from './noise/prediction.ts';
import { openSolver, type SamplingMethod, type Solver, type SolverStep } from './noise/solver.ts';
import { MOST_EARLIER } from './noise/solver-step.ts';
import { buildUNet, FREQUENCIES, timeFeatures, timeFeatureWidth } from './unet/network.ts';

export interface SamplerOptions {
  /** Images that go through the network at once. Default 64. */
  readonly batch?: number;
  /** Default `ddim`. */
  readonly method?: SamplingMethod;
  /** Network evaluations an image. Default 50. */
  readonly steps?: number;
  /** DDIM's share of fresh noise, 0 to 1. Default 0. */
  readonly eta?: number;
}

/** What a guide sees of a step. */
export interface GuideContext {
  /** Training time. */
  readonly t: number;
  /** Steps that follow this one. */
  readonly remaining: number;
  /** The images as the network predicts them, `[n, c, h, w]`; to be read only. */
  readonly x0: Float32Array;
  readonly epsilon: Float32Array;
  /** x_t = alpha·x₀ + sigma·ε. */
  readonly alpha: number;
  readonly sigma: number;
  /** Number of the first image, as in the request. */
  readonly first: number;
}

/** What a guide adds, `[n, c, h, w]`: to the predicted image or to the predicted noise; the other one follows. Null: nothing. */
export type Correction = { readonly x0: Float32Array } | { readonly epsilon: Float32Array } | null;

/** Changes the way of images as they arise. */
export type Guide = (x: Float32Array, context: GuideContext) => Correction | Promise<Correction>;

export interface SampleRequest {
  /** Where the images start, `[n, c, h, w]`, as from {@link drawNoise}. */
  readonly noise: Float32Array;
  /** Classes by index, `[n]`, for a model of classes. */
  readonly labels?: ArrayLike<number> | undefined;
  /** Of the noise that steps add; methods without any do not need it. */
  readonly key?: RandomKey | undefined;
  /** Number of the first image, which numbers the noise of steps. Default 0. */
  readonly first?: number;
  /** A step to begin at instead of the first, with images that are partly noise ({@link Sampler.addNoise}). */
  readonly startStep?: number;
  readonly guide?: Guide | undefined;
  /** Called after every step with the image-steps that are done. */
  readonly onStep?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Sampler {
  readonly model: DiffusionModel;
  readonly solver: Solver;
  /** `[c, h, w]` */
  readonly shape: readonly [number, number, number];
  /**
   * Turns noise into images, `[n, c, h, w]` in [−1, 1].
   *
   * Equal requests give equal images; other batch sizes give the same to rounding.
   *
   * @throws {BiolensError} `usage` for noise or labels that do not fit; `interrupted`; `external` when memory is short.
   */
  readonly sample: (request: SampleRequest) => Promise<Float32Array>;
  /** Images `[n, c, h, w]` with the noise of a step's time. */
  readonly addNoise: (images: Float32Array, noise: Float32Array, step: number) => Float32Array;
  readonly close: () => Promise<void>;
}

/** The network for inference: its weights are constants, which the engine arranges as suits it. */
export function buildDenoiser({ config, parameters, weights }: DiffusionModel): Uint8Array {
  const graph = new t.Graph();
  const output = buildUNet(
    { config, lookup: parameters.constantsIn(graph, weights), dropOut: null },
    {
      x: graph.input('x', ['n', config.inChannels, config.size, config.size]),
      time: graph.input('time', ['n', timeFeatureWidth(config)]),
      labels: config.classCount === null ? undefined : graph.input('labels', ['n'], 'int64'),
    },
  );
  graph.output('output', output);
  return graph.build();
}

/** The frequencies of a Fourier embedding among the weights; undefined for other networks. */
export function frequenciesOf({ config, parameters, weights }: DiffusionModel): Float32Array | undefined {
  if (config.timeEmbedding !== 'fourier') return undefined;
  const { offset, shape } = parameters.list.find(({ name }) => name === FREQUENCIES)!;
  return weights.subarray(offset, offset + t.sizeOf(shape));
}

/** Classes by index as the network takes them. */
export function checkLabels(
  labels: ArrayLike<number> | undefined,
  { classCount, n }: { readonly classCount: number | null; readonly n: number },
): BigInt64Array | null {
  if (classCount === null) {
    if (labels !== undefined) throw new BiolensError('usage', '"labels" were given to a model without classes');
    return null;
  }
  if (labels?.length !== n)
    throw new BiolensError('usage', `"labels" expected ${n} numbers, got ${labels?.length ?? 'none'}`);
  for (let i = 0; i < n; i++)
    if (!Number.isInteger(labels[i]) || labels[i]! < 0 || labels[i]! >= classCount)
      throw new BiolensError('usage', `"labels" expected classes 0 to ${classCount - 1}, got ${labels[i]}`);
  return BigInt64Array.from({ length: n }, (_, i) => BigInt(labels[i]!));
}

async function applyGuide(
  x: Float32Array,
  estimate: Estimate,
  step: SolverStep,
  { guide, remaining, first }: { readonly guide: Guide; readonly remaining: number; readonly first: number },
): Promise<Estimate> {
  const { alpha, sigma } = step.level;
  const correction = await guide(x, { t: step.time, remaining, first, alpha, sigma, ...estimate });
  if (correction === null) return estimate;
  const added = 'x0' in correction ? correction.x0 : correction.epsilon;
  if (added.length !== x.length)
    throw new BiolensError('usage', `guide: expected ${x.length} numbers, got ${added.length}`);
  if ('x0' in correction) {
    const x0 = combine(estimate.x0, 1, added, 1);
    return { x0, epsilon: combine(x, 1 / sigma, x0, -alpha / sigma) };
  }
  const epsilon = combine(estimate.epsilon, 1, added, 1);
  return { x0: combine(x, 1 / alpha, epsilon, -sigma / alpha), epsilon };
}

function addStepNoise(
  x: Float32Array,
  stdDev: number | Float32Array,
  { key, first, shape }: { readonly key: RandomKey; readonly first: number; readonly shape: readonly number[] },
): void {
  const fresh = drawNoise(key, first, x.length / t.sizeOf(shape), shape);
  for (let i = 0; i < x.length; i++) x[i]! += (typeof stdDev === 'number' ? stdDev : stdDev[i]!) * fresh[i]!;
}

/** What a network of learned variance gives: the prediction, and after it as many channels that say the variance. */
function splitOutput(output: Float32Array, size: number): { prediction: Float32Array; variance: Float32Array } {
  const prediction = new Float32Array(output.length / 2);
  const variance = new Float32Array(output.length / 2);
  for (let at = 0; at < prediction.length; at += size) {
    prediction.set(output.subarray(2 * at, 2 * at + size), at);
    variance.set(output.subarray(2 * at + size, 2 * at + 2 * size), at);
  }
  return { prediction, variance };
}

/** Checks that what a network gives is what sampling needs. */
function checkChannels({ config, noise }: DiffusionModel): void {
  const { inChannels, outChannels } = config;
  const wanted = noise.learnedVariance === true ? 2 * inChannels : inChannels;
  if (outChannels === wanted) return;
  const unsaid =
    outChannels === 2 * inChannels
      ? '; its scheduler does not say "variance_type" learned_range, which would use them'
      : '';
  const why = noise.learnedVariance === true ? ', twice as many for the learned variance' : unsaid;
  throw new BiolensError(
    'input',
    `the model takes ${inChannels} channels and gives ${outChannels}: sampling needs ${wanted}${why}`,
  );
}

/** Parts of a batch that are denoised side by side; each has working memory of its own. */
const MOST_LANES = 8;

/**
 * Loads a model to sample from it.
 *
 * @throws {BiolensError} `usage` for settings that do not fit.
 * @example
 * const sampler = await openSampler(runtime, model, { method: 'ddim', steps: 50 });
 * const images = await sampler.sample({ noise: drawNoise(randomKey(1), 0, 16, sampler.shape) });
 */
export async function openSampler(
  runtime: t.Runtime,
  model: DiffusionModel,
  { batch = 64, method = 'ddim', steps = 50, eta = 0 }: SamplerOptions = {},
): Promise<Sampler> {
  if (!Number.isInteger(batch) || batch < 1)
    throw new BiolensError('usage', `"batch" expected a whole number from 1, got ${batch}`);
  const { config, noise: schedule } = model;
  checkChannels(model);
  const solver = openSolver(schedule, { method, steps, eta });
  const frequencies = frequenciesOf(model);
  if (frequencies !== undefined && solver.steps.some(({ time }) => time === 0))
    throw new BiolensError(
      'input',
      'the model takes the logarithm of the time, and these steps visit time 0: its scheduler needs "timestep_spacing" trailing',
    );
  const shape = [config.inChannels, config.size, config.size] as const;
  const size = t.sizeOf(shape);
  const lanes = runtime.device === 'cpu' ? Math.min(runtime.threads, MOST_LANES) : 1;
  const session = await runtime.load(buildDenoiser(model), { file: 'U-Net', transfer: true, lanes });

  const denoise = async (x: Float32Array, time: number, labels: BigInt64Array | null, signal?: AbortSignal) => {
    const n = x.length / size;
    const features = timeFeatures(new Array<number>(n).fill(time), config, frequencies);
    const feeds = {
      x: t.float32(x, [n, ...shape]),
      time: t.float32(features, [n, timeFeatureWidth(config)]),
      ...(labels === null ? {} : { labels: { dtype: 'int64', shape: [n], data: labels } as const }),
    };
    const { output } = await t.runInParts(session, feeds, { parts: Math.min(lanes, n), signal });
    if (output?.dtype !== 'float32') throw new BiolensError('external', 'the engine gave no float32 output');
    return output.data;
  };

  const sampleBatch = async (
    start: Float32Array,
    labels: BigInt64Array | null,
    { key, first, startStep, guide, onStep, signal }: BatchRequest,
  ): Promise<Float32Array> => {
    let x = start;
    let earlier: Estimate[] = [];
    for (let i = startStep; i < solver.steps.length; i++) {
      throwIfAborted(signal);
      const step = solver.steps[i]!;
      const output = await denoise(x, step.time, labels, signal);
      const { prediction, variance } =
        schedule.learnedVariance === true ? splitOutput(output, size) : { prediction: output, variance: null };
      let estimate = estimateFrom(x, prediction, step.level, schedule.prediction);
      const hold = (found: Estimate): Estimate => {
        if (solver.threshold !== null)
          return { ...found, x0: thresholdTo(found.x0.slice(), { ...solver.threshold, size }) };
        return solver.clipRange === null ? found : { ...found, x0: clampTo(found.x0.slice(), solver.clipRange) };
      };
      estimate = hold(estimate);
      if (guide !== undefined) {
        const remaining = solver.steps.length - 1 - i;
        estimate = hold(await applyGuide(x, estimate, step, { guide, remaining, first }));
      }
      x = step.advance(x, estimate, earlier);
      const stdDev = variance === null ? step.noiseStdDev : (step.learnedStdDev?.(variance) ?? step.noiseStdDev);
      if (stdDev !== 0) {
        if (key === undefined) throw new BiolensError('usage', `"key" is missing: ${method} adds noise at each step`);
        addStepNoise(x, stdDev, { key: foldIn(foldIn(key, 'step'), i), first, shape });
      }
      earlier = [estimate, ...earlier].slice(0, MOST_EARLIER);
      onStep();
    }
    return clampTo(x, 1);
  };

  return {
    model,
    solver,
    shape,
    sample: async ({ noise, labels, first = 0, startStep = 0, onStep, ...rest }) => {
      const n = noise.length / size;
      if (!Number.isInteger(n) || n < 1)
        throw new BiolensError('usage', `"noise" expected n × ${size} numbers, got ${noise.length}`);
      if (!Number.isInteger(startStep) || startStep < 0 || startStep >= solver.steps.length)
        throw new BiolensError('usage', `"startStep" expected 0 to ${solver.steps.length - 1}, got ${startStep}`);
      const classes = checkLabels(labels, { classCount: config.classCount, n });
      const images = new Float32Array(noise.length);
      let done = 0;
      for (let at = 0; at < n; at += batch) {
        const count = Math.min(batch, n - at);
        const part = await sampleBatch(
          noise.slice(at * size, (at + count) * size),
          classes?.slice(at, at + count) ?? null,
          {
            ...rest,
            first: first + at,
            startStep,
            onStep: () => {
              done += count;
              onStep?.(done, n * (solver.steps.length - startStep));
            },
          },
        );
        images.set(part, at * size);
      }
      return images;
    },
    addNoise: (images, noise, step) => {
      const { alpha, sigma } = solver.steps[step]!.level;
      return combine(images, alpha, noise, sigma);
    },
    close: () => session.close(),
  };
}

interface BatchRequest {
  readonly key?: RandomKey | undefined;
  readonly first: number;
  readonly startStep: number;
  readonly guide?: Guide | undefined;
  readonly onStep: () => void;
  readonly signal?: AbortSignal | undefined;
}
