import { z } from 'zod';
import { auditReportSchema, setNameSchema } from './audit.ts';
import { auditMedicalReportSchema } from './audit-medical.ts';
import { auditTextReportSchema } from './audit-text.ts';
import { auditVideoReportSchema } from './audit-video.ts';
import { benchReportSchema } from './bench-report.ts';
import { diffusionReportSchema } from './diffusion.ts';
import { federateReportSchema } from './federate.ts';
import { federationReportSchema } from './federation.ts';
import { headlineSchema } from './job.ts';
import { mitigationReportSchema } from './mitigation.ts';
import { packedPairsSchema, packPairs, unpackPairs } from './packed-pairs.ts';
import { runRecordSchema, runStatusSchema } from './run.ts';
import { selectionReportSchema } from './selection.ts';
import { studyReportSchema } from './study.ts';
import { templateAttackReportSchema, templateReportSchema } from './templates.ts';
import { identificationReportSchema, verificationReportSchema } from './verification.ts';

/** A report of a job that has no page of its own: shown as a table of what is in it. */
export const otherReportSchema = z.object({
  schema: z.literal('biolens/other@1'),
  report: z.looseObject({ schema: z.string() }),
});

/** A report of any kind, told apart by its `schema` tag. */
export const anyReportSchema = z.discriminatedUnion('schema', [
  auditReportSchema,
  auditMedicalReportSchema,
  auditTextReportSchema,
  auditVideoReportSchema,
  benchReportSchema,
  mitigationReportSchema,
  selectionReportSchema,
  diffusionReportSchema,
  studyReportSchema,
  verificationReportSchema,
  identificationReportSchema,
  federateReportSchema,
  federationReportSchema,
  templateReportSchema,
  templateAttackReportSchema,
  otherReportSchema,
]);
export type AnyReport = z.infer<typeof anyReportSchema>;

/** Where an image of a page is from: a set of images, the people who were compared, the questions of a benchmark, or the run's own folder, such as sheets of samples. */
export const pictureSetSchema = z.enum([...setNameSchema.options, 'people', 'questions', 'run']);
export type PictureSet = z.infer<typeof pictureSetSchema>;

/**
 * What one page shows: a run, its result, and the images it needs.
 * `report.html` carries it, frozen, inside a `<script type="application/json" id="biolens-report">`; the studio serves it
 * at `GET /api/runs/:id`.
 */
export const reportPageSchema = z.object({
  run: runRecordSchema,
  /** Of a run that works: how far it is, where its job says so. */
  report: anyReportSchema.nullable(),
  /** Items done so far, for a run that is not over. */
  itemsDone: z.number().int(),
  /** Images as data URLs by `<set>/<file>`; in the studio empty, since it serves them at `/api/runs/:id/image`. */
  images: z.record(z.string(), z.string()),
  /** Faces were blurred when the images were made. */
  blurred: z.boolean(),
  /** Why the images of a set are not shown although the report names them, by set. */
  imagesWithheld: z.record(z.string(), z.string()).optional(),
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

/** A report of how far a run is, in its folder while it works, where its job writes one. */
export const LIVE_FILE = 'live.json';

/** What `GET /api/runs/:id/events` sends while a run works. */
export const runEventSchema = z.object({ status: runStatusSchema, itemsDone: z.number().int() });
export type RunEvent = z.infer<typeof runEventSchema>;

/** A word that a user puts on runs. */
const tagSchema = z
  .string()
  .trim()
  .min(1)
  .max(40)
  .refine(tag => !/[\p{Cc},]/u.test(tag), 'a tag has no comma and no control characters');

/** What a user writes about a run: `notes.json` of its folder, and the body of `POST /api/runs/:id/notes`. */
export const runNotesSchema = z.strictObject({
  notes: z.string().max(4000).default(''),
  tags: z.array(tagSchema).max(20).default([]),
});
export type RunNotes = z.infer<typeof runNotesSchema>;

/** One run in the list of runs. */
export const runRowSchema = z.object({
  id: z.string(),
  kind: z.string(),
  status: runRecordSchema.shape.status,
  startedAt: z.string(),
  title: z.string(),
  /** Null while the run is not over. */
  seconds: z.number().nullable().default(null),
  /** Null where there is no result, or its report could not be read. */
  headline: headlineSchema.nullable().default(null),
  /** The headline has not been read yet: ask again. */
  pending: z.boolean().default(false),
  notes: z.string().default(''),
  tags: z.array(z.string()).default([]),
  /** Data and models by what they are to the job, with the digest that tells whether two runs read the same. */
  data: z.array(z.object({ role: z.string(), name: z.string(), digest: z.string() })).default([]),
});
export type RunRow = z.infer<typeof runRowSchema>;

/** `GET /api/runs`: newest first. */
export const runListSchema = z.array(runRowSchema);
export type RunList = z.infer<typeof runListSchema>;

/** `GET /api/bin`: runs that were deleted and can be restored. */
export const binnedRunsSchema = z.array(z.object({ name: z.string(), title: z.string(), kind: z.string() }));
export type BinnedRuns = z.infer<typeof binnedRunsSchema>;

/** `GET /api/folders?path=`: a folder and what is in it, by names alone. */
export const folderListSchema = z.object({
  /** Null at the top, where the roots themselves are listed. */
  path: z.string().nullable(),
  /** The folder above, where that may be looked at; null at the top. */
  parent: z.string().nullable(),
  folders: z.array(z.object({ name: z.string(), path: z.string() })),
  files: z.array(z.object({ name: z.string(), path: z.string() })),
  /** More than were listed are there. */
  cut: z.boolean(),
});
export type FolderList = z.infer<typeof folderListSchema>;
