import { z } from 'zod';
import { DIMENSIONS } from '../encrypted/quantise.ts';

// All that comes in from outside is parsed by these, before anything is allocated for it.

/** A name that somebody else chose: no control characters, at most 200. */
export const nameSchema = z
  .string()
  .min(1)
  .max(200)
  .refine(name => !/\p{Cc}/u.test(name), 'expected no control characters');

const embeddingSchema = z.array(z.number()).min(DIMENSIONS.least).max(DIMENSIONS.most);

export const enrollRequestSchema = z.strictObject({
  subject: nameSchema,
  embedding: embeddingSchema,
  /** A request that is repeated under the same key makes no second template. */
  idempotencyKey: nameSchema,
});
export const verifyRequestSchema = z.strictObject({ subject: nameSchema, embedding: embeddingSchema });
export const identifyRequestSchema = z.strictObject({
  embedding: embeddingSchema,
  top: z.number().int().min(1).max(100).default(1),
});
export const revokeRequestSchema = z.strictObject({
  subject: nameSchema,
  /** One template alone; all of the subject without it. */
  template: z.uuid().optional(),
});

export const enrollAnswerSchema = z.strictObject({ template: z.uuid() });
export const verifyAnswerSchema = z.strictObject({ accepted: z.boolean() });
export const identifyAnswerSchema = z.strictObject({
  matches: z.array(z.strictObject({ identity: z.string(), accepted: z.literal(true) })),
});
export const revokeAnswerSchema = z.strictObject({ revoked: z.number().int().nonnegative() });
export const rekeyAnswerSchema = z.strictObject({
  generation: z.number().int().positive(),
  /** Templates that are still under an older key. */
  left: z.number().int().nonnegative(),
});
export const healthAnswerSchema = z.strictObject({ status: z.enum(['ok', 'failing']) });
export const errorAnswerSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum(['input', 'unauthorised', 'limited', 'unavailable']),
    message: z.string(),
    /** Milliseconds after which a limited attempt is worth repeating; null elsewhere. */
    retryAfterMs: z.number().nullable(),
  }),
});
export const exportedSchema = z.strictObject({
  template: z.uuid(),
  subject: z.string(),
  generation: z.number().int().positive(),
  enrolledAt: z.number(),
  /** Sealed, in base64. */
  record: z.string(),
});

export type EnrollRequest = z.output<typeof enrollRequestSchema>;
export type VerifyRequest = z.output<typeof verifyRequestSchema>;
export type IdentifyRequest = z.output<typeof identifyRequestSchema>;
export type RevokeRequest = z.output<typeof revokeRequestSchema>;
export type Exported = z.output<typeof exportedSchema>;

const window = (rejections: number, hours: number) =>
  z
    .strictObject({
      /** Rejected attempts in a window, 1:1 and 1:N together. */
      rejections: z.number().int().positive().default(rejections),
      windowMs: z
        .number()
        .int()
        .positive()
        .default(hours * 3_600_000),
    })
    .prefault({});

export const limitsSchema = z.strictObject({
  subject: z
    .strictObject({
      /** Rejected attempts in a row without a delay. */
      free: z.number().int().nonnegative().default(2),
      /** Delay after the first one that is not free; doubles with each. */
      delayMs: z.number().int().positive().default(1000),
      /** Rejected attempts in a row after which the subject is locked. */
      lockAfter: z.number().int().positive().default(10),
      lockMs: z.number().int().positive().default(86_400_000),
      /** Rejected attempts in a window, whatever was accepted between them: what a climb from an accepted face would take many more of. */
      rejections: z.number().int().positive().default(30),
      windowMs: z.number().int().positive().default(86_400_000),
    })
    .prefault({}),
  client: window(1000, 24),
  global: window(100_000, 24),
});
export type Limits = z.output<typeof limitsSchema>;

/** What a gallery is; set when it is made, and the same ever after. */
export const galleryConfigSchema = z.strictObject({
  dimension: z.number().int().min(DIMENSIONS.least).max(DIMENSIONS.most),
  /** Cosine from which on an attempt is accepted. */
  threshold: z.number().min(-1).max(1),
  /** Names the embedder that all embeddings are from; another one is another gallery. */
  embedder: nameSchema,
});
export type GalleryConfig = z.output<typeof galleryConfigSchema>;
