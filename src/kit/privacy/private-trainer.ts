import type { PrivacyEvent, PrivacyEventInput } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { ExampleTrainer, TensorData } from '../tensor/index.ts';
import { checkPositive } from './check.ts';
import { clipJointly } from './clipping.ts';
import { openDiscreteGaussian } from './discrete-gaussian.ts';
import { latticeSensitivity } from './lattice.ts';
import { privacyEvent } from './ledger.ts';
import type { RandomIntegers } from './random-integers.ts';

/** Settings of training that is private to each example. */
export interface PrivateTraining {
  /** Longest gradient of an example. */
  readonly clipNorm: number;
  /** Deviation of the noise over the sensitivity. */
  readonly noiseMultiplier: number;
  /** Examples in a step on average: the sampling rate times all. The sum is divided by it, never by how many there were. */
  readonly expectedExamples: number;
  /** Where the noise is drawn from; tests pass their own. */
  readonly integers?: RandomIntegers;
}

/** What one private step did. */
export interface PrivateStep {
  readonly step: number;
  /** Examples that took part; how many is private. */
  readonly examples: number;
  /** Mean loss, null without an example. Computed in clear: it must not leave the machine without noise of its own. */
  readonly loss: number | null;
  /** Examples whose gradient was clipped; private, too. */
  readonly clipped: number;
}

/** Steps of gradient descent in which no example can be made out. */
export interface PrivateTrainer {
  /**
   * One step on the examples of a Poisson sample ({@link samplePoisson}), which may be empty.
   *
   * @throws BiolensError `input` for a gradient that is not finite: nothing has changed
   */
  readonly run: (
    batch: Readonly<Record<string, TensorData>>,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<PrivateStep>;
  /** What steps of this trainer are in a ledger: to be written before their result leaves. */
  readonly event: (
    about: Pick<PrivacyEventInput, 'released' | 'to' | 'round' | 'at'> & {
      readonly samplingRate: number;
      readonly steps: number;
    },
  ) => PrivacyEvent;
}

/** Rounding to the lattice may lengthen a clipped gradient by this share, no more. */
const ROUNDING = 0.01;

/**
 * Differentially private stochastic gradient descent (Abadi et al., "Deep Learning with Differential Privacy", CCS 2016, algorithm 1) by
 * examples: each example's gradient is clipped as one vector and rounded to a lattice of 2^k, the whole numbers are added up, discrete
 * Gaussian noise is added to the sum, and the optimiser follows that over the expected number of examples.
 *
 * Adversary: sees every model on the way and knows all examples but one. Leaks: the time of a step tells how many examples it had.
 *
 * @param trainer of `openExampleTrainer`; its state is what changes
 * @throws BiolensError `usage` for settings that are not positive
 */
export function openPrivateTrainer(trainer: ExampleTrainer, settings: PrivateTraining): PrivateTrainer {
  const { clipNorm, noiseMultiplier, expectedExamples } = settings;
  checkPositive('clipNorm', clipNorm);
  checkPositive('noiseMultiplier', noiseMultiplier);
  checkPositive('expectedExamples', expectedExamples);
  const dimension = trainer.state.weights.length;
  const exponent = Math.floor(Math.log2((2 * ROUNDING * clipNorm) / Math.sqrt(dimension)));
  const step = 2 ** exponent;
  const sensitivity = latticeSensitivity({ sensitivity: clipNorm, dimension, rounded: 'contribution' }, { exponent });
  // Whole, because such variances are drawn fastest; rounded up, for more noise and not less.
  const variance = Math.ceil((noiseMultiplier * sensitivity) ** 2);
  const sample = openDiscreteGaussian(variance, settings.integers);

  return {
    run: async (batch, { signal } = {}) => {
      const sum = new Float64Array(dimension);
      let [examples, clipped, losses] = [0, 0, 0];
      await trainer.visit(
        batch,
        (gradient, loss) => {
          if (clipJointly([gradient], clipNorm).scale < 1) clipped++;
          for (let i = 0; i < dimension; i++) sum[i] = sum[i]! + Math.round(gradient[i]! / step);
          examples++;
          losses += loss;
        },
        { signal },
      );
      const gradient = new Float32Array(dimension);
      const share = step / expectedExamples;
      for (let i = 0; i < dimension; i++) gradient[i] = (sum[i]! + sample()) * share;
      await trainer.follow(gradient);
      return { step: trainer.stepsDone, examples, clipped, loss: examples === 0 ? null : losses / examples };
    },
    event: ({ samplingRate, steps, ...about }) => {
      if (!(samplingRate > 0 && samplingRate <= 1))
        throw new BiolensError(
          'usage',
          `"samplingRate" expected a number above 0 and of at most 1, got ${samplingRate}`,
        );
      return privacyEvent({
        ...about,
        mechanism: 'discrete-gaussian',
        unit: 'example',
        purpose: 'update',
        sampling: samplingRate < 1 ? 'poisson' : 'none',
        samplingRate,
        steps,
        noiseStdDev: Math.sqrt(variance),
        sensitivity,
      });
    },
  };
}
