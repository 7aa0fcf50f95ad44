import { z } from 'zod';
import { findingSchema, pairSchema, replicationSchema } from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

const videoSetSchema = z.object({
  source: z.string(),
  /** Clips that were found, and that were compared. */
  files: z.number().int(),
  n: z.number().int(),
  /** Of those, clips in which nothing moves but the camera. */
  still: z.number().int(),
  /** Length of all compared clips together. */
  seconds: z.number(),
});
export type VideoSet = z.infer<typeof videoSetSchema>;

/** Start and end in seconds from the start of a clip. */
const stretchSchema = z.tuple([z.number(), z.number()]);

const spanSchema = z.object({
  generated: stretchSchema,
  training: stretchSchema,
  /** Mean similarity of frames along it. */
  similarity: z.number(),
  /** Time of the training clip over that of the generated one. */
  speed: z.number(),
  /** The copy runs backwards. */
  reversed: z.boolean(),
});
export type Span = z.infer<typeof spanSchema>;

const calledSchema = z.object({
  /** The training clip most like it. */
  training: z.string(),
  similarity: z.number(),
  pValue: z.number().nullable(),
  qValue: z.number().nullable(),
  copy: z.boolean(),
});

/** A generated clip and the training clip that looks most like it; `similarity` is that of content. */
export const videoPairSchema = pairSchema.extend({
  /** How alike the two look, whatever the order of their frames, −1 to 1. */
  content: z.number(),
  /** How alike the two move, −1 to 1; null where one of them has no motion worth comparing. */
  motion: z.number().nullable(),
  /** Best mean over frames in step, and the best single pair of frames. */
  clipScore: z.number(),
  pairScore: z.number(),
  /** Where the one lies in the other. */
  spans: z.array(spanSchema),
  /** The training clip that moves most like it, which may be another one; null where the clip has no motion worth comparing. */
  nearestMotion: calledSchema.nullable(),
});
export type VideoPair = z.infer<typeof videoPairSchema>;

const questionSchema = z.object({
  /** Similarity above which a pair matches; null where it could not be calibrated. */
  threshold: z.number().nullable(),
  calibration: z.object({
    source: z.enum(['heldout-to-training', 'training-to-training']),
    pairs: z.number().int(),
    method: z.string(),
  }),
  /** What the p-values compare with, in words. */
  control: z.string(),
  /** Least similarity at which a clip would be called if it were the only copy; null when none would be. */
  callable: z.number().nullable(),
  copied: metricSchema,
  permutation: replicationSchema.shape.permutation,
});

/** A clip as the page shows it: frames on one sheet, in step with those of the other clip of its pair. */
const shownClipSchema = z.object({
  /** Path within the run's folder. */
  sheet: z.string(),
  columns: z.number().int().positive(),
  /** Of a cell of the sheet, in pixels; cells touch. */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  /** Seconds of each frame in its clip. */
  seconds: z.array(z.number()).max(200),
  /** Motion of each frame in 8 × 8 cells, less the camera's: signed bytes across and down in 32nds of a cell, base64. */
  flow: z.string(),
});
export type ShownClip = z.infer<typeof shownClipSchema>;

const shownPairSchema = z.object({
  generated: z.string(),
  training: z.string(),
  why: z.enum(['content', 'motion']),
  /** Frames within the matched span: the first, and the one after the last. */
  matched: z.tuple([z.number().int(), z.number().int()]).nullable(),
  clips: z.object({ generated: shownClipSchema, training: shownClipSchema }),
});
export type ShownPair = z.infer<typeof shownPairSchema>;

/** `report.json` of an audit of videos, and what `biolens audit video --json` prints. */
export const auditVideoReportSchema = z.object({
  schema: z.literal('biolens/audit-video@1'),
  sets: z.object({ training: videoSetSchema, generated: videoSetSchema, heldout: videoSetSchema.nullable() }),
  settings: z.object({
    embedder: z.object({ name: z.string(), width: z.number().int() }),
    rate: z.number(),
    motionRate: z.number(),
    /** Seconds of content that are compared at most. */
    window: z.number(),
  }),
  verdict: z.array(findingSchema),
  replication: questionSchema.extend({
    falseMatchRate: z.number(),
    falseDiscoveryRate: z.number(),
    /** Share of held-out clips that are in the training set too. */
    heldoutOverlap: metricSchema,
    /** Share of training clips that are duplicates of another one; each cluster counts once in what follows from it. */
    duplicates: metricSchema,
    /** The same of motion. */
    motion: questionSchema,
    /** Most alike first. */
    pairs: z.array(videoPairSchema),
  }),
  /** Against known copies, as VSC2022 scores them; null without a table of them. */
  truth: z
    .object({ segments: z.number().int(), pairs: z.number().int(), microAp: metricSchema, segmentAp: metricSchema })
    .nullable(),
  shown: z.array(shownPairSchema),
  skipped: z.array(skippedSchema.extend({ set: z.enum(['training', 'generated', 'heldout']) })),
});
export type AuditVideoReport = z.infer<typeof auditVideoReportSchema>;
