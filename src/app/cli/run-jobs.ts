import { BiolensError, messageOf } from '../../ground/errors.ts';
import {
  checkGatePaths,
  checkGates,
  commandOf,
  type Finished,
  failedGates,
  type Gate,
  type Job,
  type JobPlan,
  type ParseOptions,
  parseConfiguration,
  planJob,
  resultOf,
  startJob,
} from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { formatTable } from '../../kit/text/table.ts';
import { formatMetric } from '../../kit/text/wrap.ts';
import { describePlan } from './describe-plan.ts';
import { followJob, type StartRun, showResult } from './follow-job.ts';
import type { CliIo } from './io.ts';
import { printJson, work } from './work.ts';

/** A job that was asked for, with what it is held against. */
export interface Request {
  readonly job: Job;
  readonly input: Readonly<Record<string, unknown>>;
  readonly name: string | undefined;
  readonly gates: readonly Gate[];
  readonly parse: ParseOptions;
}

export interface RunJobsOptions {
  readonly json: boolean;
  readonly blur: boolean;
  readonly dryRun: boolean;
  readonly runsDir: string;
  readonly view: Readonly<Record<string, unknown>>;
  readonly io: CliIo;
}

type Checked = Request & { readonly configuration: Record<string, unknown> };

interface Planned {
  readonly job: string;
  readonly command: string;
  readonly configuration: Record<string, unknown>;
  readonly plan: JobPlan;
}

function check(request: Request): Checked {
  checkGatePaths(request.job, request.gates);
  return { ...request, configuration: parseConfiguration(request.job, request.input, request.parse) };
}

async function planAll(requests: readonly Checked[], { io, runsDir }: RunJobsOptions): Promise<Planned[]> {
  return await work(io, async ({ signal }) => {
    const planned: Planned[] = [];
    for (const { job, configuration, parse } of requests) {
      const found = await planJob(job, configuration, { signal, runsDir, environment: io.env }).catch(error => {
        if (parse.source === undefined || !(error instanceof BiolensError)) throw error;
        throw new BiolensError(error.code, `${parse.source}: ${error.message}`, {
          details: error.details,
          cause: error,
        });
      });
      planned.push({ job: job.kind, command: commandOf(job, found.configuration), ...found });
    }
    return planned;
  });
}

/** Runs that ended well, and what was wrong with the others. */
interface Batch {
  readonly finished: { readonly request: Checked; readonly run: Finished<unknown> & { readonly page: string } }[];
  readonly failures: { readonly request: Checked; readonly error: BiolensError }[];
}

/** Does several jobs one after the other; what fails outside does not keep the others from being done. */
async function runAll(requests: readonly Checked[], { io, runsDir, blur }: RunJobsOptions): Promise<Batch> {
  const batch: Batch = { finished: [], failures: [] };
  await work(io, async ({ signal, progress }) => {
    for (const [i, request] of requests.entries()) {
      const { job, configuration, name } = request;
      progress.note(`${i + 1}/${requests.length}  ${printable(commandOf(job, configuration))}`);
      const start: StartRun = options =>
        startJob(job, configuration, { ...options, runsDir, name, environment: io.env });
      try {
        batch.finished.push({ request, run: await followJob(job, start, { signal, progress, blur }) });
      } catch (error) {
        if (!(error instanceof BiolensError) || error.code === 'interrupted') throw error;
        progress.note(`${job.noun}: ${printable(messageOf(error))}`);
        batch.failures.push({ request, error });
      }
    }
  });
  return batch;
}

/** Settings in which the jobs of a batch differ, for each of them as `model random`. */
function differencesOf(requests: readonly Checked[]): string[] {
  const names = [...new Set(requests.flatMap(({ configuration }) => Object.keys(configuration)))];
  const text = ({ configuration }: Checked, name: string): string => {
    const value = configuration[name];
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  };
  const differing = names.filter(name => new Set(requests.map(request => text(request, name))).size > 1);
  return requests.map(request =>
    differing.flatMap(name => (name in request.configuration ? [`${name} ${text(request, name)}`] : [])).join(', '),
  );
}

/** A line for each run; what its job knows to compare follows. */
function describeBatch({ finished }: Batch): string {
  const settings = differencesOf(finished.map(({ request }) => request));
  const rows = finished.map(({ request: { job }, run }, i) => {
    const { label, metric, unit } = job.headline(run.report);
    return [run.id, settings[i] ?? '', `${label} ${formatMetric(metric, unit)}`];
  });
  return formatTable([{ title: 'run', maxWidth: 32 }, { title: 'settings', maxWidth: 18 }, { title: 'result' }], rows);
}

async function compareBatch({ finished }: Batch): Promise<{ readonly text: string; readonly json: unknown[] }> {
  const jobs = [...new Set(finished.map(({ request }) => request.job))];
  const parts = await Promise.all(
    jobs.map(async job => {
      const runs = finished.filter(({ request }) => request.job === job).map(({ run }) => run);
      return runs.length > 1 ? await job.compare?.(runs) : undefined;
    }),
  );
  const found = parts.filter(part => part !== undefined);
  return { text: found.map(({ text }) => `\n${text}`).join(''), json: found.map(({ json }) => json) };
}

async function showBatch(batch: Batch, { io, json, view }: RunJobsOptions): Promise<void> {
  const comparison = await compareBatch(batch);
  if (json) {
    const runs = batch.finished.map(({ request: { job }, run }) => ({
      run: run.id,
      job: job.kind,
      result: resultOf(job, run, view),
    }));
    const failed = batch.failures.map(({ request: { job }, error }) => ({ job: job.kind, error: messageOf(error) }));
    printJson(io, { schema: 'biolens/batch@1', runs, failed, comparisons: comparison.json });
  } else io.out(`${describeBatch(batch)}${comparison.text}`);
  const held = batch.finished.flatMap(({ request: { job, gates }, run }) =>
    failedGates(resultOf(job, run, view), gates).map(text => `${run.id}: ${text}`),
  );
  const [first] = batch.failures;
  if (first !== undefined)
    throw new BiolensError(
      first.error.code,
      `${batch.failures.length} of ${batch.failures.length + batch.finished.length} jobs failed: ${messageOf(first.error)}`,
    );
  if (held.length > 0) throw new BiolensError('gate', `--fail-on ${held.join('; ')}`);
}

/**
 * Does what was asked for: one job, or several from a file. All of them are checked before the first begins.
 *
 * @throws {BiolensError} `gate` where a condition holds, after the results have been printed
 */
export async function runJobs(requests: readonly Request[], options: RunJobsOptions): Promise<void> {
  const { io, json, blur, runsDir, view, dryRun } = options;
  const checked = requests.map(check);
  const [only, second] = checked;
  if (dryRun) {
    const planned = await planAll(checked, options);
    const plans = planned.map(one => ({ schema: 'biolens/plan@1', ...one }));
    if (json) return printJson(io, second === undefined ? plans[0] : plans);
    return io.out(planned.map(one => describePlan(one)).join('\n'));
  }
  if (only !== undefined && second === undefined) {
    const { job, configuration, name, gates } = only;
    const run = await work(io, ({ signal, progress }) => {
      const start: StartRun = options =>
        startJob(job, configuration, { ...options, runsDir, name, environment: io.env });
      return followJob(job, start, { signal, progress, blur });
    });
    await showResult(job, run, { io, json, view });
    return checkGates(resultOf(job, run, view), gates);
  }
  await planAll(checked, options);
  await showBatch(await runAll(checked, options), options);
}
