// The smallest job: how many images of each format a folder holds. As a job of the house it is this folder under src/jobs/ and a line in
// src/app/job-list.ts; a test does just that.
import { basename } from 'node:path';
import { defineJob } from '../../src/kit/job/index.ts';
import {
  type TallyEvent,
  type TallyReport,
  tallyConfigurationSchema,
  tallyItemSchema,
  tallyReportSchema,
} from './schemas.ts';

export const tallyJob = defineJob({
  kind: 'tally',
  verb: 'tally',
  noun: 'tally',
  summary: 'how many images of each format a folder holds',
  configuration: tallyConfigurationSchema,
  report: tallyReportSchema,
  items: tallyItemSchema,
  examples: ['biolens tally --images portraits'],
  gateExample: 'commonest<0.5',
  nameOf: ({ images }) => basename(images),
  async *open(settings, context) {
    const { openTally } = await import('./open.ts');
    return yield* openTally(settings, context);
  },
  news: () => ({
    tell: ({ done, total }: TallyEvent) => ({ type: 'progress', stage: 'looking at images', done, total }),
  }),
  describe: ({ formats }: TallyReport) =>
    Object.entries(formats)
      .map(([format, n]) => `${format} ${n}\n`)
      .join(''),
  headline: ({ commonest }) => ({ label: 'commonest format', metric: commonest, unit: 'share', level: 'unknown' }),
});
