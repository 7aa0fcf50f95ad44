import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import { z } from 'zod';
import { type FormJob, hostedRunSchema } from '../../ground/contracts/index.ts';
import { configurationJsonSchema, type Job } from '../../kit/job/index.ts';
import type { JobHost } from '../host/index.ts';
import { bodyOf } from './body.ts';

const MOST_BYTES = 2 ** 20;

const configurationSchema = z.record(z.string(), z.unknown());
const planSchema = z.strictObject({ configuration: configurationSchema });
const startSchema = z.strictObject({
  configuration: configurationSchema,
  name: z.string().min(1).max(200).optional(),
  failOn: z.array(z.string().max(1000)).max(100).optional(),
});
const changesSchema = z.strictObject({ changes: configurationSchema.default({}) });

/** A job as a form is made of it. */
function formOf(job: Job): FormJob {
  const { kind, verb, noun, summary, examples, gateExample } = job;
  return {
    kind,
    verb,
    noun,
    summary,
    examples: [...examples],
    gateExample,
    configuration: { ...configurationJsonSchema(job.configuration) },
  };
}

/**
 * Routes that start, stop and follow jobs.
 *
 * - `GET /api/jobs`: what can be started, `formJobSchema`; null where nothing can
 * - `POST /api/jobs/:kind/plan`: checks a configuration and says what it would do
 * - `POST /api/jobs/:kind`: starts a job, 201 with the run's id
 * - `POST /api/runs/:id/resume | rerun | stop`
 * - `GET /api/runs/:id/news`: server-sent events, `hostedRunSchema`, until the run is over
 */
export function addJobRoutes(app: Hono, host: JobHost): void {
  const limit = bodyLimit({
    maxSize: MOST_BYTES,
    onError: c => c.json({ error: `the body has more than ${MOST_BYTES} bytes` }, 413),
  });

  app.get('/api/jobs', c => c.json(host.jobs.map(formOf)));

  app.post('/api/jobs/:kind/plan', limit, async c => {
    const { configuration } = await bodyOf(c, planSchema);
    return c.json(await host.plan(c.req.param('kind'), configuration));
  });

  app.post('/api/jobs/:kind', limit, async c => {
    const { configuration, name, failOn } = await bodyOf(c, startSchema);
    return c.json({ id: await host.start(c.req.param('kind'), configuration, { name, failOn }) }, 201);
  });

  app.post('/api/runs/:id/resume', limit, async c => {
    const { changes } = await bodyOf(c, changesSchema);
    return c.json({ id: await host.resume(c.req.param('id'), changes) });
  });

  app.post('/api/runs/:id/rerun', limit, async c => {
    const { changes } = await bodyOf(c, changesSchema);
    return c.json({ id: await host.rerun(c.req.param('id'), changes) }, 201);
  });

  app.post('/api/runs/:id/stop', async c => {
    await host.stop(c.req.param('id'));
    return c.json({ id: c.req.param('id') });
  });

  app.get('/api/runs/:id/news', async c => {
    const id = c.req.param('id');
    if (host.look(id) === null) return c.json({ error: 'no such run is worked on here' }, 404);
    return streamSSE(c, async stream => {
      for await (const state of host.follow(id)) {
        if (stream.aborted) return;
        await stream.writeSSE({ data: JSON.stringify(hostedRunSchema.parse(state)) });
      }
    });
  });
}
