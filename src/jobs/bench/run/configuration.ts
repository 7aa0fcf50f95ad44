import { z } from 'zod';
import { field, pathSchema } from '../../../kit/job/index.ts';
// Not through the room's door, which opens its clients: what declares a job loads no library that does the work.
import { parseModelSpec, SPEC_FORMS } from '../../../kit/vlm/parse-spec.ts';
import { askSettingsSchema } from '../ask/settings.ts';
import { isLocalAnswerer, LOCAL_ANSWERERS } from '../specialist/local-answerers.ts';

const shape = z.strictObject({
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
});

/** All that decides a bench run: recorded with it, and enough to repeat it. */
export const benchConfigurationSchema = shape
  .refine(({ maxDollars, price }) => maxDollars === null || price !== null, {
    path: ['maxDollars'],
    message: 'wants --price (field "price") beside it: providers do not tell what a reply cost',
  })
  .superRefine((configuration, context) => {
    for (const { field: name, message } of conflictsOf(configuration))
      context.addIssue({ code: 'custom', path: [name], message });
  });

interface Conflict {
  readonly field: string;
  readonly message: string;
}

/** What of the settings cannot be had together, or would do nothing. */
function conflictsOf(given: z.output<typeof shape>): readonly Conflict[] {
  const { batch, model, setting, maxTokens, maxDollars, alternatives, wait, cancel, promptCache } = given;
  const provider = model.split(':')[0] ?? '';
  const rules: readonly (readonly [boolean, string, string])[] = [
    [batch && (isLocalAnswerer(model) || provider === 'ollama'), 'batch', BATCHLESS],
    [
      batch && setting === 'tools',
      'batch',
      'cannot be had with --setting tools: the calls of tools are a conversation',
    ],
    [batch && maxTokens !== null, 'maxTokens', NO_BUDGET],
    [batch && maxDollars !== null, 'maxDollars', NO_BUDGET],
    [
      batch && alternatives > 0 && (provider === 'anthropic' || provider === 'google'),
      'alternatives',
      'are not had from the batches of this provider',
    ],
    [!batch && !wait, 'wait', 'wants --batch (field "batch"): other runs ask while they go on'],
    [!batch && cancel === true, 'cancel', 'is for runs with --batch (field "batch")'],
    [
      promptCache && provider !== 'anthropic',
      'promptCache',
      'is for models of Anthropic; other providers cache without being told, or not at all',
    ],
  ];
  return rules.flatMap(([wrong, name, message]) => (wrong ? [{ field: name, message }] : []));
}

const BATCHLESS = 'wants a model of OpenAI, Anthropic or Google, or an endpoint that takes batches';
const NO_BUDGET = 'cannot be kept with --batch: what is handed in is answered as a whole; --shard asks a part';

export type BenchConfiguration = z.infer<typeof benchConfigurationSchema>;
export type BenchConfigurationInput = z.input<typeof benchConfigurationSchema>;

/** What the folder of a run ends in: the model's own name, the setting, the shard. */
export function nameOfRun({ model, setting, shard }: BenchConfiguration): string {
  const name = isLocalAnswerer(model) || !model.includes(':') ? model : parseModelSpec(model).model;
  return [name, setting, ...(shard === null ? [] : [shard.index, 'of', shard.of])].join(' ');
}
