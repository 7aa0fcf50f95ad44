import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { MOST_COMPARED, runNotesSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { Job } from '../../kit/job/index.ts';
import type { FoundRun } from '../../kit/runs/index.ts';
import { compareRuns } from '../compare/index.ts';
import { binRun, listBin, restoreRun } from './bin.ts';
import { bodyOf } from './body.ts';
import { listFolder } from './list-folder.ts';
import { type RunIndex, writeNotes } from './run-index.ts';

const MOST_BYTES = 64 * 2 ** 10;

const compareQuerySchema = z.object({
  runs: z
    .string()
    .min(1)
    .max(MOST_COMPARED * 256)
    .transform(text => text.split(',')),
});
const emptySchema = z.strictObject({});

export interface RunRoutesOptions {
  readonly runsDir: string;
  readonly index: RunIndex;
  readonly jobs: readonly Job[];
}

/**
 * Routes that show several runs.
 *
 * - `GET /api/runs`: all runs, `runListSchema`
 * - `GET /api/compare?runs=a,b`: runs of one kind side by side, `runComparisonSchema`; the first is what the others are compared with
 */
export function addRunRoutes(app: Hono, { index, jobs }: RunRoutesOptions): void {
  app.get('/api/runs', async c => c.json(await index.list()));
  app.get('/api/compare', async c => {
    const query = compareQuerySchema.safeParse(c.req.query());
    if (!query.success) throw new BiolensError('usage', '"runs" expected ids of runs with commas between');
    const found: FoundRun[] = [];
    for (const id of query.data.runs.slice(0, MOST_COMPARED + 1)) found.push(await index.get(id));
    return c.json(await compareRuns(found, jobs));
  });
}

/**
 * Routes that write what a user says of runs, and delete them; a studio that only shows has none of them.
 *
 * - `POST /api/runs/:id/notes`: `runNotesSchema`
 * - `POST /api/runs/:id/bin`: moves a run to the bin, and says its name there
 * - `GET /api/bin`: what is in it, `binnedRunsSchema`
 * - `POST /api/bin/:name/restore`: puts one back
 * - `GET /api/folders?path=`: names in a folder within the roots, `folderListSchema`; the roots without a path
 */
export function addWritingRoutes(
  app: Hono,
  { runsDir, index, jobs, roots }: RunRoutesOptions & { readonly roots: readonly string[] },
): void {
  const limit = bodyLimit({
    maxSize: MOST_BYTES,
    onError: c => c.json({ error: `the body has more than ${MOST_BYTES} bytes` }, 413),
  });

  app.post('/api/runs/:id/notes', limit, async c => {
    const notes = await bodyOf(c, runNotesSchema);
    const { path, record } = await index.get(c.req.param('id'));
    await writeNotes(path, notes);
    return c.json({ id: record.id });
  });

  app.post('/api/runs/:id/bin', limit, async c => {
    await bodyOf(c, emptySchema);
    return c.json({ id: await binRun(await index.get(c.req.param('id')), runsDir) });
  });

  app.get('/api/bin', async c => c.json(await listBin(runsDir, jobs)));

  app.post('/api/bin/:name/restore', limit, async c => {
    await bodyOf(c, emptySchema);
    return c.json({ id: await restoreRun(c.req.param('name'), runsDir) });
  });

  app.get('/api/folders', async c => c.json(await listFolder(c.req.query('path') ?? null, roots)));
}
