import type { z } from 'zod';
import { reportPageSchema, runEventSchema, runListSchema } from '../../src/ground/contracts/report.ts';
import type { Client } from './client.ts';

async function getJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  const response = await fetch(path, { credentials: 'same-origin' }).catch(() => null);
  if (response === null) throw new Error('The studio does not answer; is `biolens studio` still running?');
  if (response.status === 401) throw new Error('The studio wants its token; open the address that it printed.');
  if (response.status === 404) throw new Error('There is no such run in the folder that the studio shows.');
  if (!response.ok) throw new Error(`The studio answered with an error (${response.status}).`);
  const parsed = schema.safeParse(await response.json());
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`The studio sent data that this page cannot read: ${issue?.path.join('.')} ${issue?.message}.`);
}

/** Talks to the studio that served this page. */
export function createStudioClient(): Client {
  const runPath = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;
  return {
    kind: 'studio',
    listRuns: () => getJson('/api/runs', runListSchema),
    loadPage: id => getJson(runPath(id), reportPageSchema),
    pictureUrl: (page, { set, file, size }) => {
      const { report } = page;
      const { sets } = report !== null && 'sets' in report ? report : { sets: null };
      if (sets !== null && set in sets && sets[set as keyof typeof sets]?.kind !== 'images') return null;
      return `${runPath(page.run.id)}/image?${new URLSearchParams({ set, file, size: String(size) })}`;
    },
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
  };
}
