import type { AuditTextReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import type { AuditedSets } from './audited-sets.ts';
import type { AuditTextConfiguration } from './configuration.ts';
import { collectTexts } from './documents/collect-texts.ts';
import { listTextFiles } from './documents/list-files.ts';
import type { Layout } from './documents/read-documents.ts';
import type { AuditTextStep } from './events.ts';
import type { AskedSets } from './model/work.ts';
import { readTokenizerFile } from './tokens/tokenizer-file.ts';

/** Memory that the index takes for each byte of the generated texts, and a thread beside it. */
const INDEX_BYTES = 45;
const THREAD_BYTES = 48e6;
/** Bytes of a corpus read a second, on one shared core of an Intel Xeon (November 2026). */
const BYTES_PER_SECOND = 2e7;

type Opened = OpenedJob<AuditTextConfiguration, AuditTextStep, AuditTextReport>;

const layoutOf = ({ textField, separator }: AuditTextConfiguration): Layout => ({
  textField,
  separator: separator ?? null,
});

const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
  files.reduce((sum, { bytes }) => sum + bytes, 0);
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function refuseMissing(flag: string, why = ''): BiolensError {
  return new BiolensError('usage', `${flag} is missing${why}`);
}

/** Lists the training texts and reads the generated ones, or reads the documents that a model is asked for. */
// biome-ignore lint/correctness/useYield: nothing is told before the work
export async function* openAuditText(
  configuration: AuditTextConfiguration,
  context: OpenContext,
): AsyncGenerator<AuditTextStep, Opened> {
  return configuration.model === undefined ? openCorpora(configuration, context) : openAsked(configuration, context);
}

async function openCorpora(configuration: AuditTextConfiguration, { signal }: OpenContext): Promise<Opened> {
  const { training, generated, heldout, documents, tokenizer } = configuration;
  if (documents !== undefined) throw refuseMissing('--model', ', which --documents is for');
  if (training === undefined) throw refuseMissing('--train');
  if (generated === undefined) throw refuseMissing('--generated');
  const { auditTexts } = await import('./work.ts');
  const layout = layoutOf(configuration);
  const sets: AuditedSets = {
    training: { source: training, ...(await listTextFiles(training, { signal })) },
    heldout: heldout === undefined ? null : { source: heldout, ...(await listTextFiles(heldout, { signal })) },
    generated: { source: generated, ...(await collectTexts(generated, { layout, signal })) },
    layout,
    tokenizer: tokenizer === undefined ? null : { path: tokenizer, file: await readTokenizerFile(tokenizer) },
  };
  const amount = (files: readonly { readonly bytes: number }[]): string =>
    `${files.length} files, ${megabytes(bytesOf(files))}`;
  // An index for texts as they are, beside that of what they become where differences are looked past.
  const indices = configuration.normalise.length === 0 ? 1 : 2;
  const looked = indices * sets.generated.bytes * (sets.heldout === null ? 1 : 2);
  return {
    configuration,
    plan: {
      reads: [
        { what: 'training', path: training, amount: amount(sets.training.files) },
        {
          what: 'generated',
          path: generated,
          amount: `${sets.generated.documents} texts, ${megabytes(sets.generated.bytes)}`,
        },
        ...(tokenizer === undefined ? [] : [{ what: 'tokenizer', path: tokenizer, amount: '1 file' }]),
        ...(heldout === undefined
          ? []
          : [{ what: 'heldout', path: heldout, amount: amount(sets.heldout?.files ?? []) }]),
      ],
      writes: [],
      seconds:
        1 + (bytesOf(sets.training.files) + bytesOf(sets.heldout?.files ?? [])) / BYTES_PER_SECOND + looked / 1e6,
      basis: 'as measured on one shared core of an Intel Xeon, with files that are not packed',
      memoryBytes: looked * INDEX_BYTES + THREAD_BYTES,
    },
    work: run => auditTexts(run, { configuration, sets, signal }),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function openAsked(
  configuration: AuditTextConfiguration,
  { signal, environment, fetch }: OpenContext,
): Promise<Opened> {
  const { documents, heldout, training, generated, model = '', api, template, tokenizer } = configuration;
  if (documents === undefined) throw refuseMissing('--documents');
  if (tokenizer !== undefined)
    throw new BiolensError('usage', '--tokenizer has no use with --model, whose answers are compared in characters');
  if (training !== undefined || generated !== undefined)
    throw new BiolensError(
      'usage',
      `--model asks for texts, so ${training === undefined ? '--generated' : '--train'} has no use; the documents stand in --documents`,
    );
  if (api === 'chat' && !template.includes('{prefix}'))
    throw new BiolensError('usage', '--template expected a text with {prefix} in it');
  // What asks models is large, and of no use to an audit that asks none.
  const [{ openModel }, { auditModel, promptsOf }] = await Promise.all([
    import('../../kit/vlm/index.ts'),
    import('./model/work.ts'),
  ]);
  const layout = layoutOf(configuration);
  const sets: AskedSets = {
    documents: { source: documents, ...(await collectTexts(documents, { layout, signal })) },
    controls: heldout === undefined ? null : { source: heldout, ...(await collectTexts(heldout, { layout, signal })) },
    model: openModel(model, { environment, fetch, api }),
  };
  const requests = promptsOf(sets, configuration).length * (configuration.samples + 1);
  return {
    configuration,
    plan: {
      reads: [
        { what: 'documents', path: documents, amount: `${sets.documents.documents} documents` },
        ...(heldout === undefined
          ? []
          : [{ what: 'controls', path: heldout, amount: `${sets.controls?.documents} documents` }]),
        { what: 'model', path: sets.model.id, amount: `${requests} requests` },
      ],
      writes: [],
      seconds: null,
      basis: 'the model decides how long its answers take',
      memoryBytes: null,
    },
    work: run => auditModel(run, { configuration, sets, signal }),
    [Symbol.asyncDispose]: async () => sets.model.close?.(),
  };
}
