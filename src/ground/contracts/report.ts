import { z } from 'zod';
import { auditReportSchema, setNameSchema } from './audit.ts';
import { benchReportSchema } from './bench-report.ts';
import { diffusionReportSchema } from './diffusion.ts';
import { mitigationReportSchema } from './mitigation.ts';
import { packedPairsSchema, packPairs, unpackPairs } from './packed-pairs.ts';
import { runRecordSchema, runStatusSchema } from './run.ts';
import { studyReportSchema } from './study.ts';

/** A report of a job that has no page of its own: shown as a table of what is in it. */
export const otherReportSchema = z.object({
  schema: z.literal('biolens/other@1'),
  report: z.looseObject({ schema: z.string() }),
});

/** A report of any kind, told apart by its `schema` tag. */
export const anyReportSchema = z.discriminatedUnion('schema', [
  auditReportSchema,
  benchReportSchema,
  mitigationReportSchema,
  diffusionReportSchema,
  studyReportSchema,
  otherReportSchema,
]);
export type AnyReport = z.infer<typeof anyReportSchema>;

/** Where a picture of a page is from: a set of images, the questions of a benchmark, or the run's own folder, such as sheets of samples. */
export const pictureSetSchema = z.enum([...setNameSchema.options, 'questions', 'run']);
export type PictureSet = z.infer<typeof pictureSetSchema>;

/**
 * What one page shows: a run, its result, and the pictures it needs.
 * `report.html` carries it, frozen, inside a `<script type="application/json" id="biolens-report">`; the studio serves it
 * at `GET /api/runs/:id`.
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

/** A page as `report.html` carries it: a long table of pairs taken out of the report and packed by columns. */
export const frozenPageSchema = z.object({ page: reportPageSchema, pairs: packedPairsSchema.nullable() });
export type FrozenPage = z.infer<typeof frozenPageSchema>;

/** Packs a page for `report.html`. */
export function freezePage(page: ReportPage): FrozenPage {
  const { report } = page;
  if (report?.schema !== 'biolens/audit@1') return { page, pairs: null };
  const { pairs } = report.replication;
  return {
    page: { ...page, report: { ...report, replication: { ...report.replication, pairs: [] } } },
    pairs: packPairs(pairs),
  };
}

/** The page that was frozen. */
export function thawPage({ page, pairs }: FrozenPage): ReportPage {
  const { report } = page;
  if (pairs === null || report?.schema !== 'biolens/audit@1') return page;
  return { ...page, report: { ...report, replication: { ...report.replication, pairs: unpackPairs(pairs) } } };
}

/** What `GET /api/runs/:id/events` sends while a run goes on. */
export const runEventSchema = z.object({ status: runStatusSchema, itemsDone: z.number().int() });
export type RunEvent = z.infer<typeof runEventSchema>;

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
