import { z } from 'zod';
import { skippedSchema } from './faces.ts';
import { generatorKindSchema } from './study.ts';

/** Ways from noise to image; `docs/diffusion.md` compares them. */
export const SAMPLING_METHODS = ['ddim', 'ddpm', 'dpm-solver++'] as const;
export type SamplingMethod = (typeof SAMPLING_METHODS)[number];

/** What a model folder says beside diffusers' own files. */
export const modelNotesSchema = z.object({
  schema: z.literal('biolens/diffusion-model@1'),
  /** Names of the classes that the model is conditioned on, in the order of its class embedding; null: none. */
  classes: z.array(z.string().min(1)).min(1).nullable(),
  /** What the classes are classes of, such as `gender`. */
  attribute: z.string().min(1).nullable().default(null),
});

/** A curve of training, thinned: `values[name][i]` is the mean over the steps after `steps[i − 1]` up to `steps[i]`. */
const curveSchema = z.object({
  steps: z.array(z.number().int().positive()),
  /** `loss` of a diffusion model; `generator` and `discriminator` of a GAN. Null where no step was recorded. */
  values: z.record(z.string(), z.array(z.number().nullable())),
});

/** Samples of the moving average at a step, from the same noise each time. */
const sampleSheetSchema = z.object({
  step: z.number().int().nonnegative(),
  /** PNG within the run's folder. */
  file: z.string(),
  n: z.number().int(),
  columns: z.number().int(),
  /** Class of each sample, row by row; null for a model without classes. */
  classes: z.array(z.string()).nullable(),
});
export type SampleSheet = z.infer<typeof sampleSheetSchema>;

/** `report.json` of a run that trains a generator, and what `biolens diffusion train --json` prints. */
export const diffusionReportSchema = z.object({
  schema: z.literal('biolens/diffusion@1'),
  kind: generatorKindSchema,
  images: z.object({
    source: z.string(),
    /** Images trained on. */
    n: z.number().int(),
    /** Side in pixels that they were brought to. */
    size: z.number().int(),
    /** Images that had another size and were scaled and cropped about their centre. */
    resized: z.number().int(),
    /** Images of each class; null for a model without classes. */
    classes: z.object({ attribute: z.string(), counts: z.record(z.string(), z.number().int()) }).nullable(),
  }),
  network: z.object({
    /** Numbers that were learned. */
    parameters: z.number().int(),
    /** The network in a few words. */
    description: z.string(),
  }),
  training: z.object({
    steps: z.number().int(),
    batchSize: z.number().int(),
    /** Times that each image was seen, on average. */
    epochs: z.number(),
    /** Seconds of training, without reading images and drawing samples; all parts of an interrupted run together. */
    seconds: z.number(),
    stepsPerSecond: z.number().nullable(),
    /** Every setting of the run by its name in the configuration, as it was resolved. */
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  }),
  curve: curveSchema,
  sheets: z.array(sampleSheetSchema),
  /** How samples were drawn, and how long one took at the end; null seconds where nothing was timed. */
  sampling: z.object({ method: z.string(), steps: z.number().int(), secondsPerImage: z.number().nullable() }),
  /** The model's folder within the run's folder. */
  model: z.string(),
  skipped: z.array(skippedSchema),
});
export type DiffusionReport = z.infer<typeof diffusionReportSchema>;
