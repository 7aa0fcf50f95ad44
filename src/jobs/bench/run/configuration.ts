import { z } from 'zod';
import { field, pathSchema } from '../../../kit/job/index.ts';
// Not through the room's door, which opens its clients: what declares a job loads no library that does the work.
import { parseModelSpec, SPEC_FORMS } from '../../../kit/vlm/parse-spec.ts';
import { askSettingsSchema } from '../ask/settings.ts';
import { isLocalAnswerer, LOCAL_ANSWERERS } from '../specialist/local-answerers.ts';

/** All that decides a bench run: recorded with it, and enough to repeat it. */
export const benchConfigurationSchema = z
  .strictObject({
    from: field(pathSchema, {
      flag: '--from <dir>',
      help: 'the benchmark: a FaceXBench folder, Parquet files, or JSONL',
      is: 'benchmark',
    }),
    model: field(z.string().min(1).default('specialist'), {
      flag: '--model <model>',
      help: `${LOCAL_ANSWERERS.join(', ')}, ${SPEC_FORMS}`,
      is: 'answering-model',
      words: LOCAL_ANSWERERS,
    }),
    ...askSettingsSchema.shape,
    lint: field(z.boolean().default(true), {
      flag: '--no-lint',
      help: 'do not look for defects in the questions: no score without the flagged ones',
    }),
    /** Recorded by `mergeRuns`; a run that asks has none. */
    mergedFrom: field(z.array(z.string()).optional(), {
      flag: [],
      help: 'ids of the runs whose answers these are',
    }),
  })
  .refine(({ maxDollars, price }) => maxDollars === null || price !== null, {
    path: ['maxDollars'],
    message: 'wants --price (field "price") beside it: providers do not tell what a reply cost',
  });
export type BenchConfiguration = z.infer<typeof benchConfigurationSchema>;
export type BenchConfigurationInput = z.input<typeof benchConfigurationSchema>;

/** What the folder of a run ends in: the model's own name, the setting, the shard. */
export function nameOfRun({ model, setting, shard }: BenchConfiguration): string {
  const name = isLocalAnswerer(model) || !model.includes(':') ? model : parseModelSpec(model).model;
  return [name, setting, ...(shard === null ? [] : [shard.index, 'of', shard.of])].join(' ');
}
