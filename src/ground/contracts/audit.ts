import { z } from 'zod';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

/** The three sets of an audit. */
export const setNameSchema = z.enum(['training', 'generated', 'heldout']);
export type SetName = z.infer<typeof setNameSchema>;

export const setSchema = z.object({
  /** What the user gave: a folder or an embedding file. */
  source: z.string(),
  kind: z.enum(['images', 'embeddings']),
  /** Items read. */
  n: z.number().int(),
  /** Items that could be embedded. */
  embedded: z.number().int(),
  /** Images in which more than one face was found; absent where no faces were looked for. */
  severalFaces: z.number().int().optional(),
  /** Which faces of an image were compared. */
  faces: z.enum(['largest', 'all']).optional(),
  /** Faces that were embedded, where that is more than one an image. */
  embeddedFaces: z.number().int().optional(),
});
export type SetSummary = z.infer<typeof setSchema>;

/** Items of a set that are the same: their files or their embeddings are identical. */
export const repeatsSchema = z.object({
  /** Items in all, and those that differ from each other: each counts once in every share, interval and test. */
  n: z.number().int(),
  distinct: z.number().int(),
  /** The largest groups of identical items, first the one that stands for the others. */
  groups: z.array(z.object({ n: z.number().int(), files: z.array(z.string()) })),
});
export type Repeats = z.infer<typeof repeatsSchema>;

/** Location of a sample of nearest-neighbour similarities. */
const similaritySummarySchema = z.object({
  mean: metricSchema,
  p75: metricSchema,
  p90: metricSchema,
  p95: metricSchema,
});

/** A generated item, its nearest training item, and whether it is called a copy. */
export const pairSchema = z.object({
  generated: z.string(),
  training: z.string(),
  /** Cosine similarity, −1 to 1. */
  similarity: z.number(),
  pValue: z.number().nullable(),
  /** Benjamini-Hochberg adjusted p-value. */
  qValue: z.number().nullable(),
  copy: z.boolean(),
});
export type Pair = z.infer<typeof pairSchema>;

const duplicatesSchema = z.object({
  /** Similarity from which two training items are duplicates; null when there are too few pairs to say. */
  threshold: z.number().nullable(),
  /** Share of items that are in a cluster of two or more. */
  share: metricSchema,
  clusters: z.array(z.object({ files: z.array(z.string()), minSimilarity: z.number() })),
});

export const replicationSchema = z.object({
  embedder: z.object({ name: z.string(), width: z.number().int() }),
  /** What "similarity" is throughout: the cosine of embeddings, after subtracting the mean training embedding or not. */
  similarity: z.enum(['centred-cosine', 'cosine']),
  /** Cosine above which a pair matches, calibrated at `falseMatchRate`; null when it could not be calibrated. */
  threshold: z.number().nullable(),
  falseMatchRate: z.number(),
  calibration: z.object({
    source: z.enum(['heldout-to-training', 'training-to-training']),
    pairs: z.number().int(),
    /** How the threshold was read off: `empirical`, `tail-fit` where the pairs are too few for the rate, or `none`. */
    method: z.string(),
  }),
  /** What the p-values of the pairs compare with, in words. */
  control: z.string(),
  /**
   * Least similarity at which an item would be called if it were the only copy: what the audit can see. Null when not even an
   * identical one would be.
   */
  callable: z.number().nullable(),
  /** Share of generated items called copies at false discovery rate `falseDiscoveryRate`. */
  copied: metricSchema,
  falseDiscoveryRate: z.number(),
  aboveThreshold: z.object({
    generated: metricSchema,
    training: metricSchema,
    heldout: metricSchema,
  }),
  /** Similarity of each item to its nearest training item; training items leave out themselves and their duplicates. */
  top1: z.object({
    generated: similaritySummarySchema,
    training: similaritySummarySchema,
    heldout: similaritySummarySchema.nullable(),
  }),
  /** Share of items per similarity bin; `edges` has one more entry than each list. */
  histogram: z.object({
    edges: z.array(z.number()),
    generated: z.array(z.number()),
    training: z.array(z.number()),
    heldout: z.array(z.number()).nullable(),
  }),
  /** Relabelling test of training against held-out images, given the generated ones (exact under exchangeability). */
  permutation: z.object({
    p: z.number().nullable(),
    statistic: z.string(),
    observed: z.number().nullable(),
    permutations: z.number().int(),
    /** What was relabelled: different images, each with its duplicates. Not in reports of earlier versions, which relabelled images. */
    units: z.object({ training: z.number().int(), heldout: z.number().int() }).optional(),
    reason: z.string().optional(),
  }),
  splitProduct: z.object({ chunks: z.number().int(), mean: metricSchema, p95: metricSchema }),
  carlini: z.object({
    k: z.number().int(),
    alpha: z.number(),
    cutoff: z.number(),
    median: metricSchema,
    flagged: metricSchema,
  }),
  /** Percentage, 0 to 100. */
  authPct: metricSchema,
  ct: metricSchema,
  /** Share of all pairs with a training item that match. */
  identityLeakage: z.object({ generated: metricSchema, heldout: metricSchema }),
  /** Share of held-out items that are duplicates of training items. */
  heldoutOverlap: metricSchema,
  /** Within the training set. */
  duplicates: duplicatesSchema,
  /** Generated items as alike to each other as duplicates within the training set are; identical ones count once. Not in reports of earlier versions. */
  generatedDuplicates: duplicatesSchema.optional(),
  /** Nearest training item of every generated item, most similar first. */
  pairs: z.array(pairSchema),
});
export type Replication = z.infer<typeof replicationSchema>;

const distributionSchema = z.record(z.string(), metricSchema);

/** How far a distribution is from a target, or two from each other. */
const discrepancySchema = z.object({
  parityGap: metricSchema,
  fairnessDiscrepancy: metricSchema,
  totalVariation: metricSchema,
  kl: metricSchema,
  jensenShannon: metricSchema,
  chiSquare: metricSchema,
  normalisedEntropy: metricSchema,
});
export type Discrepancy = z.infer<typeof discrepancySchema>;

export const attributeBiasSchema = z.object({
  classes: z.array(z.string()),
  /** Where the labels of each set come from: `labels`, `built-in`, or the name of a classifier. */
  source: z.object({ training: z.string(), generated: z.string() }),
  target: z.record(z.string(), z.number()),
  /** Whether the target was given; absent in reports of former versions. Equal shares stand in for one that was not. */
  targetGiven: z.boolean().optional(),
  training: distributionSchema,
  generated: distributionSchema,
  /** Shares after removing the classifier's measured error; null when no confusion matrix could be measured. */
  corrected: z
    .object({
      /** `matrix[predicted][true]`, columns sum to 1. */
      confusion: z.array(z.array(z.number())),
      confusionN: z.number().int(),
      /** Null where the training shares are labels, which need no correction. */
      training: distributionSchema.nullable(),
      generated: distributionSchema,
    })
    .nullable(),
  /** Distances from the target, and of generated from training; of the corrected shares where there are some. */
  discrepancy: z.object({ training: discrepancySchema, generated: discrepancySchema, between: discrepancySchema }),
  /**
   * Bias amplification: distance of the generated shares from the target over that of the training shares (1 = as skewed as
   * training), of the corrected shares where there are some, and the test that the two sets have one distribution.
   */
  amplification: metricSchema.and(z.object({ p: z.number().nullable(), test: z.string() })),
});
export type AttributeBias = z.infer<typeof attributeBiasSchema>;

export const qualitySchema = z.object({
  /** The set that the generated one is compared with. */
  reference: setNameSchema,
  fid: metricSchema,
  kid: metricSchema,
  precision: metricSchema,
  recall: metricSchema,
  density: metricSchema,
  coverage: metricSchema,
  vendi: metricSchema,
  fld: metricSchema,
  /** FLD generalisation gap; strongly negative says overfitted. */
  fldGap: metricSchema,
});
export type Quality = z.infer<typeof qualitySchema>;

/** One finding in plain words. */
export const findingSchema = z.object({
  subject: z.string(),
  level: z.enum(['good', 'warning', 'bad', 'unknown']),
  /** One sentence a non-statistician understands. */
  headline: z.string(),
  /** How sure, with the numbers. */
  certainty: z.string(),
});
export type Finding = z.infer<typeof findingSchema>;

/** `report.json` of an audit run, and what `biolens audit --json` prints. */
export const auditReportSchema = z.object({
  schema: z.literal('biolens/audit@1'),
  sets: z.object({ training: setSchema, generated: setSchema, heldout: setSchema.nullable() }),
  verdict: z.array(findingSchema),
  /** Items that occur more than once; absent where none do. */
  repeats: z.object({ generated: repeatsSchema, heldout: repeatsSchema.nullable() }).optional(),
  replication: replicationSchema,
  bias: z.object({ attributes: z.record(z.string(), attributeBiasSchema) }),
  quality: qualitySchema,
  skipped: z.array(skippedSchema.extend({ set: setNameSchema })),
});
export type AuditReport = z.infer<typeof auditReportSchema>;
