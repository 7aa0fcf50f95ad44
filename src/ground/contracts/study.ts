import { z } from 'zod';
import { attributeBiasSchema, findingSchema } from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

/** The kinds of generator that this project trains. */
export const GENERATOR_KINDS = ['gan', 'diffusion'] as const;
export const generatorKindSchema = z.enum(GENERATOR_KINDS);
export type GeneratorKind = z.infer<typeof generatorKindSchema>;
/** `command`: trained and sampled by commands of the user. */
export const studyKindSchema = z.enum([...GENERATOR_KINDS, 'command']);
export type StudyKind = z.infer<typeof studyKindSchema>;

/** One generator: trained on the first `size` images of one seeded order, so that each smaller set lies within each larger one. */
export const studyResultSchema = z.object({
  kind: studyKindSchema,
  /** Training images. */
  size: z.number().int().positive(),
  training: z.object({
    /** Numbers that were learned; null, as the next three, where a command trains and does not say. */
    parameters: z.number().int().nullable(),
    steps: z.number().int().nullable(),
    batchSize: z.number().int().nullable(),
    /** Times that each training image was seen, on average. */
    epochs: z.number().nullable(),
    /** Seconds of training on this machine, all parts of an interrupted run together. */
    seconds: z.number(),
  }),
  /** Images drawn from it and classified. */
  samples: z.number().int(),
  /** Samples in which the classifier found no face: they have no class, and no share counts them. */
  unclassified: z.number().int(),
  /** Picture of the first samples, the same noise for all sizes of a kind: a file of the run's `artifacts/`. */
  sheet: z.string(),
  /**
   * By attribute: `training` is the subset by its labels, `generated` the samples as classified, `corrected.generated` those after
   * removing the classifier's measured error, `amplification` how much further from the target the samples are than the subset.
   */
  attributes: z.record(z.string(), attributeBiasSchema),
});
export type StudyResult = z.infer<typeof studyResultSchema>;

/** What is the same for all generators of a study. */
export const studyAttributeSchema = z.object({
  classes: z.array(z.string()),
  /** Shares that count as fair. */
  target: z.record(z.string(), z.number()),
  /** Shares in the whole folder, by its labels. */
  whole: z.record(z.string(), metricSchema),
  classifier: z.object({
    name: z.string(),
    /** `confusion[predicted][true]` counts over labelled images of the folder, at the size that the generators draw. */
    confusion: z.array(z.array(z.number().int())),
    /** Share of those images that it labels right. */
    accuracy: metricSchema,
  }),
});
export type StudyAttribute = z.infer<typeof studyAttributeSchema>;

/** `report.json` of a study of bias by the size of the training set, and what `biolens study bias-by-size --json` prints. */
export const studyReportSchema = z.object({
  schema: z.literal('biolens/study@1'),
  images: z.object({ source: z.string(), n: z.number().int() }),
  /** Side of the images that are learned and drawn, in pixels. */
  imageSize: z.number().int(),
  /** Those studied, ascending. */
  sizes: z.array(z.number().int()),
  kinds: z.array(studyKindSchema),
  /** What keeps the sizes comparable: as many steps for each, or as many passes over the images. */
  budget: z.object({ unit: z.enum(['steps', 'epochs']), value: z.number() }),
  attributes: z.record(z.string(), studyAttributeSchema),
  /** By size, then by kind. */
  results: z.array(studyResultSchema),
  /** Test that the samples of two kinds trained on the same images have one distribution, as classified. */
  comparisons: z.array(
    z.object({
      attribute: z.string(),
      size: z.number().int(),
      first: studyKindSchema,
      second: studyKindSchema,
      /** How much more the first amplifies: difference of the two amplifications. */
      difference: metricSchema,
      p: z.number().nullable(),
      test: z.string(),
    }),
  ),
  verdict: z.array(findingSchema),
  /** Sizes that were asked for and are larger than the folder. */
  refused: z.array(z.object({ size: z.number().int(), reason: z.string() })),
  skipped: z.array(skippedSchema),
});
export type StudyReport = z.infer<typeof studyReportSchema>;
