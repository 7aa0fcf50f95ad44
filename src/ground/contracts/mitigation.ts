import { z } from 'zod';
import { attributeBiasSchema, findingSchema, qualitySchema, replicationSchema, setSchema } from './audit.ts';
import { metricSchema } from './metric.ts';

const distributionSchema = z.record(z.string(), metricSchema);

/** Whether one goal is met, told by the interval and not by the value alone. */
export const goalStateSchema = z.object({
  goal: z.enum(['replication', 'bias', 'quality']),
  /** The attribute of a bias goal; empty otherwise. */
  attribute: z.string(),
  holds: z.boolean(),
  /** The numbers that decide, in one sentence. */
  because: z.string(),
});
export type GoalState = z.infer<typeof goalStateSchema>;

/** Samples of one model, audited: the parts are those of an audit's report. */
export const mitigationSideSchema = z.object({
  /**
   * Folder of the samples within the run's folder. File k of `before` and file k of `after` (and of `guidance`) begin with the same noise, and have the
   * same name.
   */
  samples: z.object({ folder: z.string(), n: z.number().int() }),
  replication: replicationSchema,
  bias: z.object({ attributes: z.record(z.string(), attributeBiasSchema) }),
  quality: qualitySchema,
  /** The Fréchet distance without each group of items of either set, for the interval of a difference. Not in reports of earlier versions. */
  fidWithout: z.object({ reference: z.array(z.number()), generated: z.array(z.number()) }).optional(),
  goals: z.array(goalStateSchema),
});
export type MitigationSide = z.infer<typeof mitigationSideSchema>;

/** One round of tuning: first the model is sampled and measured, then it is tuned on those samples. */
export const mitigationRoundSchema = z.object({
  /** Times that the model had been tuned when it was measured: 0 is the model as it was given. */
  index: z.number().int().nonnegative(),
  /** Samples measured. */
  samples: z.number().int(),
  /** Attribute → class → share, as the classifier says, and corrected for its measured errors where they are known. */
  shares: z.record(
    z.string(),
    z.object({
      reported: distributionSchema,
      corrected: distributionSchema.nullable(),
    }),
  ),
  replication: z.object({
    copied: metricSchema,
    aboveThreshold: metricSchema,
    /** Similarity of each sample to its nearest training image. */
    top1: z.object({ mean: metricSchema, p75: metricSchema, p90: metricSchema, p95: metricSchema }),
    /** Relabelling test of training against held-out images; null without held-out ones. */
    permutationP: z.number().nullable(),
  }),
  /** Against held-out images, or training images where there are none. */
  quality: z.object({ fid: metricSchema, kid: metricSchema }),
  goals: z.array(goalStateSchema),
  /** Of the samples, before they are brought to a mean of 1 if that was asked for. */
  reward: z.object({
    mean: z.number(),
    /** Share of samples with the reward 0. */
    zero: z.number(),
    /** Attribute → class → the reward that a sample of the class got. */
    bias: z.record(z.string(), z.record(z.string(), z.number())),
    /** Attribute → class → the share that was aimed at. */
    aim: z.record(z.string(), z.record(z.string(), z.number())).default({}),
  }),
  /** What tuning did; null where the loop stopped after it had measured. */
  tuning: z
    .object({
      steps: z.number().int(),
      /** Means over the first and the last quarter of the steps. */
      loss: z.object({ first: z.number(), last: z.number() }),
    })
    .nullable(),
  seconds: z.object({ sampling: z.number(), measuring: z.number(), tuning: z.number() }),
  /** Contact sheet of the first samples, from the same noise in every round: a file within the run's folder. */
  sheet: z.string(),
});
export type MitigationRound = z.infer<typeof mitigationRoundSchema>;

const nearestSchema = z.object({
  /** File in the side's folder of samples. */
  sample: z.string(),
  /** File in the training folder. */
  training: z.string(),
  similarity: z.number(),
});

/** `report.json` of a mitigation run, and what `biolens mitigate --json` prints. */
export const mitigationReportSchema = z.object({
  schema: z.literal('biolens/mitigation@1'),
  model: z.object({
    /** Folder that was given. */
    source: z.string(),
    /** Folder of the mended model within the run's folder. */
    result: z.string(),
    width: z.number().int(),
    height: z.number().int(),
    parameters: z.number().int(),
  }),
  sets: z.object({ training: setSchema, heldout: setSchema.nullable() }),
  targets: z.object({
    /** Largest share of copies; null when copying was no goal. */
    replication: z.object({ copied: z.number() }).nullable(),
    /** Attribute → class → wanted share. */
    bias: z.record(z.string(), z.record(z.string(), z.number())),
    /** Distance from its target that both ends of a share's interval must keep. */
    tolerance: z.number(),
    /** Largest Fréchet distance over that of the model before; null when quality was not guarded. */
    quality: z.number().nullable(),
  }),
  /** All that decided the run besides the targets, by the names of the configuration. */
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  verdict: z.array(findingSchema),
  before: mitigationSideSchema,
  after: mitigationSideSchema,
  rounds: z.array(mitigationRoundSchema),
  /** The round whose model was kept. */
  chosen: z.number().int().nonnegative(),
  /** `targets`: all hold. `quality`: it fell below the floor. `rounds`: they ended. */
  stoppedBy: z.enum(['targets', 'quality', 'rounds']),
  /** Other ways to the same targets, that leave the model as it is. */
  comparison: z.array(
    z.object({
      method: z.enum(['rejection', 'guidance']),
      side: mitigationSideSchema,
      /** Samples kept of those drawn. */
      accepted: metricSchema,
      /** Seconds a sample that is kept, beside those of the mended model. */
      secondsPerSample: z.object({ method: z.number(), mended: z.number() }),
    }),
  ),
  pictures: z.object({
    /** Contact sheets from the same noise: files within the run's folder. */
    sheets: z.object({ before: z.string(), after: z.string(), columns: z.number().int() }),
    /** Files that are in both folders of samples, from the same noise. */
    sameNoise: z.array(z.string()),
    /** Samples most alike to a training image, most alike first. */
    nearest: z.object({ before: z.array(nearestSchema), after: z.array(nearestSchema) }),
  }),
  timing: z.object({
    /** Seconds of work, of all processes that worked on the run. */
    total: z.number(),
    sampling: z.number(),
    measuring: z.number(),
    tuning: z.number(),
  }),
});
export type MitigationReport = z.infer<typeof mitigationReportSchema>;
