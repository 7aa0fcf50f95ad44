import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';

/** Side of the smallest feature map, where both networks begin or end. */
export const SMALLEST_SIDE = 4;

const powerOfTwo = (value: number): boolean => Number.isInteger(Math.log2(value));

/** Shape of a GAN's two networks, as `gan.json` holds it. */
export const ganConfigurationSchema = z.strictObject({
  schema: z.literal('biolens/gan@1').default('biolens/gan@1'),
  /** Side of the square RGB images in pixels. */
  imageSize: z.number().int().min(8).max(256).refine(powerOfTwo, { message: 'expected a power of two from 8 to 256' }),
  /** Length of a latent vector. */
  latentSize: z.number().int().min(1).max(1024).default(64),
  /** Channels of both networks at the full size; they double as the side halves. */
  channels: z.number().int().min(1).max(1024).default(16),
  maxChannels: z.number().int().min(1).max(4096).default(64),
});
export type GanConfiguration = z.infer<typeof ganConfigurationSchema>;
export type GanConfigurationInput = z.input<typeof ganConfigurationSchema>;

export const AUGMENTATIONS = ['colour', 'translation', 'cutout'] as const;

/** How a GAN is trained; the defaults are for a few hundred to a few thousand images and short trainings, chosen by eye at 16 pixels. */
export const ganTrainingSchema = z.strictObject({
  /** Real images a step, and as many generated ones. */
  batchSize: z.number().int().min(2).max(1024).default(16),
  learningRate: z.number().gt(0).max(1).default(0.008),
  /** Weight γ of the gradient penalty R1 = γ/2 · E‖∇D(x)‖² on real images. */
  r1Gamma: z.number().min(0).max(1000).default(0.1),
  /** Share of the real images of each step that the penalty is measured on. */
  r1Share: z.number().gt(0).max(1).default(0.25),
  /** What the discriminator's images, real and generated, are altered by (DiffAugment). */
  augmentation: z.array(z.enum(AUGMENTATIONS)).default(['translation']),
  /** Images after which the moving average of the generator has forgotten half. */
  averageHalfLife: z.number().gt(0).default(5000),
});
export type GanTraining = z.infer<typeof ganTrainingSchema>;
export type GanTrainingInput = z.input<typeof ganTrainingSchema>;

/**
 * Checks what came from outside against a schema.
 *
 * @throws {BiolensError} naming the first field that is wrong
 */
export function parseSettings<T>(
  schema: z.ZodType<T>,
  value: unknown,
  { file, code }: { readonly file: string; readonly code: 'usage' | 'input' },
): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw new BiolensError(code, `${file}: "${field || 'value'}" ${issue?.message}`, { cause: parsed.error });
}

/** Sides of the feature maps from the smallest to the images' own. */
export function sidesOf({ imageSize }: GanConfiguration): number[] {
  const count = Math.log2(imageSize / SMALLEST_SIDE) + 1;
  return Array.from({ length: count }, (_, level) => SMALLEST_SIDE * 2 ** level);
}

/** Channels of the feature maps of a side. */
export function channelsAt({ imageSize, channels, maxChannels }: GanConfiguration, side: number): number {
  return Math.min(maxChannels, channels * (imageSize / side));
}
