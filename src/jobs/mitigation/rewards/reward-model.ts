import { BiolensError } from '../../../ground/errors.ts';
import { openClassifier, openEmbedder } from '../../../kit/faces/index.ts';
import type { Image } from '../../../kit/images/index.ts';
import { suggest } from '../../../kit/job/index.ts';
import type { DeviceChoice } from '../../../kit/tensor/index.ts';

/** A model whose output is a reward. */
export interface RewardModel {
  /** What messages call it. */
  readonly name: string;
  /** @returns `[n]`, as the model gives them; 0 where it needs a face and finds none */
  score(images: readonly Image[], options?: { readonly signal?: AbortSignal | undefined }): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Images that go to a model at a time. */
const BATCH = 64;

interface RewardSpec {
  readonly path: string;
  readonly attribute: string;
  readonly wanted: string;
}

function parseSpec(spec: string): RewardSpec | null {
  const match = /^(.+)#([^#=]+)=([^#=]+)$/.exec(spec);
  const [, path, attribute, wanted] = match ?? [];
  return path === undefined || attribute === undefined || wanted === undefined ? null : { path, attribute, wanted };
}

async function scoreInBatches(
  images: readonly Image[],
  signal: AbortSignal | undefined,
  work: (some: readonly Image[]) => Promise<readonly number[]>,
): Promise<Float32Array> {
  const scores = new Float32Array(images.length);
  for (let start = 0; start < images.length; start += BATCH) {
    signal?.throwIfAborted();
    scores.set(await work(images.slice(start, start + BATCH)), start);
  }
  return scores;
}

/**
 * Opens an ONNX model with a card as a reward: `path` for an embedder of one number, which is the reward; `path#attribute=class` for the probability that a
 * classifier gives a class.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong, or an output of more than one number; `usage` for a class that the
 * classifier does not have
 */
export async function openRewardModel(spec: string, options: { readonly device: DeviceChoice }): Promise<RewardModel> {
  const parsed = parseSpec(spec);
  if (parsed === null) {
    const embedder = await openEmbedder(spec, options);
    if (embedder.width !== 1) {
      await embedder.close();
      throw new BiolensError('input', `${spec}: expected an output of one number, got ${embedder.width}`);
    }
    return {
      name: spec,
      score: (images, { signal } = {}) =>
        scoreInBatches(images, signal, async some =>
          (await embedder.embed(some, { noFace: 'whole', signal })).map(found => found?.embedding[0] ?? 0),
        ),
      close: () => embedder.close(),
    };
  }
  const { path, attribute, wanted } = parsed;
  const classifier = await openClassifier(path, options);
  const place = classifier.attributes[attribute]?.indexOf(wanted) ?? -1;
  if (place < 0) {
    await classifier.close();
    const known = Object.entries(classifier.attributes).flatMap(([name, classes]) =>
      classes.map(one => `${name}=${one}`),
    );
    const hint = suggest(`${attribute}=${wanted}`, known);
    throw new BiolensError('usage', `${spec}: expected one of ${known.join(', ')}${hint}`);
  }
  return {
    name: spec,
    score: (images, { signal } = {}) =>
      scoreInBatches(images, signal, async some =>
        (await classifier.classify(some, { noFace: 'whole', signal })).map(
          found => found?.probabilities[attribute]?.[place] ?? 0,
        ),
      ),
    close: () => classifier.close(),
  };
}
