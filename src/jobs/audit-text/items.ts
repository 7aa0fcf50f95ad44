import type { z } from 'zod';
import { auditedTextSchema } from '../../ground/contracts/index.ts';

/** One line of the run's `items.jsonl`: a generated text, measured. */
export const auditTextItemSchema = auditedTextSchema;
export type AuditTextItem = z.infer<typeof auditTextItemSchema>;
