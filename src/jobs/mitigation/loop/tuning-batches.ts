import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../../ground/math/index.ts';

/** What a model is fine-tuned on: samples by their rewards, and training images by γ. */
export interface TuningMix {
  /** `[n]` rewards of the samples, 0 or more. */
  readonly rewards: Float32Array;
  readonly gamma: number;
  /** `[m]` how much each training image counts, mean 1; a uniform one is all ones. */
  readonly training: Float32Array;
}

/** One batch: `loss = (1/b)·Σ weight·ℓ` over it estimates E[r·ℓ] + γ·E_D[ℓ] without bias. */
export interface TuningBatch {
  /** Indices of samples. */
  readonly samples: readonly number[];
  /** Indices of training images. */
  readonly training: readonly number[];
  /** `[b]`, those of the samples first. */
  readonly weights: Float32Array;
}

/** Where items of unequal weight lie on a line from 0 to their sum. */
function cumulate(weights: Float32Array): Float64Array {
  let sum = 0;
  return Float64Array.from(weights, weight => {
    sum += weight;
    return sum;
  });
}

function locate(cumulative: Float64Array, at: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** `count` draws, item i with probability weight/sum; spread evenly, so that the shares of a batch vary little. */
function drawItems(cumulative: Float64Array, count: number, key: RandomKey): number[] {
  const stream = openStream(key);
  // Just below the sum, so that rounding up cannot reach an item of weight 0 at the end.
  const sum = cumulative.at(-1)! * (1 - 2 ** -40);
  const items = Array.from({ length: count }, (_, i) => locate(cumulative, ((i + stream.uniform()) / count) * sum));
  return stream.shuffle(items);
}

/**
 * Prepares the batches of a round. Items are drawn as often as they weigh and then count alike: the same loss as weighting a uniform draw, with less
 * noise, and no step is spent on a sample whose reward is 0. Of each batch, samples and training images get parts as large as E[r] and γ.
 *
 * @returns the batch of a step; a function of the key and the step alone
 * @throws BiolensError `input` when all rewards are 0 and γ is 0; `usage` for a batch below 2 with both parts
 */
export function planBatches(
  { rewards, gamma, training }: TuningMix,
  options: { readonly batch: number; readonly key: RandomKey },
): (step: number) => TuningBatch {
  const { batch, key } = options;
  const rewardSums = cumulate(rewards);
  const trainingSums = cumulate(training);
  const meanReward = (rewardSums.at(-1) ?? 0) / Math.max(1, rewards.length);
  const meanTraining = (trainingSums.at(-1) ?? 0) / Math.max(1, training.length);
  const wantsTraining = gamma > 0 && meanTraining > 0;
  if (!(meanReward > 0) && !wantsTraining)
    throw new BiolensError('input', `all of ${rewards.length} samples have the reward 0: there is nothing to tune on`);
  const both = meanReward > 0 && wantsTraining;
  if (batch < (both ? 2 : 1)) throw new BiolensError('usage', `"batch" expected 2 or more, got ${batch}`);
  const part = (batch * gamma * meanTraining) / (meanReward + gamma * meanTraining);
  const fromTraining = both ? Math.min(batch - 1, Math.max(1, Math.round(part))) : wantsTraining ? batch : 0;
  const fromSamples = batch - fromTraining;
  const weights = new Float32Array(batch);
  weights.fill(fromSamples === 0 ? 0 : (meanReward * batch) / fromSamples, 0, fromSamples);
  weights.fill(fromTraining === 0 ? 0 : (gamma * meanTraining * batch) / fromTraining, fromSamples);
  return step => {
    const own = foldIn(key, step);
    return {
      samples: fromSamples === 0 ? [] : drawItems(rewardSums, fromSamples, foldIn(own, 'samples')),
      training: fromTraining === 0 ? [] : drawItems(trainingSums, fromTraining, foldIn(own, 'training')),
      weights,
    };
  };
}
