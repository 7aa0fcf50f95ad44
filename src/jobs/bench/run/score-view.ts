import { z } from 'zod';
import { type BenchReport, type BenchScore, benchScoreSchema } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { field, type ResultView } from '../../../kit/job/index.ts';

const optionsSchema = z.object({
  parser: field(z.enum(['strict', 'official']).default('strict'), {
    flag: '--parser <name>',
    help: 'whose score --json prints and --fail-on is about',
  }),
});

/** What `biolens bench run --json` prints: the score by one parser, with the run that it is of. */
export const printedScoreSchema = z.object({
  schema: z.literal('biolens/bench-score@1'),
  run: z.string(),
  ...benchScoreSchema.shape,
});

/** The score of a report by a parser, of the run's own setting; undefined where no question was put. */
export const scoreOf = ({ scores }: BenchReport, parser: BenchScore['parser']): BenchScore | undefined =>
  scores.find(score => score.parser === parser);

/** The result of a bench run as programs take it. */
export const scoreView: ResultView<BenchReport> = {
  schema: printedScoreSchema,
  options: optionsSchema,
  of: (report, { run, options }): z.input<typeof printedScoreSchema> => {
    const score = scoreOf(report, optionsSchema.parse(options).parser);
    if (score === undefined) throw new BiolensError('external', 'the report has no score: no question was put');
    return { schema: 'biolens/bench-score@1', run, ...score };
  },
};
