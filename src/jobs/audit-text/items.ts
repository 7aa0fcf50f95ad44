import { z } from 'zod';
import { auditedTextSchema, continuationOutcomeSchema } from '../../ground/contracts/index.ts';

/** What a model answered when it was asked to continue a document. */
export const continuationItemSchema = z.object({
  document: z.string(),
  control: z.boolean(),
  /** Words of the document that it was given. */
  words: z.number().int(),
  /** 0 at temperature 0, from 1 on at 1. */
  sample: z.number().int(),
  outcome: continuationOutcomeSchema,
  /** As it came; empty where there was none. */
  text: z.string(),
  /** Why there is no answer. */
  error: z.string().optional(),
});
export type ContinuationItem = z.infer<typeof continuationItemSchema>;

/** One line of the run's `items.jsonl`: a generated text, measured; or the answer of a model. */
export const auditTextItemSchema = z.union([continuationItemSchema, auditedTextSchema]);
export type AuditTextItem = z.infer<typeof auditTextItemSchema>;
