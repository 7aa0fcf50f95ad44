import { setTimeout as sleep } from 'node:timers/promises';
import { tallyJob } from '../../examples/tally-job/job.ts';
import type { TallyConfiguration, TallyEvent, TallyReport } from '../../examples/tally-job/schemas.ts';
import { defineJob, type OpenContext, type OpenedJob } from '../../src/kit/job/index.ts';

export interface Patience {
  /** Events that may pass; the job waits where they are used up. */
  allowed: number;
}

/** The smallest job, held up at each step until it may go on. */
export function patientJob(patience: Patience) {
  async function* waiting(work: AsyncGenerator<TallyEvent, TallyReport>, signal: AbortSignal | undefined) {
    for (;;) {
      while (patience.allowed <= 0 && !signal?.aborted) await sleep(5);
      const step = await work.next();
      if (step.done) return step.value;
      patience.allowed--;
      yield step.value;
    }
  }
  return defineJob({
    ...tallyJob,
    kind: 'patient',
    verb: 'patient',
    noun: 'patient tally',
    async *open(
      settings: TallyConfiguration,
      context: OpenContext,
    ): AsyncGenerator<TallyEvent, OpenedJob<TallyConfiguration, TallyEvent, TallyReport>> {
      const opened = yield* tallyJob.open(settings, context);
      return { ...opened, work: run => waiting(opened.work(run), context.signal) };
    },
    news: () => {
      let seen = 0;
      return {
        tell: event => {
          seen++;
          return seen === 2 ? { type: 'note', text: 'half of it is done' } : tallyJob.news().tell(event);
        },
      };
    },
  });
}
