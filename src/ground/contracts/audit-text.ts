import { z } from 'zod';
import { findingSchema } from './audit.ts';
import { skippedSchema } from './faces.ts';
import { metricSchema } from './metric.ts';

/** A stretch of a text: code points from its beginning, bytes of its UTF-8, and the line it begins in, from 1. */
const stretchSchema = z.object({
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
  bytes: z.object({ start: z.number().int().nonnegative(), end: z.number().int().nonnegative() }),
  line: z.number().int().positive(),
});

/** A stretch that a generated text and a training document share, and that no longer one contains. */
export const textRunSchema = z.object({
  generated: stretchSchema.extend({ file: z.string() }),
  /** The first place in the corpus. */
  training: stretchSchema.extend({ document: z.string() }),
  /** Length in code points of the generated text. */
  characters: z.number().int().positive(),
  /** Whole words in it. */
  words: z.number().int().nonnegative(),
  /** Tokens of its text; null without a tokenizer. */
  tokens: z.number().int().nonnegative().nullable(),
  /** How often it occurs in the corpus. */
  weight: z.number().int().positive(),
  /** It occurs so often that it counts as a common phrase. */
  common: z.boolean(),
  /** Documents that hold it or most of it, those with the longest part first; at most 16. */
  documents: z.array(z.string()),
});
export type TextRun = z.infer<typeof textRunSchema>;

/** What a generated text shares with the corpus. */
export const auditedTextSchema = z.object({
  file: z.string(),
  characters: z.number().int().nonnegative(),
  words: z.number().int().nonnegative(),
  /** Null without a tokenizer. */
  tokens: z.number().int().nonnegative().nullable().default(null),
  /** Its longest run, and the longest that is no common phrase. */
  longest: z.object({
    characters: z.number().int().nonnegative(),
    words: z.number().int().nonnegative(),
    tokens: z.number().int().nonnegative().nullable(),
  }),
  longestRare: z.number().int().nonnegative(),
  /** Share of its characters in runs of at least the shortest length; null for an empty text. */
  covered: z.number().min(0).max(1).nullable(),
  /** The same byte by byte, where differences are looked past; otherwise null. */
  exact: z
    .object({ characters: z.number().int().nonnegative(), covered: z.number().min(0).max(1).nullable() })
    .nullable()
    .default(null),
  /** Share of its word n-grams that occur in the corpus; null for a text of fewer words. */
  overlap: z.number().min(0).max(1).nullable(),
  /** Edits that turn it into the stretch of the training document beside its longest run, over the longer length; null where none was compared. */
  editDistance: z.number().min(0).max(1).nullable(),
});
export type AuditedText = z.infer<typeof auditedTextSchema>;

/** A generated text, the document with its longest rare run, and whether it is called a copy. */
const textPairSchema = z.object({
  generated: z.string(),
  training: z.string().nullable(),
  /** Characters of the longest run that is no common phrase. */
  similarity: z.number().int().nonnegative(),
  pValue: z.number().nullable(),
  /** Benjamini-Hochberg adjusted p-value. */
  qValue: z.number().nullable(),
  copy: z.boolean(),
});

/** A run with what stands around it on both sides. */
const exhibitSideSchema = z.object({ before: z.string(), text: z.string(), after: z.string() });
export const exhibitSchema = z.object({
  /** Number of the run in `runs`. */
  run: z.number().int().nonnegative(),
  generated: exhibitSideSchema,
  training: exhibitSideSchema,
});
export type Exhibit = z.infer<typeof exhibitSchema>;

/** Measures of one set of texts against the training corpus. */
const textMeasuresSchema = z.object({
  /** Share of characters in runs of at least the shortest length; the interval resamples texts. */
  covered: metricSchema,
  /** Share of word n-grams that occur in the corpus. */
  overlap: metricSchema,
  /** Mean longest run in characters. */
  longest: metricSchema,
  /** Share of texts with a run. */
  withRun: metricSchema,
});

const textSetSchema = z.object({
  source: z.string(),
  files: z.number().int(),
  documents: z.number().int(),
  bytes: z.number().int(),
});

export const textReplicationSchema = z.object({
  similarity: z.literal('longest-run'),
  /** Characters of a rare run from which a text can be called a copy. */
  threshold: z.number().nonnegative(),
  /** What the calls rest on: `heldout-to-training`, `controls` or `mismatched` continuations of a model, or a length that was `given`. */
  calibration: z.enum(['heldout-to-training', 'controls', 'mismatched', 'given']),
  /** What the p-values compare with, in words. */
  control: z.string(),
  /** Characters at which one copy alone would be called; null when no length would be. */
  callable: z.number().nullable(),
  copied: metricSchema,
  falseDiscoveryRate: z.number(),
  generated: textMeasuresSchema,
  heldout: textMeasuresSchema.nullable(),
  /** The same measures byte by byte, where differences are looked past; otherwise null. */
  exact: z.object({ generated: textMeasuresSchema, heldout: textMeasuresSchema.nullable() }).nullable().default(null),
  /** Share of held-out texts that are in the training corpus too. */
  heldoutOverlap: metricSchema,
  /** Relabelling test of training against held-out documents, given the generated texts. */
  permutation: z.object({
    p: z.number().nullable(),
    statistic: z.string(),
    observed: z.number().nullable(),
    permutations: z.number().int(),
    units: z.object({ training: z.number().int(), heldout: z.number().int() }).optional(),
    reason: z.string().optional(),
  }),
  /** Longest first. */
  pairs: z.array(textPairSchema),
});
export type TextReplication = z.infer<typeof textReplicationSchema>;

/** What became of a request to continue a document. */
export const continuationOutcomeSchema = z.enum(['answered', 'refused', 'empty', 'cut', 'failed']);
export type ContinuationOutcome = z.infer<typeof continuationOutcomeSchema>;

const outcomeCountsSchema = z.record(continuationOutcomeSchema, z.number().int().nonnegative());

/** How far replies follow their documents, for one set of documents and one length of prefix. */
const continuedSchema = z.object({
  /** Longest run of a reply with what follows in its document, in characters: the mean over documents. */
  longest: metricSchema,
  /** Share of documents with a run of at least the shortest length. */
  verbatim: metricSchema,
});

/** What a model was asked, and how it continued documents. */
export const continuationsSchema = z.object({
  model: z.string(),
  api: z.enum(['chat', 'completion']),
  /** Words of the true continuation that replies are compared with. */
  continuation: z.number().int(),
  outcomes: outcomeCountsSchema,
  byPrefix: z.array(
    z.object({
      /** Words that the model was given. */
      words: z.number().int(),
      documents: continuedSchema,
      /** Documents that the model cannot have seen; null without any. */
      controls: continuedSchema.nullable(),
      /** The same replies compared with what follows in another document. */
      mismatched: continuedSchema,
      outcomes: outcomeCountsSchema,
    }),
  ),
  replies: z.array(
    z.object({
      document: z.string(),
      control: z.boolean(),
      words: z.number().int(),
      sample: z.number().int(),
      outcome: continuationOutcomeSchema,
      /** Characters of the longest run with what follows in the document; null where there was no answer. */
      longest: z.number().int().nonnegative().nullable(),
      /** Edits that turn the reply into it, over the longer length. */
      editDistance: z.number().min(0).max(1).nullable(),
    }),
  ),
});
export type Continuations = z.infer<typeof continuationsSchema>;

/** `report.json` of an audit of texts, and what `biolens audit text --json` prints. */
export const auditTextReportSchema = z.object({
  schema: z.literal('biolens/audit-text@1'),
  sets: z.object({ training: textSetSchema, generated: textSetSchema, heldout: textSetSchema.nullable() }),
  settings: z.object({
    /** Shortest run in characters. */
    shortest: z.number().int(),
    /** Words of an n-gram. */
    ngram: z.number().int(),
    /** From how many occurrences a run is a common phrase. */
    commonFrom: z.number().int(),
    /** What was looked past; empty for runs that are equal byte by byte. */
    normalise: z.array(z.string()),
  }),
  verdict: z.array(findingSchema),
  replication: textReplicationSchema,
  /** Where a model was asked: what, and what it answered. */
  continuations: continuationsSchema.nullable().default(null),
  /** Longest first. */
  runs: z.array(textRunSchema),
  /** Runs that were found beyond those listed. */
  moreRuns: z.number().int().nonnegative(),
  texts: z.array(auditedTextSchema),
  exhibits: z.array(exhibitSchema),
  skipped: z.array(skippedSchema.extend({ set: z.enum(['training', 'generated', 'heldout']) })),
  /** Files and rows that were left out beyond those named. */
  alsoSkipped: z.number().int().nonnegative(),
});
export type AuditTextReport = z.infer<typeof auditTextReportSchema>;
