import { z } from 'zod';
import { findingSchema } from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';
import { operatingPointSchema, scoreHistogramSchema } from './verification.ts';

/** Recognition in one situation. */
export const recognitionSchema = z.object({
  eer: metricSchema,
  tmr: z.record(z.string(), metricSchema),
  curve: z.array(operatingPointSchema),
  histogram: scoreHistogramSchema,
});

/** What an attack on a scheme reached. */
export const attackResultSchema = z.object({
  attack: z.enum([
    'inversion',
    'leaked-templates',
    'linking',
    'hill-climbing',
    'decisions',
    'dictionary',
    'nearest-portrait',
  ]),
  variant: z.string().nullable(),
  /** Cosine between what was found and the face behind the template. */
  similarity: metricSchema,
  /** Share of the targets that an unprotected system recognises in what was found. */
  recognised: metricSchema,
  /** Share of the targets whose protected system accepts what was found. */
  accepted: metricSchema,
  queries: z.number().nullable(),
  dSys: z.number().nullable(),
  needs: z.string(),
});

/** One cell of the table of claims. */
export const claimSchema = z.object({
  adversary: z.string(),
  claim: z.enum(['holds', 'fails', 'not claimed']),
  /** What was measured. */
  because: z.string(),
  /** The test that backs it. */
  test: z.string(),
});

export const schemeEvaluationSchema = z.object({
  title: z.string(),
  source: z.string(),
  patent: z.string().nullable(),
  unprotected: recognitionSchema,
  /** Every person has a key that nobody else knows. */
  secretKey: recognitionSchema,
  /** An impostor uses the key of his victim. */
  stolenKey: recognitionSchema,
  /** A stranger's face with the right key, against wrong keys: what keys alone tell apart. */
  keyOnly: recognitionSchema,
  unlinkability: z.object({
    dSys: z.number(),
    null95: z.number(),
    nullMean: z.number(),
    /** In bits. */
    maximal: z.number(),
    mated: z.number().int(),
    nonMated: z.number().int(),
    densities: z.object({
      edges: z.array(z.number()),
      mated: z.array(z.number()),
      nonMated: z.array(z.number()),
    }),
  }),
  renewability: z.object({ keys: z.number().int(), accepted: metricSchema }),
  cost: z.object({
    templateBytes: z.number(),
    embeddingBytes: z.number(),
    openKeyMs: z.number(),
    protectMs: z.number(),
    compareMs: z.number(),
  }),
  keys: z.number().int(),
  threshold: z.number().nullable(),
  attacks: z.array(attackResultSchema),
  claims: z.array(claimSchema),
});

const setPart = {
  source: z.string(),
  embedder: z.string(),
  people: z.number().int(),
  images: z.number().int(),
  failures: z.number().int(),
  centring: z.object({ source: z.string(), n: z.number().int() }).nullable(),
  verdict: z.array(findingSchema),
  skipped: z.array(skippedSchema),
};

/** `report.json` of an evaluation of template protection, and what `biolens template evaluate --json` prints. */
export const templateReportSchema = z.object({
  schema: z.literal('biolens/templates@1'),
  ...setPart,
  schemes: z.record(z.string(), schemeEvaluationSchema),
  /** What each mode of matching under encryption claims, of whatever faces. */
  modes: z.record(z.string(), z.array(claimSchema)).default({}),
});
export type TemplateReport = z.infer<typeof templateReportSchema>;

/** `report.json` of attacks on protected templates, and what `biolens template attack --json` prints. */
export const templateAttackReportSchema = z.object({
  schema: z.literal('biolens/template-attack@1'),
  ...setPart,
  targets: z.number().int(),
  budget: z.number().int(),
  schemes: z.record(
    z.string(),
    z.object({ title: z.string(), threshold: z.number(), attacks: z.array(attackResultSchema) }),
  ),
});
export type TemplateAttackReport = z.infer<typeof templateAttackReportSchema>;
