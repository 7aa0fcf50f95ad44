import { BiolensError } from '../../ground/errors.ts';
import { parseConfiguration, planShards, workShard } from '../../kit/job/index.ts';
import { printable } from '../../kit/text/printable.ts';
import { showNews } from './follow-job.ts';
import type { CliIo } from './io.ts';
import type { ProgressView } from './progress.ts';
import type { Request, RunJobsOptions } from './run-jobs.ts';
import { printJson, work } from './work.ts';

type AnyJob = Request['job'];

/** Shows what a job says until it ends. */
async function drain<R>(
  events: AsyncGenerator<{ readonly type: string }, R>,
  { job, progress }: { readonly job: AnyJob; readonly progress: ProgressView },
): Promise<R> {
  const news = job.news();
  let step = await events.next();
  for (; !step.done; step = await events.next())
    if (step.value.type !== 'run') showNews(news.tell(step.value), progress);
  return step.value;
}

/** Makes a run and the plan of its shards, and says how its workers are started. */
export async function planRun(
  requests: readonly Request[],
  shards: number,
  { io, json, blur, runsDir }: Pick<RunJobsOptions, 'io' | 'json' | 'blur' | 'runsDir'>,
): Promise<void> {
  const [request, second] = requests;
  if (request === undefined || second !== undefined)
    throw new BiolensError('usage', '--plan takes one job, and the file has several');
  const { job, input, name, parse, gates } = request;
  if (gates.length > 0 || blur)
    throw new BiolensError(
      'usage',
      `${blur ? '--blur' : '--fail-on'} is about the report: give it to biolens runs reduce`,
    );
  const configuration = parseConfiguration(job, input, parse);
  const { id, path, plan } = await work(io, ({ signal, progress }) =>
    drain(planShards(job, configuration, { shards, signal, runsDir, name, environment: io.env }), { job, progress }),
  );
  const count = plan.shards.length;
  if (json) return printJson(io, { schema: 'biolens/planned@1', run: id, path, items: plan.items, shards: count });
  io.out(`${printable(id)}: ${plan.items} items in ${count} shard${count === 1 ? '' : 's'}, 0 to ${count - 1}\n`);
  io.out(`To make one: biolens worker --plan ${printable(path)} --shard 0\n`);
  io.out(`When all are made: biolens runs reduce ${printable(id)}\n`);
}

/** Makes one shard of a planned run. */
export async function makeShard(
  job: AnyJob,
  path: string,
  { shard, io, json }: { readonly shard: number; readonly io: CliIo; readonly json: boolean },
): Promise<void> {
  const report = await work(io, ({ signal, progress }) =>
    drain(workShard(job, path, { shard, signal, environment: io.env }), { job, progress }),
  );
  if (json) return printJson(io, report);
  io.out(`${printable(report.run)}: shard ${shard} is made, ${report.items} items\n`);
}
