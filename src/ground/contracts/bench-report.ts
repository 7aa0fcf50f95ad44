import { z } from 'zod';
import { questionSchema, settingSchema } from './bench.ts';
import { benchComparisonSchema } from './bench-compare.ts';
import { benchScoreSchema, outcomeSchema } from './bench-score.ts';

const severitySchema = z.enum(['error', 'warning', 'info']);

/** What `biolens bench lint --json` prints. */
export const lintReportSchema = z.object({
  questions: z.number().int(),
  /** Different pictures opened; 0 where they were not asked for. */
  pictures: z.number().int(),
  findings: z.array(
    z.object({
      /** Id of the question; the stem of a file, or `*`, where the finding is about more than one. */
      question: z.string(),
      rule: z.string(),
      severity: severitySchema,
      detail: z.string(),
    }),
  ),
  /** Findings by rule, for every rule that ran. */
  rules: z.array(
    z.object({ rule: z.string(), severity: severitySchema, explanation: z.string(), findings: z.number().int() }),
  ),
});
export type LintReport = z.infer<typeof lintReportSchema>;

/** What a parser made of a reply. Labels are those of the options: `chosen` of the question's order, `shown` as it was put. */
const readingSchema = z.object({
  outcome: outcomeSchema,
  chosen: z.string().nullable(),
  shown: z.string().nullable(),
  /** What in the reply decided, or what was missing. */
  how: z.string(),
});
export type Reading = z.infer<typeof readingSchema>;

/** One reply with what both parsers made of it. */
export const benchItemSchema = z.object({
  question: z.string(),
  model: z.string(),
  setting: settingSchema,
  rotation: z.number().int(),
  repeat: z.number().int(),
  /** As it came, its end cut off where it is long; null where there was no reply. */
  raw: z.string().nullable(),
  /** Characters cut off. */
  cut: z.number().int(),
  error: z.string().optional(),
  latencyMs: z.number().nullable(),
  toolCalls: z.number().int(),
  official: readingSchema,
  strict: readingSchema,
});
export type BenchItem = z.infer<typeof benchItemSchema>;

/** `report.json` of a bench run, or of several that are compared. */
export const benchReportSchema = z.object({
  schema: z.literal('biolens/bench@1'),
  benchmark: z.object({
    /** What the user gave: a folder or a file. */
    source: z.string(),
    format: z.enum(['official', 'parquet', 'jsonl', 'face-human-bench', 'facebench']),
    /** SHA-256 over the questions. */
    digest: z.string(),
    questions: z.number().int(),
  }),
  /** Each model and setting by both parsers, strict before official. */
  scores: z.array(benchScoreSchema),
  /** By the strict parser, beside the published rows. */
  comparison: benchComparisonSchema,
  /** Its rows as files: the tables that `biolens bench compare` writes. */
  leaderboard: z.object({ csv: z.string(), markdown: z.string(), latex: z.string() }),
  /** Null where the benchmark was not linted. */
  lint: lintReportSchema.nullable(),
  /** What requests were changed by because the server refuses them otherwise, with the replies that came of it; missing where none was. */
  changes: z.array(z.object({ change: z.string(), replies: z.number().int() })).optional(),
  /** Of the replies below. */
  questions: z.array(questionSchema),
  items: z.array(benchItemSchema),
});
export type BenchReport = z.infer<typeof benchReportSchema>;
