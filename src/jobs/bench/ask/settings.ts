import { z } from 'zod';
import { settingSchema } from '../../../ground/contracts/bench.ts';
import { field } from '../../../kit/job/index.ts';
// Not through the room's door, which opens its clients: what declares a job loads no library that does the work.
import { DEFAULT_IMAGE_RULE } from '../../../kit/vlm/prepare-image.ts';
import { concurrencyText, priceText, secondsText, shardText, temperatureText } from './text-forms.ts';

/** How images are made ready to be sent. */
const imageRuleSchema = z.strictObject({
  maxSide: field(z.number().int().min(16).default(DEFAULT_IMAGE_RULE.maxSide), {
    flag: '--max-side <pixels>',
    help: 'larger images are made smaller',
  }),
  maxBytes: field(z.number().int().min(1024).default(DEFAULT_IMAGE_RULE.maxBytes), {
    flag: [],
    help: 'bytes of an image that is sent as it is; larger files are encoded again',
  }),
  jpegQuality: field(z.number().int().min(1).max(100).default(DEFAULT_IMAGE_RULE.jpegQuality), {
    flag: [],
    help: 'of images that are encoded as JPEG, 1 to 100',
  }),
});

/** Everything a user can decide about a bench run besides the questions and the model; it is recorded in the run. */
export const askSettingsSchema = z.strictObject({
  setting: field(settingSchema.default('zero-shot'), {
    flag: '--setting <setting>',
    help: 'what the model gets besides the question',
  }),
  control: field(z.boolean().default(true), {
    flag: '--no-control',
    help: 'with --setting tools: do not ask every question without tools as well',
  }),
  rotations: field(z.enum(['none', 'all']).default('none'), {
    flag: { flags: '--rotations [which]', sets: 'all' },
    help: 'ask every question in each rotation of its options (circular evaluation)',
  }),
  repeats: field(z.number().int().min(1).max(1000).default(1), {
    flag: '--repeats <n>',
    help: 'how often the same is asked',
  }),
  shard: field(
    z
      .strictObject({ index: z.number().int().min(1), of: z.number().int().min(1) })
      .refine(({ index, of }) => index <= of, { message: 'expected i/n with 1 ≤ i ≤ n' })
      .nullable()
      .default(null),
    {
      flag: '--shard <i/n>',
      help: 'ask the i-th of n parts only; biolens bench merge joins them',
      otherwise: 'all questions',
      text: shardText,
    },
  ),
  // A union, as null is a value that can be given, and not the absence of one.
  temperature: field(z.union([z.number().min(0).max(2), z.null()]).default(0), {
    flag: {
      flags: '--temperature <t>',
      help: '0 to 2, or "server" to leave it to the server',
      text: temperatureText,
    },
    help: '0 to 2; null leaves it to the server',
  }),
  maxOutputTokens: field(z.number().int().positive().default(1024), {
    flag: '--max-output-tokens <n>',
    help: 'longest reply',
  }),
  seed: field(z.number().int().nonnegative().default(0), {
    flag: '--seed <n>',
    help: 'the r-th repeat is asked with seed + r',
  }),
  system: field(z.string().nullable().default(null), {
    flag: '--system <text>',
    help: 'system prompt',
    otherwise: 'none, as in the official procedure',
  }),
  alternatives: field(z.number().int().min(0).max(20).default(0), {
    flag: '--log-probabilities <n>',
    help: 'alternatives a token to ask log-probabilities of, where the server gives them',
  }),
  imageLayout: field(z.enum(['first', 'labelled']).default('first'), {
    flag: '--image-layout <layout>',
    help: 'first: images, then the text; labelled: "Image 1:" before each',
  }),
  imageRule: imageRuleSchema.prefault({}),
  batch: field(z.boolean().default(false), {
    flag: '--batch',
    help: 'hand all questions in at once to be answered within a day, at half the price (OpenAI, Anthropic, Google)',
  }),
  promptCache: field(z.boolean().default(false), {
    flag: '--prompt-cache',
    help: 'Anthropic: keep the images of a question for its other rotations and repeats',
  }),
  pollMs: field(z.number().int().min(1).default(60_000), {
    flag: { flags: '--poll <s>', help: 'with --batch: seconds between two looks at the batches', text: secondsText },
    help: 'with batch: milliseconds between two looks at the batches',
    changeable: true,
  }),
  wait: field(z.boolean().default(true), {
    flag: [
      { flags: '--no-wait' },
      {
        flags: '--wait-for-all',
        sets: true,
        help: 'with --batch: wait until all is answered (the default of a new run)',
      },
    ],
    help: 'with --batch: do not wait for the answers; biolens bench resume collects them',
    changeable: true,
  }),
  /** Given when a run is resumed, and never recorded. */
  cancel: field(z.boolean().optional(), {
    flag: '--cancel',
    help: 'with --batch: cancel the batches under way, and collect what they have',
    changeable: 'only',
  }),
  concurrency: field(z.union([z.literal('auto'), z.number().int().min(1).max(1024)]).default('auto'), {
    flag: '--concurrency <n>',
    help: 'requests at a time, or auto: as many as the endpoint takes well',
    text: concurrencyText,
    changeable: true,
  }),
  maxTokens: field(z.number().int().positive().nullable().default(null), {
    flag: '--budget-tokens <n>',
    help: 'end, resumably, before so many tokens are used, in and out',
    changeable: true,
  }),
  maxDollars: field(z.number().positive().nullable().default(null), {
    flag: '--budget-dollars <n>',
    help: 'end, resumably, before so many US dollars are spent',
    changeable: true,
  }),
  price: field(
    z
      .strictObject({ inputPerMillion: z.number().nonnegative(), outputPerMillion: z.number().nonnegative() })
      .nullable()
      .default(null),
    {
      flag: {
        flags: '--price <in,out>',
        help: 'US dollars for a million tokens in and out, such as 2.5,10',
        text: priceText,
      },
      help: 'US dollars for a million tokens, from the price list of the provider',
      changeable: true,
    },
  ),
  timeoutMs: field(z.number().int().positive().default(180_000), {
    flag: { flags: '--timeout <s>', help: 'longest wait for a reply, in seconds', text: secondsText },
    help: 'longest wait for a reply, in milliseconds',
    changeable: true,
  }),
  attempts: field(z.number().int().min(1).default(6), {
    flag: '--attempts <n>',
    help: 'requests after which a question is an error',
    changeable: true,
  }),
  /** Given when a run is resumed, and never recorded. */
  retryErrors: field(z.boolean().optional(), {
    flag: '--retry-errors',
    help: 'on resuming, ask again what was recorded as an error',
    changeable: 'only',
  }),
});
export type AskSettings = z.infer<typeof askSettingsSchema>;

/** The settings with every default filled in. */
export function askSettings(given: z.input<typeof askSettingsSchema> = {}): AskSettings {
  return askSettingsSchema.parse(given);
}
