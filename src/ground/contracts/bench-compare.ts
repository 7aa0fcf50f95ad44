import { z } from 'zod';
import { settingSchema } from './bench.ts';
import { parserNameSchema } from './bench-score.ts';
import { metricSchema } from './metric.ts';

/** A row of a leaderboard. Shares are 0 to 1. */
export const leaderboardRowSchema = z.object({
  /** Unique in its table: the model, and the setting where the table has several. */
  name: z.string(),
  model: z.string(),
  /** Null for published rows, which are zero-shot by the official parser. */
  setting: z.union([settingSchema, z.literal('mixed')]).nullable(),
  parser: parserNameSchema.nullable(),
  /** From the paper's table, not measured here. */
  published: z.boolean(),
  /** The paper's group, such as `open 4B-13B`. */
  group: z.string().nullable(),
  /** Billions of parameters, where the name states them. */
  size: z.number().nullable(),
  overall: metricSchema,
  byCategory: z.record(z.string(), metricSchema),
  withoutFlagged: metricSchema.nullable(),
});
export type LeaderboardRow = z.infer<typeof leaderboardRowSchema>;

const pairSchema = z.object({
  first: z.string(),
  second: z.string(),
  /** Accuracy of the first less that of the second. */
  difference: metricSchema,
  /** Two-sided; null where the two cannot be tested, and `reason` says why. */
  p: z.number().nullable(),
  /** Benjamini-Hochberg adjusted over all pairs of the table. */
  q: z.number().nullable(),
  test: z.enum(['mcnemar-exact', 'sign-flip-exact', 'sign-flip', 'linked-t', 'two-proportions', 'none']),
  /** On the same questions, one by one. */
  paired: z.boolean(),
  /** q is at most the false discovery rate. */
  real: z.boolean(),
  /** Questions on which one did better than the other; null where only totals are known. */
  firstBetter: z.number().int().nullable(),
  secondBetter: z.number().int().nullable(),
  reason: z.string().optional(),
});
export type ModelPair = z.infer<typeof pairSchema>;

const imageCountDifferenceSchema = z.object({
  name: z.string(),
  single: metricSchema,
  multiple: metricSchema,
  /** Accuracy on questions with one picture less that on questions with several. */
  difference: metricSchema,
  p: z.number().nullable(),
});

/** error = floor + scale · size^(−exponent), size in billions of parameters. */
const sizeFitSchema = z.object({
  law: z.object({
    form: z.enum(['power', 'saturating']),
    scale: z.number(),
    exponent: z.number(),
    floor: z.number(),
  }),
  n: z.number().int(),
  exponent: metricSchema,
  /** Accuracy gained by doubling the geometric mean size. */
  gainPerDoubling: metricSchema,
  /** Share of the variance of errors that size explains. */
  rSquared: z.number(),
  residualDeviation: z.number(),
  aicc: z.object({ power: z.number().nullable(), saturating: z.number().nullable() }),
  curve: z.array(z.object({ size: z.number(), error: z.number(), low: z.number(), high: z.number() })),
});
export type SizeFit = z.infer<typeof sizeFitSchema>;

/** What `biolens bench compare --json` prints. */
export const benchComparisonSchema = z.object({
  rows: z.array(leaderboardRowSchema),
  pairs: z.array(pairSchema),
  falseDiscoveryRate: z.number(),
  /** Why own rows are not tested against the published ones; null where they are. */
  publishedNotTested: z.string().nullable(),
  singleAgainstMultiple: z.array(imageCountDifferenceSchema),
  /** Names of the rows that state a size, with the fit; null for too few of them. */
  size: z.object({ rows: z.array(z.string()), fit: sizeFitSchema }).nullable(),
});
export type BenchComparison = z.infer<typeof benchComparisonSchema>;
