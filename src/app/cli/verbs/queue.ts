import { type Command, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type { Job } from '../../../kit/job/index.ts';
import { findRun, refuseDone } from '../../../kit/runs/index.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addExamples } from '../options.ts';
import { jobOf, refuseCommands } from '../recorded-job.ts';
import { work } from '../work.ts';
import { addCommandOption, addFollowOptions, type FollowOptions, follow } from './runs.ts';

interface ServeOptions extends FollowOptions {
  readonly queue?: string;
}

/** `--queue`, for those who put shards in and those who make them. */
export const queueOption = (): Option =>
  new Option(
    '--queue <address>',
    'PostgreSQL, such as postgres://user@host/database; or BIOLENS_QUEUE, which no list of processes shows',
  );

/** @throws {BiolensError} `usage` where none is given */
export function addressOf(given: string | undefined, io: CliIo): string {
  const address = given ?? io.env.BIOLENS_QUEUE;
  if (address === undefined || address === '')
    throw new BiolensError('usage', 'no queue is given: --queue postgres://user@host/database, or BIOLENS_QUEUE');
  return address;
}

async function serve(
  id: string,
  options: ServeOptions,
  { io, jobs }: { readonly io: CliIo; readonly jobs: readonly Job[] },
): Promise<void> {
  const found = await findRun(id, options.runsDir);
  refuseDone(found.record, found.path);
  if (!options.allowCommand) refuseCommands(jobOf(found, jobs), found.record);
  const { forgetRun, QueueStore, serveRun } = await import('../../cluster/queue/index.ts');
  const address = addressOf(options.queue, io);
  await work(io, async ({ signal, progress }) => {
    const store = await QueueStore.open(address, { signal });
    try {
      let made = -1;
      for await (const step of serveRun(store, found.path, { signal })) {
        progress.update({ stage: 'items in the queue', done: step.items, total: step.total });
        if (step.made !== made) progress.note(`${step.made} of ${step.shards} shards are made`);
        made = step.made;
      }
    } finally {
      await store.close();
    }
  });
  await follow(id, 'reduce', { options, io, jobs });
  const store = await QueueStore.open(address);
  await forgetRun(store, found.path).finally(() => store.close());
}

/** `biolens queue serve` */
export function registerQueue(program: Command, io: CliIo, jobs: readonly Job[]): void {
  addExamples(
    addCommandOption(
      addFollowOptions(
        groupOf(program, 'queue')
          .command('serve <id>')
          .description('have the shards of a run started with --plan made by workers of a queue, and make its report'),
      ),
    ).addOption(queueOption()),
    'biolens queue serve latest --queue postgres://lab@db.example/biolens',
  ).action((id: string, options: ServeOptions) => serve(id, options, { io, jobs }));
}
