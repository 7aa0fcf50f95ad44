import { z } from 'zod';
import { findingSchema } from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

/** Where the comparisons of a verification come from. */
export const comparedSchema = z.enum(['all-pairs', 'listed-pairs', 'templates', 'scores']);
export type Compared = z.infer<typeof comparedSchema>;

/** A threshold and the error rates at it; the threshold is null where nothing matches at all. */
export const operatingPointSchema = z.object({
  threshold: z.number().nullable(),
  fmr: z.number(),
  fnmr: z.number(),
});

const byRateSchema = z.record(z.string(), metricSchema);

/** A threshold chosen for a false match rate. */
export const measuredPointSchema = z.object({
  target: z.number(),
  /** In the sense of the scores: a distance where they are distances. */
  threshold: z.number().nullable(),
  fmr: metricSchema,
  fnmr: metricSchema,
  /** False accept and false reject rate: errors of comparison and failures to acquire together (ISO/IEC 19795-1); only where asked for. */
  far: metricSchema.optional(),
  frr: metricSchema.optional(),
});

export const scoreHistogramSchema = z.object({
  edges: z.array(z.number()),
  genuine: z.array(z.number().int()),
  impostor: z.array(z.number().int()),
});

/** A comparison that stands out, by the names of its two items. */
const worstPairSchema = z.object({ reference: z.string(), probe: z.string(), score: z.number() });

const personErrorsSchema = z.object({
  person: z.string(),
  genuine: z.number().int(),
  falseNonMatches: z.number().int(),
  impostor: z.number().int(),
  falseMatches: z.number().int(),
  meanGenuine: z.number().nullable(),
  meanImpostor: z.number().nullable(),
});

/** Centring: a mean of other people's embeddings is subtracted before embeddings are compared. */
export const centringSchema = z.object({
  source: z.string(),
  /** Embeddings that the mean is of. */
  n: z.number().int(),
  /** The equal error rate without it. */
  eerWithout: metricSchema,
});

const identificationSchema = z.object({
  ranks: byRateSchema,
  cmc: z.array(z.number()),
});

/** `report.json` of a verification, and what `biolens faces verify --json` prints. */
export const verificationReportSchema = z.object({
  schema: z.literal('biolens/verification@1'),
  source: z.string(),
  compared: comparedSchema,
  /** Such as `all pairs`, or the view of LFW by its name. */
  protocol: z.string(),
  scores: z.enum(['similarity', 'distance']),
  /** Null where scores came from elsewhere. */
  embedder: z.string().nullable(),
  people: z.number().int(),
  images: z.number().int(),
  /** Comparisons that were made. */
  pairs: z.object({ genuine: z.number().int(), impostor: z.number().int() }),
  /** Images in which no face was found or that could not be read: failures to enrol. */
  failures: z.number().int(),
  failureToEnrol: metricSchema,
  eer: metricSchema,
  eerThreshold: z.number().nullable(),
  /** True match rate by false match rate. */
  tmr: byRateSchema,
  points: z.array(measuredPointSchema),
  /** For DET and ROC curves, by ascending similarity. */
  curve: z.array(operatingPointSchema),
  histogram: scoreHistogramSchema,
  /** Every image as a probe against all others; null where comparisons are of a list. */
  identification: identificationSchema.nullable(),
  /** The protocol of LFW, where the list has folds. */
  folds: z
    .object({
      accuracy: metricSchema,
      standardError: z.number().nullable(),
      folds: z.array(z.object({ threshold: z.number(), accuracy: z.number() })),
      /** Pairs of which an image has no embedding: never a match. */
      failedPairs: z.number().int(),
    })
    .nullable(),
  centring: centringSchema.nullable(),
  /** Rates at thresholds that another run chose; null where none was asked for. */
  frozen: z
    .object({
      source: z.string(),
      points: z.array(
        z.object({ target: z.number().nullable(), threshold: z.number(), fmr: metricSchema, fnmr: metricSchema }),
      ),
    })
    .nullable(),
  /** The threshold that groups, people and discarding are looked at with, and the false match rate that it is for. */
  working: z.object({ target: z.number().nullable(), threshold: z.number().nullable() }),
  groups: z
    .object({
      attribute: z.string(),
      leastPeople: z.number().int(),
      groups: z.array(
        z.object({
          group: z.string(),
          people: z.number().int(),
          small: z.boolean(),
          fmr: metricSchema,
          fnmr: metricSchema,
        }),
      ),
      crossed: z.array(z.object({ first: z.string(), second: z.string(), fmr: metricSchema })),
      worstToGeometricMean: z.object({ fmr: metricSchema, fnmr: metricSchema }),
    })
    .nullable(),
  /** Error against discard by a quality score; null where none was asked for. */
  discard: z
    .object({ quality: z.string(), points: z.array(z.object({ discarded: z.number(), fnmr: z.number() })) })
    .nullable(),
  hardest: z.array(personErrorsSchema),
  worst: z.object({ mated: z.array(worstPairSchema), nonMated: z.array(worstPairSchema) }),
  verdict: z.array(findingSchema),
  skipped: z.array(skippedSchema),
});
export type VerificationReport = z.infer<typeof verificationReportSchema>;

/** `report.json` of an identification, and what `biolens faces identify --json` prints. */
export const identificationReportSchema = z.object({
  schema: z.literal('biolens/identification@1'),
  gallery: z.object({
    source: z.string(),
    people: z.number().int(),
    templates: z.number().int(),
    images: z.number().int(),
    failures: z.number().int(),
  }),
  probes: z.object({
    source: z.string(),
    people: z.number().int(),
    searches: z.number().int(),
    mated: z.number().int(),
    nonMated: z.number().int(),
    failures: z.number().int(),
  }),
  embedder: z.string().nullable(),
  centring: z.object({ source: z.string(), n: z.number().int() }).nullable(),
  /** Share of the mated searches whose person is among the first k, by k. */
  ranks: byRateSchema,
  cmc: z.array(z.number()),
  /** Detection and identification rate by false positive identification rate. */
  dir: byRateSchema,
  dirThresholds: z.record(z.string(), z.number().nullable()),
  verdict: z.array(findingSchema),
  skipped: z.array(skippedSchema),
});
export type IdentificationReport = z.infer<typeof identificationReportSchema>;
