import {
  adam,
  add,
  buildTrainingStep,
  concat,
  gradients,
  type Lookup,
  mul,
  neg,
  type ParameterSet,
  reduceMean,
  reduceSum,
  type Schedule,
  slice,
  softplus,
  type TrainingStep,
  type Value,
} from '../../../kit/tensor/index.ts';
import { augment, augmentationInputs } from './augmentation.ts';
import type { GanConfiguration, GanTraining } from './configuration.ts';
import { groupSize, writeDiscriminator } from './discriminator.ts';
import type { Gan } from './gan.ts';
import { writeGenerator } from './generator.ts';
import { times } from './layers.ts';

/** Adam as GANs of this kind are trained: no momentum (Karras et al. 2018, appendix A.1). */
const BETAS = { beta1: 0, beta2: 0.99 } as const;
/** The average is young with the training: it forgets half in a twentieth of the images seen, until `averageHalfLife`. */
const AVERAGE_RAMP = 0.05;

/** Names of what a batch brings to the two steps. */
export const BATCH = {
  images: 'images',
  latents: 'latents',
  generator: 'generator.weights',
  discriminator: 'discriminator.weights',
} as const;

/** Images of a step that the gradient penalty is measured on: whole groups of the batch. */
export function penaltyBatch({ batchSize, r1Share, r1Gamma }: GanTraining): number {
  if (r1Gamma === 0) return 0;
  const group = groupSize(batchSize);
  return Math.min(batchSize, Math.max(group, Math.round((batchSize * r1Share) / group) * group));
}

/** The share of the old average that is kept, by step. */
export function averageDecay({ averageHalfLife, batchSize }: GanTraining): Schedule {
  return step => 0.5 ** (batchSize / Math.min(averageHalfLife, AVERAGE_RAMP * step * batchSize));
}

/** Looks up parameters in a flat vector that is not trained in this step. */
function frozen(parameters: ParameterSet, vector: Value): Lookup {
  return parameters.lookupIn(parameters.cut(vector));
}

const shape = ({ imageSize }: GanConfiguration, n: number): number[] => [n, 3, imageSize, imageSize];

/**
 * The discriminator's step: E[softplus(−D(real))] + E[softplus(D(fake))] + γ/2·E‖∇D(real)‖² (Goodfellow et al. 2014; the penalty R1 of
 * Mescheder et al., "Which Training Methods for GANs do actually Converge?", 2018, equation 9).
 *
 * StyleGAN2 measures the penalty on every sixteenth batch and weighs it sixteen times. Here it is measured in every step on a share of
 * the batch, which has the same expectation at the same cost, without the jolt.
 */
export function buildDiscriminatorStep(gan: Gan, training: GanTraining): TrainingStep {
  const { configuration } = gan;
  const { batchSize: n, augmentation: kinds } = training;
  const side = configuration.imageSize;
  const penalised = penaltyBatch(training);
  return buildTrainingStep({
    parameters: gan.discriminator,
    inputs: {
      [BATCH.images]: { shape: shape(configuration, n) },
      [BATCH.latents]: { shape: [n, configuration.latentSize] },
      [BATCH.generator]: { shape: [gan.generator.size] },
      ...augmentationInputs({ kinds, prefix: 'real', n, side }),
      ...augmentationInputs({ kinds, prefix: 'fake', n, side }),
    },
    objective: ({ lookup, inputs }) => {
      const group = groupSize(n);
      const judge = (images: Value): Value => writeDiscriminator(lookup, images, { configuration, group });
      const generator = frozen(gan.generator, inputs[BATCH.generator]!);
      const sampled = writeGenerator(generator, inputs[BATCH.latents]!, configuration);
      const real = augment(inputs[BATCH.images]!, { kinds, prefix: 'real', inputs });
      const fake = augment(sampled, { kinds, prefix: 'fake', inputs });
      const logits = judge(concat([real, fake], { axis: 0 }));
      const ofReal = slice(logits, [{ axis: 0, start: 0, end: n }]);
      const ofFake = slice(logits, [{ axis: 0, start: n, end: 2 * n }]);
      const loss = add(reduceMean(softplus(neg(ofReal))), reduceMean(softplus(ofFake)));
      const outputs = { realLogit: reduceMean(ofReal), fakeLogit: reduceMean(ofFake) };
      if (penalised === 0) return { loss, outputs };
      const some = penalised === n ? real : slice(real, [{ axis: 0, start: 0, end: penalised }]);
      const [slope] = gradients(reduceSum(judge(some)), [some]);
      const penalty = times(reduceSum(mul(slope!, slope!)), 1 / penalised);
      return { loss: add(loss, times(penalty, training.r1Gamma / 2)), outputs: { ...outputs, penalty } };
    },
    optimiser: adam(BETAS),
  });
}

/** The generator's step: E[softplus(−D(fake))], the non-saturating loss of Goodfellow et al. 2014, and its moving average. */
export function buildGeneratorStep(gan: Gan, training: GanTraining): TrainingStep {
  const { configuration } = gan;
  const { batchSize: n, augmentation: kinds } = training;
  const side = configuration.imageSize;
  return buildTrainingStep({
    parameters: gan.generator,
    inputs: {
      [BATCH.latents]: { shape: [n, configuration.latentSize] },
      [BATCH.discriminator]: { shape: [gan.discriminator.size] },
      ...augmentationInputs({ kinds, prefix: 'fake', n, side }),
    },
    objective: ({ lookup, inputs }) => {
      const sampled = writeGenerator(lookup, inputs[BATCH.latents]!, configuration);
      const fake = augment(sampled, { kinds, prefix: 'fake', inputs });
      const discriminator = frozen(gan.discriminator, inputs[BATCH.discriminator]!);
      const logits = writeDiscriminator(discriminator, fake, { configuration, group: groupSize(n) });
      return { loss: reduceMean(softplus(neg(logits))) };
    },
    optimiser: adam(BETAS),
    emaDecay: averageDecay(training),
  });
}
