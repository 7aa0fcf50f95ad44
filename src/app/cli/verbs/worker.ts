import { type Command, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type { Job } from '../../../kit/job/index.ts';
import { MOST_SHARDS, readRunRecord } from '../../../kit/runs/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { showNews } from '../follow-job.ts';
import type { CliIo } from '../io.ts';
import { addExamples, wholeNumber } from '../options.ts';
import { makeShard } from '../plan-run.ts';
import { jobOf, refuseCommands } from '../recorded-job.ts';
import { printJson, work } from '../work.ts';
import { addressOf, queueOption } from './queue.ts';

interface WorkerOptions {
  readonly plan?: string;
  readonly shard?: number;
  readonly queue?: string;
  readonly idle?: number;
  readonly json?: boolean;
  readonly allowCommand?: boolean;
}

interface Around {
  readonly io: CliIo;
  readonly jobs: readonly Job[];
}

async function makeOne({ plan: path, shard, json = false, allowCommand = false }: WorkerOptions, { io, jobs }: Around) {
  if (path === undefined) throw new BiolensError('usage', 'say what to make: --plan DIR --shard I, or --queue ADDRESS');
  if (shard === undefined) throw new BiolensError('usage', 'say which shard of the plan: --shard I, from 0');
  const record = await readRunRecord(path);
  const job = jobOf({ record, path }, jobs);
  if (!allowCommand) refuseCommands(job, record);
  await makeShard(job, path, { shard, io, json });
}

async function makeFromQueue(
  { queue, idle, json = false, allowCommand = false }: WorkerOptions,
  { io, jobs }: Around,
): Promise<void> {
  const { QueueStore, workQueue } = await import('../../cluster/queue/index.ts');
  const known = (record: Parameters<typeof refuseCommands>[1]): Job => {
    const job = jobOf({ record, path: record.id }, jobs);
    if (!allowCommand) refuseCommands(job, record);
    return job;
  };
  const shards: { readonly run: string; readonly shard: number; readonly items: number }[] = [];
  await work(io, async ({ signal, progress }) => {
    const store = await QueueStore.open(addressOf(queue, io), { signal });
    try {
      const idleMs = idle === undefined ? undefined : idle * 1000;
      let told: ReturnType<Job['news']> | null = null;
      for await (const event of workQueue(store, { jobOf: known, environment: io.env, signal, idleMs })) {
        if (event.type === 'work') {
          told ??= event.job.news();
          showNews(told.tell(event.event), progress);
        } else {
          told = null;
          const { run, shard } = event;
          const end = event.type === 'made' ? `is made, ${event.items} items` : `is not made: ${event.reason}`;
          progress.note(printable(`${run}: shard ${shard} ${end}`));
          if (event.type === 'made') shards.push({ run, shard, items: event.items });
        }
      }
    } finally {
      await store.close();
    }
  });
  if (json) printJson(io, { schema: 'biolens/worker@1', shards });
  else io.out(`${shards.length} shard${shards.length === 1 ? '' : 's'} made\n`);
}

/** `biolens worker` */
export function registerWorker(program: Command, io: CliIo, jobs: readonly Job[]): void {
  const command = program
    .command('worker')
    .description(
      'make one shard of a run that was started with --plan, or shards from a queue; one that is made stays as it is',
    )
    .option('--plan <dir>', "the run's folder")
    .addOption(
      new Option('--shard <i>', 'which, from 0, as schedulers count').argParser(wholeNumber(0, MOST_SHARDS - 1)),
    )
    .addOption(queueOption().conflicts(['plan', 'shard']))
    .addOption(
      new Option('--idle <seconds>', 'with a queue: end after so long without work (it waits for ever)').argParser(
        wholeNumber(0, 86_400),
      ),
    )
    .option('--allow-command', 'let it run the command that the run names')
    .option('--json', 'print the result as JSON on standard output');
  addExamples(command, 'biolens worker --plan runs/2026-11-24T10-02-11-audit-samples --shard 7').action(
    async (options: WorkerOptions) => {
      const isQueued = options.plan === undefined && (options.queue !== undefined || Boolean(io.env.BIOLENS_QUEUE));
      await (isQueued ? makeFromQueue : makeOne)(options, { io, jobs });
    },
  );
}
