import { z } from 'zod';
import { readJsonFile } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';

const MOST_BYTES = 2 ** 26;
const word = z.string().max(10_000);
const part = z.looseObject({ type: word }).nullish();

/** What is needed of a `tokenizer.json` of Hugging Face's tokenizers: the parts are checked by the library when they are put together. */
const tokenizerFileSchema = z.looseObject({
  added_tokens: z
    .array(z.looseObject({ id: z.number().int().nonnegative(), content: word }))
    .max(1_000_000)
    .default([]),
  normalizer: part,
  pre_tokenizer: part,
  post_processor: part,
  decoder: part,
  model: z.looseObject({
    type: word.optional(),
    vocab: z.union([z.record(word, z.number().int().nonnegative()), z.array(z.tuple([word, z.number()]))]),
    merges: z.array(z.union([word, z.tuple([word, word])])).optional(),
  }),
});
export type TokenizerFile = z.infer<typeof tokenizerFileSchema>;

/**
 * Reads a `tokenizer.json`.
 *
 * @throws {BiolensError} `input` naming the file and the field
 */
export async function readTokenizerFile(path: string): Promise<TokenizerFile> {
  const parsed = tokenizerFileSchema.safeParse(await readJsonFile(path, { mostBytes: MOST_BYTES }));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new BiolensError(
    'input',
    `${path}: no tokenizer.json of Hugging Face: "${issue.path.join('.') || 'file'}": ${issue.message}`,
    { details: { file: path } },
  );
}
