import { z } from 'zod';
import { field, pathSchema, seedField } from '../../kit/job/index.ts';
import { NORMALISATIONS } from './documents/normalise.ts';

const rate = z.number().gt(0).lt(1);

/** A separator as a command line can say it: `\n` for the end of a line. */
const separatorText = {
  parse: (text: string) => text.replaceAll('\\n', '\n').replaceAll('\\t', '\t'),
  format: (value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\n', '\\n').replaceAll('\t', '\\t') : null,
};

/** All that decides an audit of texts: recorded with the run, and enough to repeat it. */
export const auditTextConfigurationSchema = z.strictObject({
  training: field(pathSchema, {
    flag: '--train <path>',
    help: 'training texts: a file or folder of plain text, JSON lines or Parquet, also as gzip or zstd',
    is: 'texts',
  }),
  generated: field(pathSchema, { flag: '--generated <path>', help: 'generated texts, likewise', is: 'texts' }),
  heldout: field(pathSchema.optional(), {
    flag: '--heldout <path>',
    help: 'texts of the same kind that the model never saw: p-values need them',
    is: 'texts',
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
  falseMatchRate: field(rate.default(0.01), {
    flag: '--false-match-rate <rate>',
    help: 'share of held-out texts with a run above the threshold',
  }),
  falseDiscoveryRate: field(rate.default(0.05), {
    flag: '--fdr <rate>',
    help: 'share of false ones expected among the called copies',
  }),
  permutations: field(z.number().int().min(19).max(1_000_000).default(999), {
    flag: '--permutations <n>',
    help: 'relabellings of training against held-out documents in the permutation test',
  }),
  workers: field(z.number().int().min(1).max(64).optional(), {
    flag: '--workers <n>',
    help: 'threads that read the training texts; the result is the same',
    otherwise: 'as many as are worth it, up to 4',
  }),
  seed: seedField(),
});
export type AuditTextConfiguration = z.infer<typeof auditTextConfigurationSchema>;
export type AuditTextConfigurationInput = z.input<typeof auditTextConfigurationSchema>;
