import { lstat, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { type AnyReport, type PictureSet, pictureSetSchema, type RunEvent } from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { thumbnail } from '../../kit/images/index.ts';
import { type FoundRun, listRuns, readRunRecord } from '../../kit/runs/index.ts';
import type { JobHost } from '../host/index.ts';
import { findPicture, type MakeThumbnail, picturesNamed } from '../pages/pictures.ts';
import { readTemplate, type TemplateOptions } from '../pages/report-html.ts';
import { countItems, readReport, readRunList, readRunPage } from '../pages/run-page.ts';
import { guard, secureHeaders } from './guard.ts';
import { addJobRoutes } from './job-routes.ts';

export interface StudioOptions extends TemplateOptions {
  /** The folder that holds the runs. */
  readonly runsDir: string;
  /** The secret that every request must know. */
  readonly token: string;
  /** Blurs every picture before it leaves the server. */
  readonly blur?: boolean;
  /** How pictures are made small. */
  readonly images?: MakeThumbnail;
  /** Milliseconds between two looks at a run in progress. */
  readonly pollMs?: number;
  /** Works on the jobs that the pages start; without one the studio only shows. */
  readonly host?: JobHost;
}

const imageQuerySchema = z.object({
  set: pictureSetSchema,
  file: z.string().min(1).max(4096),
  size: z.coerce.number().int().min(16).max(1024).default(320),
});

/** Reports kept in memory, since every picture asks whether its report names it. */
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
    const entry = { report, named: report === null ? new Map() : picturesNamed(report) };
    kept.set(key, entry);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_REPORTS && oldest !== undefined) kept.delete(oldest);
    return entry;
  };
}

/**
 * The studio's routes, ready for a server or for `app.request()`. It writes nothing but the runs of jobs that are started through it; see
 * `addJobRoutes`.
 *
 * - `GET /`, `GET /runs/:id`, `GET /new`, `GET /new/:kind`: the pages
 * - `GET /api/runs`: all runs, `runListSchema`
 * - `GET /api/runs/:id`: one run, `reportPageSchema`
 * - `GET /api/runs/:id/image?set=&file=&size=`: a small WebP of a picture that the report names
 * - `GET /api/runs/:id/events`: server-sent events, `runEventSchema`, until the run ends
 *
 * @throws BiolensError `external` when the pages have not been built.
 */
export async function createStudio(options: StudioOptions): Promise<Hono> {
  const { runsDir, token, blur = false, images = thumbnail, pollMs = 500, host } = options;
  const template = await readTemplate(options);
  const policy = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(template)?.[1] ?? "default-src 'none'";
  const reportOf = createReportCache();

  const findExact = async (c: Context): Promise<FoundRun | null> => {
    const id = c.req.param('id');
    const { runs } = await listRuns(runsDir);
    return runs.find(({ record }) => record.id === id) ?? null;
  };

  /** A run that is done, without a look at all the others: pictures are asked for by the dozen. */
  const findDone = async (id: string): Promise<FoundRun | null> => {
    if (!/^[\w-][\w.-]*$/.test(id)) return null;
    const path = join(resolve(runsDir), id);
    try {
      const record = (await lstat(path)).isDirectory() ? await readRunRecord(path) : null;
      return record?.id === id && record.status === 'done' ? { path, record } : null;
    } catch {
      return null;
    }
  };

  const app = new Hono();
  app.use(secureHeaders(policy), guard(token, { readOnly: host === undefined }));
  if (host !== undefined) addJobRoutes(app, host);

  app.get('/', c => c.html(template));
  app.get('/runs/:id', c => c.html(template));
  app.get('/new', c => c.html(template));
  app.get('/new/:kind', c => c.html(template));
  app.get('/api/runs', async c => c.json(await readRunList(runsDir)));

  app.get('/api/runs/:id', async c => {
    const found = await findExact(c);
    if (found === null) return c.json({ error: 'no such run' }, 404);
    const { report } = await reportOf(found);
    return c.json({ ...(await readRunPage(found, report)), blurred: blur });
  });

  app.get('/api/runs/:id/image', async c => {
    const query = imageQuerySchema.safeParse(c.req.query());
    if (!query.success) return c.json({ error: 'expected "set" and "file"' }, 400);
    const found = await findDone(c.req.param('id'));
    const { report, named } = found === null ? { report: null, named: new Map() } : await reportOf(found);
    const { set, file, size } = query.data;
    const known = found !== null && report !== null && named.get(set)?.has(file);
    const source = known ? await findPicture({ path: found.path, report }, query.data) : null;
    if (source === null) return c.json({ error: 'no such picture' }, 404);
    const bytes = await images(source, { size, blur }).catch(() => null);
    if (bytes === null) return c.json({ error: 'the picture cannot be read' }, 422);
    return c.body(new Uint8Array(bytes), 200, {
      'Content-Type': 'image/webp',
      'Cache-Control': 'private, max-age=300',
    });
  });

  app.get('/api/runs/:id/events', async c => {
    if ((await findExact(c)) === null) return c.json({ error: 'no such run' }, 404);
    return streamSSE(c, async stream => {
      while (!stream.aborted) {
        const found = await findExact(c);
        if (found === null) return;
        const event: RunEvent = { status: found.record.status, itemsDone: await countItems(found.path) };
        await stream.writeSSE({ data: JSON.stringify(event) });
        if (event.status !== 'running') return;
        await sleep(pollMs);
      }
    });
  });

  app.notFound(c => c.text('There is nothing here.', 404));
  app.onError((error, c) => c.json({ error: messageOf(error) }, error instanceof BiolensError ? 422 : 500));
  return app;
}
