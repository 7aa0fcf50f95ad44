import { z } from 'zod';
import { metricSchema } from '../../src/ground/contracts/index.ts';
import { field, pathSchema, seedField } from '../../src/kit/job/index.ts';

export const tallyConfigurationSchema = z.strictObject({
  images: field(pathSchema, { flag: '--images <dir>', help: 'folder of images', is: 'image-folder' }),
  atLeast: field(z.number().int().min(1).max(1000).default(1), {
    flag: '--at-least <n>',
    help: 'leave out formats with fewer images',
  }),
  seed: seedField(),
});
export type TallyConfiguration = z.infer<typeof tallyConfigurationSchema>;

export const tallyItemSchema = z.object({ file: z.string(), format: z.string() });

export const tallyReportSchema = z.object({
  schema: z.literal('biolens/tally@1'),
  formats: z.record(z.string(), z.number().int()),
  /** Share of the images that are of the most common format. */
  commonest: metricSchema,
});
export type TallyReport = z.infer<typeof tallyReportSchema>;

/** An image was looked at. */
export interface TallyEvent {
  readonly type: 'item';
  readonly done: number;
  readonly total: number;
}
