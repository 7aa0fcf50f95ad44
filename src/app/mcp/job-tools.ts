import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { BiolensError } from '../../ground/errors.ts';
import { configurationJsonSchema, type Job, type JsonSchema, suggest, valueAt } from '../../kit/job/index.ts';
import { type FoundRun, findRun, ItemCounter, listRuns } from '../../kit/runs/index.ts';
import type { JobHost } from '../host/index.ts';
import { findJob } from '../jobs.ts';
import { readFinished } from '../pages/index.ts';
import { defineTool, type Tool } from './tool.ts';

/** A part of a report that is longer than this is told by its names, so that an assistant asks for less. */
const LONGEST_PART = 30_000;
const MOST_RUNS = 100;
const LONGEST_WAIT_S = 60;

const startSchema = z.object({
  runName: z.string().min(1).max(200).optional().describe("end of the run's name"),
  failOn: z.array(z.string()).optional().describe('conditions on the result, such as replication.copied>0.01'),
  dryRun: z.boolean().default(false).describe('check everything and say what would be done, without doing it'),
});

/** The fields of a configuration with those of a start beside them. */
function startInput(job: Job): JsonSchema {
  const configuration = configurationJsonSchema(job.configuration);
  const beside = z.toJSONSchema(startSchema, { io: 'input' }) as JsonSchema;
  return { ...configuration, properties: { ...configuration.properties, ...beside.properties } };
}

function startTool(job: Job, host: JobHost): Tool {
  const besides = Object.keys(startSchema.shape);
  return {
    name: `start_${job.kind}`,
    description: `Starts a job: ${job.summary}. Returns the run's id at once; follow_run reports how far it is, read_report the result.`,
    input: startInput(job),
    run: async input => {
      const given = z.record(z.string(), z.unknown()).safeParse(input ?? {});
      if (!given.success) throw new BiolensError('usage', 'the arguments expected an object');
      const parsed = startSchema.safeParse(given.data);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new BiolensError('usage', `"${issue?.path.join('.')}" ${issue?.message}`);
      }
      const { runName: name, failOn, dryRun } = parsed.data;
      const configuration = Object.fromEntries(Object.entries(given.data).filter(([key]) => !besides.includes(key)));
      if (dryRun) return await host.plan(job.kind, configuration);
      return { run: await host.start(job.kind, configuration, { name, failOn }) };
    },
  };
}

/** How far a run is, by the process that works on it or by its folder. */
async function stateOf({ path, record }: FoundRun, host: JobHost) {
  const hosted = host.look(record.id);
  if (hosted !== null) return { ...hosted, items: await new ItemCounter(path).count() };
  const { id, kind, status, error = null } = record;
  return { id, kind, state: status, error, items: await new ItemCounter(path).count() };
}

/** A part of a report; a long one by the names of its parts. */
function partOf(report: unknown, place: string): unknown {
  const names = place === '' ? [] : place.split('.');
  const part = valueAt(report, names);
  if (part === undefined) {
    const above = valueAt(report, names.slice(0, -1));
    const known = typeof above === 'object' && above !== null ? Object.keys(above) : [];
    throw new BiolensError(
      'usage',
      `the report has no "${place}"${suggest(names.at(-1) ?? '', known) || `, there are ${known.slice(0, 50).join(', ')}`}`,
    );
  }
  if (JSON.stringify(part).length <= LONGEST_PART) return part;
  return {
    tooLong: `ask for a part of it with "part", such as ${[...names, Object.keys(Object(part))[0]].join('.')}`,
    parts: Object.entries(Object(part))
      .slice(0, 200)
      .map(([name, value]) => ({ name, characters: JSON.stringify(value)?.length ?? 0 })),
  };
}

/** Tools that start, follow, stop and read runs, made from the jobs' declarations. */
export function createJobTools(host: JobHost, { runsDir }: { readonly runsDir: string }): Tool[] {
  const run = z.string().min(1).describe('id of a run, a part of it that no other has, or latest');
  return [
    ...host.jobs.map(job => startTool(job, host)),
    defineTool(
      {
        name: 'list_runs',
        description: `Lists the runs, newest first, ${MOST_RUNS} at most.`,
        schema: z.strictObject({ kind: z.string().optional() }),
      },
      async ({ kind }) => {
        const { runs } = await listRuns(runsDir);
        return runs
          .filter(({ record }) => kind === undefined || record.kind === kind)
          .slice(0, MOST_RUNS)
          .map(({ record }) => ({
            id: record.id,
            kind: record.kind,
            state: record.status,
            startedAt: record.provenance.startedAt,
          }));
      },
    ),
    defineTool(
      {
        name: 'follow_run',
        description: 'Reports how far a run is; waits for its end, for so many seconds at most.',
        schema: z.strictObject({ run, waitSeconds: z.number().min(0).max(LONGEST_WAIT_S).default(0) }),
      },
      async ({ run: id, waitSeconds }, { signal }) => {
        const until = Date.now() + waitSeconds * 1000;
        for (;;) {
          const state = await stateOf(await findRun(id, runsDir), host);
          if (state.state !== 'running' || Date.now() >= until || signal.aborted) return state;
          await sleep(200);
        }
      },
    ),
    defineTool(
      {
        name: 'read_report',
        description: 'Reads the result of a finished run: in words, and as data, or one part of the data.',
        schema: z.strictObject({
          run,
          part: z.string().default('').describe('dotted path into the report, such as replication.copied'),
        }),
      },
      async ({ run: id, part }) => {
        const found = await findRun(id, runsDir);
        const job = findJob(found.record.kind, host.jobs);
        const { report } = await readFinished(job, found);
        return {
          run: found.record.id,
          summary: part === '' ? job.describe(report) : null,
          report: partOf(report, part),
        };
      },
    ),
    defineTool(
      {
        name: 'stop_run',
        description: 'Interrupts a run that was started here; it can be resumed.',
        schema: z.strictObject({ run }),
      },
      async ({ run: id }) => {
        const { record } = await findRun(id, runsDir);
        await host.stop(record.id);
        return host.look(record.id);
      },
    ),
    defineTool(
      {
        name: 'resume_run',
        description: 'Resumes a run that was interrupted or failed.',
        schema: z.strictObject({ run }),
      },
      async ({ run: id }) => ({ run: await host.resume(id) }),
    ),
  ];
}
