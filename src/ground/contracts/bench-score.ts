import { z } from 'zod';
import { settingSchema } from './bench.ts';
import { metricSchema } from './metric.ts';

/** The two rules by which replies are read: the release's own, and one that takes nothing but a clear answer. */
export const parserNameSchema = z.enum(['official', 'strict']);

/**
 * What became of a reply. `refused`: the model or its server declined; `unparsed`: a reply that commits to no option; `error`: no
 * reply came, which says nothing about the model.
 */
export const outcomeSchema = z.enum(['correct', 'wrong', 'refused', 'unparsed', 'error']);
export type Outcome = z.infer<typeof outcomeSchema>;

const outcomesSchema = z.object({
  correct: z.number().int(),
  wrong: z.number().int(),
  refused: z.number().int(),
  unparsed: z.number().int(),
  error: z.number().int(),
});
export type Outcomes = z.infer<typeof outcomesSchema>;

const groupedSchema = z.record(z.string(), metricSchema);

/**
 * Shares of questions answered right, 0 to 1, as a whole and by group. A refusal and an unparsed reply are not right; errors are
 * left out. A question that was asked several times counts once, with the share of its replies that are right.
 */
const accuracySchema = z.object({
  overall: metricSchema,
  byCategory: groupedSchema,
  byTask: groupedSchema,
  byDataset: groupedSchema,
  byImageCount: groupedSchema,
});
export type Accuracy = z.infer<typeof accuracySchema>;

/** Circular evaluation: the same question with its options turned. */
const rotationScoreSchema = z.object({
  /** Share of questions, asked in every rotation, for which the same option was chosen in all. */
  consistent: metricSchema,
  /** Share answered right in every rotation. */
  allCorrect: metricSchema,
});

/** Whether a model prefers letters, whatever stands behind them. */
const letterBiasSchema = z.object({
  /** Share of committed replies that chose each letter, and that had it as the right one. */
  chosen: groupedSchema,
  right: z.record(z.string(), z.number()),
  /** Accuracy of the questions whose right letter it was. */
  recall: groupedSchema,
  /** Standard deviation of the recalls (Zheng et al., ICLR 2024, "RStd"); 0 is free of bias. */
  recallDeviation: metricSchema,
  /** Test that wrong replies are spread evenly over the wrong letters. */
  test: z.object({
    p: z.number().nullable(),
    statistic: z.number().nullable(),
    /** Wrong replies. */
    n: z.number().int(),
    method: z.string(),
    reason: z.string().optional(),
  }),
});
export type LetterBias = z.infer<typeof letterBiasSchema>;

/** How far the probabilities that a model gives its letters can be believed. */
const calibrationSchema = z.object({
  /** Expected calibration error over equal bins of confidence (Guo et al., ICML 2017, eq. 3); biased upwards when n is small. */
  ece: metricSchema,
  /** Brier score over all options, 0 (sure and right) to 2 (sure and wrong). */
  brier: metricSchema,
  bins: z.array(
    z.object({ low: z.number(), high: z.number(), confidence: z.number().nullable(), accuracy: metricSchema }),
  ),
});
export type Calibration = z.infer<typeof calibrationSchema>;

/** What a model did with the face tools that it may call. */
const toolUseSchema = z.object({
  /** Share of replies for which it called one at least. */
  called: metricSchema,
  calls: z.number().int(),
  /** Calls that were refused, such as for a picture that there is not. */
  failed: z.number().int(),
  byTool: z.record(z.string(), z.number().int()),
  /** Shares right of the replies with a call, and of those without. */
  rightWithCalls: metricSchema,
  rightWithoutCalls: metricSchema,
  /** Against the same questions without tools, question by question; null where these were not asked. */
  changed: z
    .object({
      /** Accuracy with tools less that without, −1 to 1. */
      difference: metricSchema,
      /** Two-sided. */
      p: z.number(),
      /** Questions that went better with tools, and worse. */
      gained: z.number().int(),
      lost: z.number().int(),
    })
    .nullable(),
});
export type ToolUse = z.infer<typeof toolUseSchema>;

const usageSchema = z.object({
  /** Sums over the replies; `n` is how many said so. */
  inputTokens: metricSchema,
  outputTokens: metricSchema,
  /** Of the tokens sent, those that servers had in a cache. */
  cachedInputTokens: metricSchema.optional(),
  /** US dollars. */
  cost: metricSchema,
  /** Milliseconds of the request that succeeded. */
  latencyMs: z.object({ mean: metricSchema, p50: metricSchema, p90: metricSchema, p99: metricSchema }),
  /** Requests per reply, retries included. */
  attempts: metricSchema,
});
export type AnswerUsage = z.infer<typeof usageSchema>;

/** What `biolens bench score --json` prints for one model in one setting. */
export const benchScoreSchema = accuracySchema.extend({
  parser: parserNameSchema,
  model: z.string(),
  /** `mixed` where answers of several settings were scored together, null without answers. */
  setting: z.union([settingSchema, z.literal('mixed')]).nullable(),
  bySetting: groupedSchema,
  /** Of replies, not of questions. */
  outcomes: outcomesSchema,
  /** Share right of the replies that commit to an option. */
  committed: metricSchema,
  counts: z.object({
    questions: z.number().int(),
    /** Questions without any answer, and with nothing but errors. */
    unasked: z.number().int(),
    failed: z.number().int(),
    answers: z.number().int(),
    /** Replies cut off at the token limit. */
    cutOff: z.number().int(),
    /** Answers drawn at chance because the question is beyond the answerer. */
    drawn: z.number().int(),
    /** Groups of questions that share no picture with each other. */
    clusters: z.number().int(),
  }),
  /** The same without the questions that the linter flagged; null where no findings were given. */
  withoutFlagged: accuracySchema.extend({ flagged: z.number().int() }).nullable(),
  /** Null where no question was asked in all rotations. */
  rotation: rotationScoreSchema.nullable(),
  letters: letterBiasSchema,
  /** Null where no reply has log-probabilities. */
  calibration: calibrationSchema.nullable(),
  /** Null in settings without tools. */
  tools: toolUseSchema.nullable().default(null),
  usage: usageSchema,
});
export type BenchScore = z.infer<typeof benchScoreSchema>;
