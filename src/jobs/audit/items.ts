import { z } from 'zod';
import { setNameSchema } from '../../ground/contracts/index.ts';

/** SHA-256 of the file's bytes as they were read; runs of former versions have none, nor has what could not be read. */
const digestSchema = z.string().optional();

/** Little-endian float32 in base64. */
const embeddingSchema = z.string();
const attributesSchema = z.record(z.string(), z.string());

/** One line of an audit's `items.jsonl`: an image that was read, or why it could not be. */
export const auditItemSchema = z.union([
  z.object({
    set: setNameSchema,
    file: z.string(),
    embedding: embeddingSchema,
    attributes: attributesSchema,
    /** Faces that were found in the image; absent where none were looked for, and in runs of former versions. */
    faces: z.number().int().nonnegative().optional(),
    /** The image's other faces, where all are read. */
    others: z.array(z.object({ embedding: embeddingSchema, attributes: attributesSchema })).optional(),
    digest: digestSchema,
  }),
  z.object({ set: setNameSchema, file: z.string(), skipped: z.string(), digest: digestSchema }),
]);
export type AuditItem = z.infer<typeof auditItemSchema>;
