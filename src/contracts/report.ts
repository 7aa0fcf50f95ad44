import { z } from 'zod';
import { auditReportSchema } from './audit.ts';
import { runRecordSchema } from './run.ts';

/** A report of any kind, told apart by its `schema` tag. */
export const anyReportSchema = z.discriminatedUnion('schema', [auditReportSchema]);
export type AnyReport = z.infer<typeof anyReportSchema>;

/**
 * What one page shows: a run, its result, and the pictures it needs.
 * `report.html` carries it inside a `<script type="application/json" id="biolens-report">`; the studio serves it at
 * `GET /api/runs/:id`.
 */
export const reportPageSchema = z.object({
  run: runRecordSchema,
  report: anyReportSchema.nullable(),
  /** Items done so far, for a run that is not over. */
  itemsDone: z.number().int(),
  /** Pictures as data URLs by `<set>/<file>`; in the studio empty, since it serves them at `/api/runs/:id/image`. */
  images: z.record(z.string(), z.string()),
  /** Faces were blurred when the pictures were made. */
  blurred: z.boolean(),
});
export type ReportPage = z.infer<typeof reportPageSchema>;

/** `GET /api/runs`: newest first. */
export const runListSchema = z.array(
  z.object({
    id: z.string(),
    kind: z.string(),
    status: runRecordSchema.shape.status,
    startedAt: z.string(),
    title: z.string(),
  }),
);
export type RunList = z.infer<typeof runListSchema>;
