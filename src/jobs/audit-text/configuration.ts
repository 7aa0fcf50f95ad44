import { z } from 'zod';
import { field, pathSchema, seedField } from '../../kit/job/index.ts';
import { falseDiscoveryRateField, permutationsField, rateSchema } from '../audit/declaration/index.ts';
import { NORMALISATIONS } from './documents/normalise.ts';

/** A plain request, so that a refusal is the model's own. */
export const DEFAULT_TEMPLATE =
  'Continue this text exactly as it goes on, word for word. Answer with the continuation alone.\n\n{prefix}';

/** A separator as a command line can say it: `\n` for the end of a line. */
const separatorText = {
  parse: (text: string) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'),
  format: (value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\n', '\\n').replaceAll('\t', '\\t') : null,
};

/** All that decides an audit of texts: recorded with the run, and enough to repeat it. */
export const auditTextConfigurationSchema = z.strictObject({
  training: field(pathSchema.optional(), {
    flag: '--train <path>',
    help: 'training texts: a file or folder of plain text, JSON lines or Parquet, also as gzip or zstd',
    is: 'texts',
  }),
  generated: field(pathSchema.optional(), {
    flag: '--generated <path>',
    help: 'generated texts, likewise',
    is: 'texts',
  }),
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <path>',
    help: 'texts of the same kind that the model never saw: p-values need them',
    is: 'texts',
  }),
  model: field(z.string().min(1).optional(), {
    flag: '--model <spec>',
    help: 'ask a model to continue documents instead: openai-compatible:URL#NAME, ollama:NAME, openai:NAME, google:NAME, anthropic:NAME',
    is: 'answering-model',
  }),
  documents: field(pathSchema.optional(), {
    flag: '--documents <path>',
    help: 'documents that the model is asked to continue; those of --heldout are the controls',
    is: 'texts',
  }),
  prefixLengths: field(z.array(z.number().int().min(1).max(10_000)).min(1).max(20).default([25, 50, 100, 200]), {
    flag: '--prefix-lengths <list>',
    help: 'words of a document that the model is given',
    commas: true,
  }),
  continuation: field(z.number().int().min(10).max(2000).default(100), {
    flag: '--continuation <n>',
    help: 'words that the model is asked for, and that are compared',
  }),
  samples: field(z.number().int().min(0).max(100).default(0), {
    flag: '--samples <n>',
    help: 'further answers to each request at temperature 1, beside the one at 0',
  }),
  api: field(z.enum(['chat', 'completion']).default('chat'), {
    flag: '--api <which>',
    help: 'chat, with a request to continue the text, or completion, with the text alone',
  }),
  template: field(z.string().min(1).max(10_000).default(DEFAULT_TEMPLATE), {
    flag: '--template <text>',
    help: 'request to a chat model; {prefix} stands for the text',
    otherwise: 'a plain request to continue the text word for word',
  }),
  concurrency: field(z.number().int().min(1).max(256).default(4), {
    flag: '--concurrency <n>',
    help: 'requests at a time',
    changeable: true,
  }),
  shortest: field(z.number().int().min(20).max(100_000).default(50), {
    flag: '--shortest <n>',
    help: 'characters of the shortest run that counts',
  }),
  ngram: field(z.number().int().min(2).max(1000).default(13), {
    flag: '--ngram <n>',
    help: 'words of an n-gram in the share of n-grams that occur in the training texts',
  }),
  commonFrom: field(z.number().int().min(2).default(100), {
    flag: '--common-from <n>',
    help: 'occurrences in the training texts from which a run is a common phrase, and no copy',
  }),
  copyLength: field(z.number().int().min(20).default(150), {
    flag: '--copy-length <n>',
    help: 'characters of a run from which a text is called a copy where there are no held-out texts',
  }),
  normalise: field(z.array(z.enum(NORMALISATIONS)).default([]), {
    flag: '--normalise <what>',
    help: 'differences to look past: case, blanks, quotes, nfkc; several with commas between',
    commas: true,
    otherwise: 'none, runs are equal byte by byte',
  }),
  tokenizer: field(pathSchema.optional(), {
    flag: '--tokenizer <file>',
    help: "a model's tokenizer.json, to give the length of runs and texts in tokens too",
    is: 'text-file',
  }),
  textField: field(z.string().min(1).default('text'), {
    flag: '--text-field <name>',
    help: 'field of JSON lines, or column of Parquet, that holds the text',
  }),
  separator: field(z.string().min(1).max(1000).optional(), {
    flag: '--separator <text>',
    help: 'what stands between documents within a plain file, such as "<|endoftext|>" or "\\n"',
    otherwise: 'a file is one document',
    text: separatorText,
  }),
  falseMatchRate: field(rateSchema.default(0.01), {
    flag: '--false-match-rate <rate>',
    help: 'share of held-out texts with a run above the threshold',
  }),
  falseDiscoveryRate: falseDiscoveryRateField(),
  permutations: permutationsField('documents'),
  workers: field(z.number().int().min(1).max(64).optional(), {
    flag: '--workers <n>',
    help: 'threads that read the training texts; the result is the same',
    otherwise: 'as many as are worth it, up to 4',
  }),
  seed: seedField(),
});
export type AuditTextConfiguration = z.infer<typeof auditTextConfigurationSchema>;
export type AuditTextConfigurationInput = z.input<typeof auditTextConfigurationSchema>;
