import { z } from 'zod';
import { runComparisonSchema } from '../../src/ground/contracts/comparison.ts';
import { formJobSchema, hostedRunSchema, plannedJobSchema } from '../../src/ground/contracts/job.ts';
import {
  binnedRunsSchema,
  folderListSchema,
  reportPageSchema,
  runEventSchema,
  runListSchema,
} from '../../src/ground/contracts/report.ts';
import type { Client, PictureRequest } from './client.ts';
import { findJson, getJson, getOrRefuse, postJson } from './requests.ts';
import { kindOfSet } from './set-kind.ts';

const startedSchema = z.object({ id: z.string() });

/** Talks to the studio that served this page. */
export function createStudioClient(): Client {
  const runPath = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;
  const jobPath = (kind: string): string => `/api/jobs/${encodeURIComponent(kind)}`;
  const imageUrl = (id: string, { set, file, size }: PictureRequest): string =>
    `${runPath(id)}/image?${new URLSearchParams({ set, file, size: String(size) })}`;
  return {
    kind: 'studio',
    listRuns: () => getJson('/api/runs', runListSchema),
    loadPage: id => getJson(runPath(id), reportPageSchema),
    pictureUrl: (page, { set, file, size }) => {
      const kind = kindOfSet(page.report, set);
      if (kind !== null && kind !== 'images') return null;
      return imageUrl(page.run.id, { set, file, size });
    },
    imageUrl,
    watchRun: (id, onEvent) => {
      const source = new EventSource(`${runPath(id)}/events`);
      source.addEventListener('message', message => {
        const event = runEventSchema.safeParse(JSON.parse(message.data));
        if (!event.success) return;
        if (event.data.status !== 'running') source.close();
        onEvent(event.data);
      });
      return () => source.close();
    },
    listJobs: () => findJson('/api/jobs', z.array(formJobSchema).nullable()),
    planJob: (kind, configuration) =>
      postJson(`${jobPath(kind)}/plan`, { body: { configuration }, schema: plannedJobSchema }),
    startJob: async (kind, request) => (await postJson(jobPath(kind), { body: request, schema: startedSchema })).id,
    resumeRun: async id => {
      await postJson(`${runPath(id)}/resume`, { body: {}, schema: startedSchema });
    },
    stopRun: async id => {
      await postJson(`${runPath(id)}/stop`, { body: {}, schema: startedSchema });
    },
    compareRuns: ids =>
      getOrRefuse(`/api/compare?${new URLSearchParams({ runs: ids.join(',') })}`, runComparisonSchema),
    saveNotes: async (id, notes) => {
      await postJson(`${runPath(id)}/notes`, { body: notes, schema: startedSchema });
    },
    binRun: async id => (await postJson(`${runPath(id)}/bin`, { body: {}, schema: startedSchema })).id,
    listBin: () => getOrRefuse('/api/bin', binnedRunsSchema),
    restoreRun: async name => {
      await postJson(`/api/bin/${encodeURIComponent(name)}/restore`, { body: {}, schema: startedSchema });
    },
    listFolder: path =>
      getOrRefuse(`/api/folders${path === null ? '' : `?${new URLSearchParams({ path })}`}`, folderListSchema),
    followWork: (id, { onNews, onNone }) => {
      const source = new EventSource(`${runPath(id)}/news`);
      source.addEventListener('message', message => {
        const state = hostedRunSchema.safeParse(JSON.parse(message.data));
        if (!state.success) return;
        if (state.data.state !== 'running') source.close();
        onNews(state.data);
      });
      source.addEventListener('error', () => {
        // A connection that broke is made anew by the browser; only an answer that is no stream is given up.
        if (source.readyState === EventSource.CLOSED) onNone();
      });
      return () => source.close();
    },
  };
}
