import { BiolensError } from '../../../ground/errors.ts';
import { add, mul, type Optimiser, sub } from '../../../kit/tensor/index.ts';

/**
 * A client's gradient descent: w ← w − η·(g + μ·(w − w₀) + correction). Without either term that of FedAvg; μ is FedProx's pull towards the
 * server's model w₀ (Li et al. 2020, eq. 2), the correction is SCAFFOLD's. Both vectors lie in the optimiser's memory and do not change.
 */
export function localSteps({
  proximal = 0,
  corrected = false,
}: {
  readonly proximal?: number;
  readonly corrected?: boolean;
}): Optimiser {
  if (!(proximal >= 0 && Number.isFinite(proximal)))
    throw new BiolensError('usage', `"proximal" expected a number from 0, got ${proximal}`);
  const slots = [...(proximal > 0 ? ['anchor'] : []), ...(corrected ? ['correction'] : [])];
  return {
    name: ['sgd', ...slots].join('-'),
    slots,
    update: ({ weights, gradient, learningRate, memory }) => {
      const { anchor, correction } = memory;
      let slope = gradient;
      if (anchor !== undefined) slope = add(slope, mul(sub(weights, anchor), weights.graph.scalar(proximal)));
      if (correction !== undefined) slope = add(slope, correction);
      return { weights: sub(weights, mul(slope, learningRate)), memory };
    },
  };
}
