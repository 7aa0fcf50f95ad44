import { z } from 'zod';
import { setNameSchema } from '../../ground/contracts/index.ts';

/** One line of an audit's `items.jsonl`: an image that was read, or why it could not be. */
export const auditItemSchema = z.union([
  z.object({
    set: setNameSchema,
    file: z.string(),
    /** Little-endian float32 in base64. */
    embedding: z.string(),
    attributes: z.record(z.string(), z.string()),
  }),
  z.object({ set: setNameSchema, file: z.string(), skipped: z.string() }),
]);
export type AuditItem = z.infer<typeof auditItemSchema>;
