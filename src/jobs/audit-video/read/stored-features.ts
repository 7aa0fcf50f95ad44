import { z } from 'zod';

const count = z.number().int().min(0).max(1_000_000);
const positive = z.number().positive();

/** What an item of a run says of a clip's features; the numbers themselves lie in a file. */
export const storedFeaturesSchema = z.object({
  start: z.number(),
  seconds: positive,
  n: count,
  width: count.min(1),
  step: positive,
  motion: z.object({ n: count, step: positive, level: z.number().nonnegative() }),
});
export type StoredFeatures = z.infer<typeof storedFeaturesSchema>;
