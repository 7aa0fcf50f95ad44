import { z } from 'zod';
import { storedFeaturesSchema } from './read/stored-features.ts';

/** What an audit of videos says while it works. */
export interface AuditVideoStep {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

export const step = (stage: string, done = 0, total: number | null = null): AuditVideoStep => ({
  type: 'progress',
  stage,
  done,
  total,
});

/** One line of the run's `items.jsonl`: a clip that was read, or why it was not. */
export const auditVideoItemSchema = z.object({
  set: z.enum(['training', 'generated', 'heldout']),
  clip: z.string(),
  features: storedFeaturesSchema.nullable(),
  reason: z.string().optional(),
});
export type AuditVideoItem = z.infer<typeof auditVideoItemSchema>;
