import type { z } from 'zod';
import type { RunRecord } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { createRun, type Run, type Share } from '../runs/index.ts';
import { checkWritable } from './check-writable.ts';
import type { Job, JobPlan, OpenContext, OpenedJob } from './declaration.ts';
import { fieldsOf, valueAt, withValue } from './field.ts';
import { parseConfiguration } from './parse-configuration.ts';

export type EventOf = { readonly type: string };

/** What is told to a job beside its configuration. */
export type ContextOptions = Partial<Pick<OpenContext, 'signal' | 'environment' | 'fetch' | 'changes'>>;

export function contextOf(options: ContextOptions, record: RunRecord | null): OpenContext {
  const { signal, environment, fetch, changes = {} } = options;
  return { signal, environment, fetch, record, changes };
}

/** What cannot be had cannot be worked with. */
function checkMemory({ memoryBytes }: JobPlan): void {
  const free = process.availableMemory();
  if (memoryBytes === null || memoryBytes <= free) return;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;
  throw new BiolensError('external', `memory: about ${gigabytes(memoryBytes)} are needed, ${gigabytes(free)} are free`);
}

/** Folders that the job would write, checked before anything is read. */
async function checkOutputs<C extends z.ZodObject>(
  job: Pick<Job<C>, 'configuration'>,
  configuration: unknown,
): Promise<void> {
  for (const { path, meta } of fieldsOf(job.configuration)) {
    const value = valueAt(configuration, path);
    if (meta.is === 'output-folder' && typeof value === 'string') await checkWritable(value);
  }
}

/** Checks all that can be checked before the work of a job. */
export async function* openJob<C extends z.ZodObject, R, E extends EventOf>(
  job: Job<C, R, E>,
  configuration: z.output<C>,
  context: OpenContext,
): AsyncGenerator<E, OpenedJob<z.output<C>, E, R>> {
  await checkOutputs(job, configuration);
  const opened = yield* job.open(configuration, context);
  try {
    checkMemory(opened.plan);
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

/** Makes the run of a job whose input has been found right. */
export async function createJobRun<C extends z.ZodObject>(
  job: Pick<Job<C>, 'kind' | 'nameOf'>,
  configuration: z.output<C>,
  {
    runsDir,
    name,
    share,
  }: { readonly runsDir?: string | undefined; readonly name?: string | undefined; readonly share?: Share },
): Promise<Run> {
  const recorded: Record<string, unknown> = { ...configuration };
  const { seed } = recorded;
  return await createRun({
    kind: job.kind,
    name: name ?? job.nameOf(configuration),
    configuration: recorded,
    seed: typeof seed === 'number' ? seed : 0,
    ...(runsDir === undefined ? {} : { runsDir }),
    ...(share === undefined ? {} : { share }),
  });
}

/** The configuration of a recorded run, with what may be changed changed. */
export function recordedConfiguration<C extends z.ZodObject>(
  job: Pick<Job<C>, 'configuration'>,
  record: RunRecord,
  changes: Readonly<Record<string, unknown>>,
): z.output<C> {
  let input: Record<string, unknown> = record.configuration;
  for (const { path, meta } of fieldsOf(job.configuration)) {
    const value = valueAt(changes, path);
    if (meta.changeable && value !== undefined) input = withValue(input, path, value);
  }
  return parseConfiguration(job, input, { code: 'input', source: `run ${record.id}: configuration` });
}
