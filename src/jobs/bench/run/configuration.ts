import { resolve } from 'node:path';
import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import { parseModelSpec } from '../../../kit/vlm/index.ts';
import { askSettingsSchema } from '../ask/index.ts';
import { LOCAL_ANSWERERS } from '../specialist/index.ts';

/** All that decides a bench run: recorded with it, and enough to repeat it. */
export const benchConfigurationSchema = askSettingsSchema
  .omit({ retryErrors: true })
  .extend({
    /** A benchmark: an official folder, Parquet files, or JSONL. */
    from: z.string().min(1),
    /** `specialist`, `random`, `frequent`, or a vision-language model as `openModel` takes it. */
    model: z.string().min(1).default('specialist'),
    /** Look for defects in the questions when all are answered, so that scores without the flagged ones can be told. */
    lint: z.boolean().default(true),
    /** Ids of the runs whose answers these are. */
    mergedFrom: z.array(z.string()).optional(),
  })
  .refine(({ maxDollars, price }) => maxDollars === null || price !== null, {
    path: ['maxDollars'],
    message: 'expected "price" beside it, as providers do not tell what a reply cost',
  });
export type BenchConfiguration = z.infer<typeof benchConfigurationSchema>;
export type BenchConfigurationInput = z.input<typeof benchConfigurationSchema>;

/**
 * Checks a configuration and makes its path absolute.
 *
 * @throws {BiolensError} `usage` naming the first field that is wrong.
 */
export function parseBenchConfiguration(input: unknown): BenchConfiguration {
  const parsed = benchConfigurationSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('usage', `"${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
  }
  return { ...parsed.data, from: resolve(parsed.data.from) };
}

const isLocal = (model: string): boolean => LOCAL_ANSWERERS.some(name => name === model);

/** What the folder of a run ends in: the model's own name, the setting, the shard. */
export function nameOfRun({ model, setting, shard }: BenchConfiguration): string {
  const name = isLocal(model) || !model.includes(':') ? model : parseModelSpec(model).model;
  return [name, setting, ...(shard === null ? [] : [shard.index, 'of', shard.of])].join(' ');
}
