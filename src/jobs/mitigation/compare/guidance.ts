import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';
import type { Guide } from '../../generators/index.ts';
import type { AuditContext } from '../audit-samples.ts';
import type { Prepared } from '../prepare.ts';
import { toModel } from '../sample.ts';
import { trainNoisyClassifier } from './noisy-classifier.ts';
import { openRepulsion } from './repulsion.ts';

/** How much more than its due the classifier's gradient counts. */
const CLASS_SCALE = 3;

/** What turns samples toward the targets while they arise. */
export interface Guidance extends AsyncDisposable {
  /** The guide of samples `first`, `first + 1`, …; which class each is turned to is a function of the key and its number. */
  guideOf(options: { readonly key: RandomKey; readonly first: number; readonly count: number }): Guide;
}

/** A class, each with the probability of its share. */
function drawClass(shares: readonly number[], at: number): number {
  let sum = 0;
  const found = shares.findIndex(share => {
    sum += share;
    return at < sum;
  });
  return found < 0 ? shares.length - 1 : found;
}

/**
 * Guidance of the sampler toward the wanted distribution, by the gradient of a classifier of noisy images, and away from the nearest training image.
 *
 * Each sample is given a class drawn by the targets; ε is changed by −s·σ·∇ log p(class | x_t), and x₀ by what {@link openRepulsion} says. The weights of
 * the model stay as they are.
 */
export async function openGuidance(
  prepared: Prepared,
  context: AuditContext,
  options: { readonly key: RandomKey; readonly signal?: AbortSignal | undefined },
): Promise<Guidance> {
  const { runtime, training, targets } = context;
  const pictures = toModel(training.images);
  const { model, configuration } = prepared;
  const repulsion = configuration.replication ? openRepulsion(pictures, model.config.size) : null;
  const classifier =
    targets.length === 0
      ? null
      : await trainNoisyClassifier(runtime, pictures, {
          model,
          attributes: targets.map(({ target, labels }) => ({
            classes: target.classes.length,
            labels: labels.training.labels.map(label => (label === null ? -1 : target.classes.indexOf(label))),
          })),
          key: foldIn(options.key, 'noisy classifier'),
          signal: options.signal,
        });
  return {
    guideOf: ({ key, first, count }) => {
      const wanted = targets.map(({ target }) =>
        Array.from({ length: count }, (_, i) =>
          drawClass(target.shares, openStream(foldIn(foldIn(key, target.attribute), first + i)).uniform()),
        ),
      );
      return async (x, { x0, alpha, sigma, first: from }) => {
        const epsilon = new Float32Array(x.length);
        if (classifier !== null) {
          const n = x.length / (3 * model.config.size ** 2);
          const some = wanted.map(classes => classes.slice(from - first, from - first + n));
          const slope = await classifier.gradient(x, sigma, some);
          for (let i = 0; i < epsilon.length; i++) epsilon[i]! -= CLASS_SCALE * sigma * slope[i]!;
        }
        if (repulsion !== null && sigma > 0) {
          const change = repulsion.correct(x0);
          for (let i = 0; i < epsilon.length; i++) epsilon[i]! -= (alpha / sigma) * change[i]!;
        }
        return { epsilon };
      };
    },
    [Symbol.asyncDispose]: async () => classifier?.close(),
  };
}
