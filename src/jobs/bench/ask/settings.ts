import { z } from 'zod';
import { settingSchema } from '../../../ground/contracts/bench.ts';
import { DEFAULT_IMAGE_RULE } from '../../../kit/vlm/index.ts';

/** Everything a user can decide about a bench run besides the questions and the model; it is recorded in the run. */
export const askSettingsSchema = z.strictObject({
  setting: settingSchema.default('zero-shot').describe('what the model is shown besides the question'),
  control: z
    .boolean()
    .default(true)
    .describe('in the tools setting, ask every question without tools as well, to tell what these change'),
  concurrency: z
    .union([z.literal('auto'), z.number().int().min(1).max(1024)])
    .default('auto')
    .describe('requests at a time; auto grows until the endpoint is saturated and halves when it says so'),
  rotations: z
    .enum(['none', 'all'])
    .default('none')
    .describe('all asks every question once for each rotation of its options (circular evaluation)'),
  repeats: z.number().int().min(1).max(1000).default(1).describe('how often the same is asked'),
  shard: z
    .strictObject({ index: z.number().int().min(1), of: z.number().int().min(1) })
    .refine(({ index, of }) => index <= of, { message: '"shard" expected i/n with i ≤ n' })
    .nullable()
    .default(null)
    .describe('ask only the i-th of n parts of the questions'),
  maxTokens: z
    .number()
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe('stop before so many tokens are used, in and out'),
  maxDollars: z.number().positive().nullable().default(null).describe('stop before so many US dollars are spent'),
  price: z
    .strictObject({ inputPerMillion: z.number().nonnegative(), outputPerMillion: z.number().nonnegative() })
    .nullable()
    .default(null)
    .describe('US dollars for a million tokens, from the price list of the provider'),
  system: z.string().nullable().default(null).describe('system prompt; the official procedure has none'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(0)
    .describe('0 is as deterministic as the server can be; null leaves it to the server'),
  maxOutputTokens: z.number().int().positive().default(1024).describe('longest answer, as in the official procedure'),
  seed: z.number().int().nonnegative().default(0).describe('the r-th repeat is asked with seed + r'),
  alternatives: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(0)
    .describe('log-probabilities of so many alternatives a token, where the server gives them'),
  imageLayout: z
    .enum(['first', 'labelled'])
    .default('first')
    .describe('first: all pictures, then the text (official); labelled: "Image 1:" before each picture'),
  imageRule: z
    .strictObject({
      maxSide: z.number().int().min(16).default(DEFAULT_IMAGE_RULE.maxSide),
      maxBytes: z.number().int().min(1024).default(DEFAULT_IMAGE_RULE.maxBytes),
      jpegQuality: z.number().int().min(1).max(100).default(DEFAULT_IMAGE_RULE.jpegQuality),
    })
    .prefault({})
    .describe('how pictures are made ready to be sent'),
  timeoutMs: z.number().int().positive().default(180_000).describe('longest wait for one reply, in milliseconds'),
  attempts: z.number().int().min(1).default(6).describe('requests after which a question is recorded as an error'),
  retryErrors: z.boolean().default(false).describe('on resuming, ask again what was recorded as an error'),
});
export type AskSettings = z.infer<typeof askSettingsSchema>;

/** The settings with every default filled in. */
export function askSettings(given: z.input<typeof askSettingsSchema> = {}): AskSettings {
  return askSettingsSchema.parse(given);
}
