import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { type AnyReport, type PictureSet, pictureSetSchema } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { thumbnail } from '../../kit/images/index.ts';
import type { FoundRun } from '../../kit/runs/index.ts';
import type { JobHost } from '../host/index.ts';
import { JOBS } from '../jobs.ts';
import { findImage, imagesNamed, imagesWithheld, type MakeThumbnail, type ReportOfRun } from '../pages/images.ts';
import { readTemplate, type TemplateOptions } from '../pages/report-html.ts';
import { readLive, readReport, readRunPage } from '../pages/run-page.ts';
import { guard, secureHeaders } from './guard.ts';
import { addJobRoutes } from './job-routes.ts';
import { RunIndex } from './run-index.ts';
import { addRunRoutes, addWritingRoutes } from './run-routes.ts';
import { addTabRoutes } from './tab-routes.ts';
import { RunWatcher } from './watch-run.ts';

export interface StudioOptions extends TemplateOptions {
  /** The folder that holds the runs. */
  readonly runsDir: string;
  /** The built client for taking part in a federation; the one that comes with biolens by default. */
  readonly clientPath?: string | undefined;
  /** The secret that every request must know. */
  readonly token: string;
  /** Blurs every image before it leaves the server. */
  readonly blur?: boolean;
  /** How images are made small. */
  readonly images?: MakeThumbnail;
  /** Milliseconds between two looks at a run in progress. */
  readonly pollMs?: number;
  /** Folders from which images of sets may be read, beside the runs' own; none by default. */
  readonly roots?: readonly string[];
  /** Works on the jobs that the pages start; without one the studio only shows. */
  readonly host?: JobHost;
}

const imageQuerySchema = z.object({
  set: pictureSetSchema,
  file: z.string().min(1).max(4096),
  size: z.coerce.number().int().min(16).max(1024).default(320),
});

/** Reports kept in memory, since every image asks whether its report names it. */
const KEPT_REPORTS = 3;

interface KeptReport {
  readonly report: AnyReport | null;
  readonly named: ReadonlyMap<PictureSet, ReadonlySet<string>>;
}

/** Reads reports, and keeps the last few until their file or the run's status changes. */
function createReportCache(): (found: FoundRun) => Promise<KeptReport> {
  const kept = new Map<string, KeptReport>();
  return async found => {
    const { path, record } = found;
    const status = await stat(join(path, 'report.json')).catch(() => null);
    const key = JSON.stringify([path, record.status, status?.mtimeMs, status?.size]);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const report = await readReport(found);
    const entry = { report, named: report === null ? new Map() : imagesNamed(report) };
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_REPORTS && oldest !== undefined) kept.delete(oldest);
    return entry;
  };
}

/**
 * The studio's routes, ready for a server or for `app.request()`. It writes nothing but the runs of jobs that are started through it; see
 * `addJobRoutes`, and notes, tags and the bin; see `addWritingRoutes`.
 *
 * - `GET /`, `GET /runs/:id`, `GET /new`, `GET /new/:kind`, `GET /compare`, `GET /bin`: the pages
 * - `GET /federate/…`: the page for taking part in a federation; see `addTabRoutes`
 * - `GET /api/runs/:id`: one run, `reportPageSchema`
 * - `GET /api/runs/:id/image?set=&file=&size=`: a small WebP of an image that the report names
 * - `GET /api/runs/:id/events`: server-sent events, `runEventSchema`, until the run ends
 *
 * @throws BiolensError `external` when the pages have not been built.
 */
export async function createStudio(options: StudioOptions): Promise<Hono> {
  const { runsDir, token, blur = false, images = thumbnail, pollMs = 500, roots = [], host } = options;
  const template = await readTemplate(options);
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(template)?.[1] ?? "default-src 'none'";
  const reportOf = createReportCache();

  const jobs = host?.jobs ?? JOBS;
  const index = new RunIndex({ runsDir, jobs });
  const watcher = new RunWatcher({ find: id => index.find(id), pollMs });

  const imagesFrom = ({ path, record: { configuration } }: FoundRun, report: AnyReport): ReportOfRun => ({
    path,
    report,
    configuration,
    roots,
  });

  const app = new Hono();
  app.use(secureHeaders(policy), guard(token, { readOnly: host === undefined }));
  const runs = { runsDir, index, jobs };
  addRunRoutes(app, runs);
  if (host !== undefined) {
    addJobRoutes(app, host);
    addWritingRoutes(app, { ...runs, roots });
  } else {
    // Nothing can be started; a page that asks is no error.
    app.get('/api/jobs', c => c.json(null));
  }

  addTabRoutes(app, { template, policy, clientPath: options.clientPath });

  for (const place of ['/', '/runs/:id', '/new', '/new/:kind', '/compare', '/bin'])
    app.get(place, c => c.html(template));

  app.get('/api/runs/:id', async c => {
    const found = await index.find(c.req.param('id'));
    if (found === null) return c.json({ error: 'no such run' }, 404);
    const { report } = await reportOf(found);
    const withheld = report === null ? {} : await imagesWithheld(imagesFrom(found, report));
    const shown = report ?? (await readLive(found));
    return c.json({ ...(await readRunPage(found, shown)), blurred: blur, imagesWithheld: withheld });
  });

  app.get('/api/runs/:id/image', async c => {
    const query = imageQuerySchema.safeParse(c.req.query());
    if (!query.success) return c.json({ error: 'expected "set" and "file"' }, 400);
    const found = await index.find(c.req.param('id'));
    const { report, named } =
      found?.record.status !== 'done' ? { report: null, named: new Map() } : await reportOf(found);
    const { set, file, size } = query.data;
    const known = found !== null && report !== null && named.get(set)?.has(file);
    const source = known ? await findImage(imagesFrom(found, report), query.data) : null;
    if (source === null) return c.json({ error: 'no such image' }, 404);
    const bytes = await images(source, { size, blur }).catch(() => null);
    if (bytes === null) return c.json({ error: 'the image cannot be read' }, 422);
    return c.body(new Uint8Array(bytes), 200, {
      'Content-Type': 'image/webp',
      'Cache-Control': 'private, max-age=300',
    });
  });

  app.get('/api/runs/:id/events', async c => {
    const found = await index.find(c.req.param('id'));
    if (found === null) return c.json({ error: 'no such run' }, 404);
    return streamSSE(c, async stream => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      for await (const event of watcher.follow(found, gone.signal))
        await stream.writeSSE({ data: JSON.stringify(event) });
    });
  });

  app.notFound(c => c.text('There is nothing here.', 404));
  app.onError((error, c) => c.json({ error: messageOf(error) }, error instanceof BiolensError ? 422 : 500));
  return app;
}
