import type { ParameterSet } from '../../../kit/tensor/index.ts';
import {
  type GanConfiguration,
  type GanConfigurationInput,
  ganConfigurationSchema,
  parseSettings,
} from './configuration.ts';
import { discriminatorParameters } from './discriminator.ts';
import { generatorParameters } from './generator.ts';

/** The two networks of a GAN: what they look like, without any numbers. */
export interface Gan {
  readonly configuration: GanConfiguration;
  readonly generator: ParameterSet;
  readonly discriminator: ParameterSet;
}

/**
 * A GAN of the given shape: a styled generator and a residual discriminator in the manner of StyleGAN2, small enough to train on a CPU.
 *
 * @throws {BiolensError} `usage` naming the field that is wrong
 * @example
 * const gan = createGan({ imageSize: 32 });
 */
export function createGan(input: GanConfigurationInput): Gan {
  const configuration = parseSettings(ganConfigurationSchema, input, { file: 'GAN', code: 'usage' });
  return {
    configuration,
    generator: generatorParameters(configuration),
    discriminator: discriminatorParameters(configuration),
  };
}
