import { BiolensError } from '../../../ground/errors.ts';
import type { Value } from '../graph.ts';
import { equal, mul, neg, sub } from '../ops/elementwise.ts';
import { logSoftmax, reduceMean, reduceSum } from '../ops/reduction.ts';
import { unsqueeze } from '../ops/structure.ts';
import { formatShape } from '../types.ts';
import { indicator } from './rules/elementwise.ts';
import { sameShape } from './rules/rule.ts';

/** Weights of samples. */
export interface LossOptions {
  /** `[n]`: what each sample's loss is multiplied by before the mean over n is taken; 1 by default. */
  readonly sampleWeights?: Value;
}

function averageOverSamples(op: string, perSample: Value, { sampleWeights }: LossOptions): Value {
  if (sampleWeights === undefined) return reduceMean(perSample);
  if (!sameShape(sampleWeights.shape, perSample.shape))
    throw new BiolensError(
      'usage',
      `${op}: weights ${formatShape(sampleWeights.shape)} expected ${formatShape(perSample.shape)}`,
    );
  return reduceMean(mul(perSample, sampleWeights));
}

/**
 * Mean squared error: Σᵢ wᵢ·mean((pᵢ − tᵢ)²) / n.
 *
 * @param predicted `[n, …]`
 * @param target of the same shape
 */
export function meanSquaredError(predicted: Value, target: Value, options: LossOptions = {}): Value {
  if (!sameShape(predicted.shape, target.shape) || predicted.shape.length === 0)
    throw new BiolensError(
      'usage',
      `meanSquaredError: predicted ${formatShape(predicted.shape)} and target ${formatShape(target.shape)} expected one shape [n, …]`,
    );
  const error = sub(predicted, target);
  const axes = predicted.shape.flatMap((_, axis) => (axis === 0 ? [] : [axis]));
  const squared = mul(error, error);
  const perSample = axes.length === 0 ? squared : reduceMean(squared, { axes });
  return averageOverSamples('meanSquaredError', perSample, options);
}

/**
 * Cross-entropy: −Σᵢ wᵢ·log softmax(logitsᵢ)[labelᵢ] / n. The mean is over n, not over the sum of the weights.
 *
 * @param logits `[n, classes]`
 * @param labels int32 or int64 `[n]`, each 0 … classes − 1
 */
export function crossEntropy(logits: Value, labels: Value, options: LossOptions = {}): Value {
  const classes = logits.shape[1];
  const fits = logits.shape.length === 2 && labels.shape.length === 1 && labels.shape[0] === logits.shape[0];
  if (!fits || typeof classes !== 'number')
    throw new BiolensError(
      'usage',
      `crossEntropy: logits ${formatShape(logits.shape)} and labels ${formatShape(labels.shape)} expected [n, classes] and [n]`,
    );
  if (labels.dtype !== 'int64' && labels.dtype !== 'int32')
    throw new BiolensError('usage', `crossEntropy: labels are ${labels.dtype}, expected int64`);
  const all = Array.from({ length: classes }, (_, index) => index);
  const numbers = labels.dtype === 'int64' ? BigInt64Array.from(all, BigInt) : Int32Array.from(all);
  const chosen = indicator(equal(unsqueeze(labels, [1]), labels.graph.constant(numbers, [classes])));
  const perSample = neg(reduceSum(mul(logSoftmax(logits), chosen), { axes: [1] }));
  return averageOverSamples('crossEntropy', perSample, options);
}
