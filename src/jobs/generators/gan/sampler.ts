import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import { Graph, type Runtime, type TensorData } from '../../../kit/tensor/index.ts';
import type { Gan } from './gan.ts';
import { writeGenerator } from './generator.ts';
import { drawLatents } from './trainer.ts';

/** Images sampled at a time. */
const BATCH = 32;

export interface GanSampler {
  /**
   * Generates images from latents, or from a key: image i then depends on the key and on i alone.
   *
   * @returns `[n, 3, imageSize, imageSize]`, −1 to 1, and the latents `[n, latentSize]` that they come from
   * @throws {BiolensError} `usage` for latents of another length; `interrupted`
   */
  readonly sample: (
    what: { readonly latents: Float32Array } | { readonly n: number; readonly key: RandomKey; readonly first?: number },
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<{ readonly images: Float32Array; readonly latents: Float32Array }>;
  readonly close: () => Promise<void>;
}

/** Latents of the images `first` … `first + n − 1` of a key. */
function latentsOf(key: RandomKey, { first, n, size }: { first: number; n: number; size: number }): Float32Array {
  const latents = new Float32Array(n * size);
  for (let i = 0; i < n; i++) {
    const { data } = drawLatents(foldIn(key, first + i), { n: 1, size });
    latents.set(data as Float32Array, i * size);
  }
  return latents;
}

/**
 * Opens a generator for sampling.
 *
 * @param weights flat, as `ParameterSet.list` orders them: the moving average of training, or those of a model folder
 * @example
 * const sampler = await openGanSampler(runtime, { gan, weights });
 * const { images } = await sampler.sample({ n: 64, key: randomKey(1) });
 */
export async function openGanSampler(
  runtime: Runtime,
  { gan, weights }: { readonly gan: Gan; readonly weights: Float32Array },
): Promise<GanSampler> {
  const { imageSize, latentSize } = gan.configuration;
  const graph = new Graph();
  const lookup = gan.generator.constantsIn(graph, weights);
  graph.output('images', writeGenerator(lookup, graph.input('latents', ['n', latentSize]), gan.configuration));
  const session = await runtime.load(graph.build(), { file: 'generator' });
  const pixels = 3 * imageSize * imageSize;

  return {
    sample: async (what, { signal } = {}) => {
      const latents =
        'latents' in what ? what.latents : latentsOf(what.key, { first: what.first ?? 0, n: what.n, size: latentSize });
      if (latents.length % latentSize !== 0)
        throw new BiolensError('usage', `latents: ${latents.length} numbers are no whole number of ${latentSize}`);
      const n = latents.length / latentSize;
      const images = new Float32Array(n * pixels);
      for (let start = 0; start < n; start += BATCH) {
        throwIfAborted(signal);
        const count = Math.min(BATCH, n - start);
        const feed: TensorData = {
          dtype: 'float32',
          shape: [count, latentSize],
          data: latents.slice(start * latentSize, (start + count) * latentSize),
        };
        const { images: sampled } = await session.run({ latents: feed }, { signal });
        if (sampled?.dtype !== 'float32') throw new BiolensError('external', 'the engine gave no float32 images');
        for (let i = 0; i < sampled.data.length; i++)
          images[start * pixels + i] = Math.max(-1, Math.min(1, sampled.data[i]!));
      }
      return { images, latents };
    },
    close: () => session.close(),
  };
}
