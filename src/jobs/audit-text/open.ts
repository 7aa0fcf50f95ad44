import type { AuditTextReport } from '../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import type { AuditTextConfiguration } from './configuration.ts';
import { collectTexts } from './documents/collect-texts.ts';
import { listTextFiles } from './documents/list-files.ts';
import type { Layout } from './documents/read-documents.ts';
import type { AuditTextStep } from './events.ts';
import { type AuditedSets, auditTexts } from './work.ts';

/** Memory that the index takes for each byte of the generated texts, and a thread beside it. */
const INDEX_BYTES = 45;
const THREAD_BYTES = 48e6;
/** Bytes of a corpus read a second, on one core of an Intel Xeon (November 2026). */
const BYTES_PER_SECOND = 1e8;

/** Lists the training texts and reads the generated ones. */
export async function* openAuditText(
  configuration: AuditTextConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<AuditTextStep, OpenedJob<AuditTextConfiguration, AuditTextStep, AuditTextReport>> {
  const layout: Layout = { textField: configuration.textField, separator: configuration.separator ?? null };
  const { training, generated, heldout } = configuration;
  const sets: AuditedSets = {
    training: { source: training, ...(await listTextFiles(training, { signal })) },
    heldout: heldout === undefined ? null : { source: heldout, ...(await listTextFiles(heldout, { signal })) },
    generated: { source: generated, ...(await collectTexts(generated, { layout, signal })) },
    layout,
  };
  const bytesOf = (files: readonly { readonly bytes: number }[]): number =>
    files.reduce((sum, { bytes }) => sum + bytes, 0);
  const corpus = bytesOf(sets.training.files) + bytesOf(sets.heldout?.files ?? []);
  const amount = (files: readonly { readonly bytes: number }[]): string =>
    `${files.length} files, ${(bytesOf(files) / 1e6).toFixed(1)} MB`;
  const looked = sets.generated.bytes * (sets.heldout === null ? 1 : 2);
  return {
    configuration,
    plan: {
      reads: [
        { what: 'training', path: training, amount: amount(sets.training.files) },
        {
          what: 'generated',
          path: generated,
          amount: `${sets.generated.documents} texts, ${(sets.generated.bytes / 1e6).toFixed(1)} MB`,
        },
        ...(heldout === undefined
          ? []
          : [{ what: 'heldout', path: heldout, amount: amount(sets.heldout?.files ?? []) }]),
      ],
      writes: [],
      seconds: 1 + corpus / BYTES_PER_SECOND + looked / 1e6,
      basis: 'as measured on one core of an Intel Xeon, with files that are not packed',
      memoryBytes: looked * INDEX_BYTES + THREAD_BYTES,
    },
    work: run => auditTexts(run, { configuration, sets, signal }),
    [Symbol.asyncDispose]: async () => {},
  };
}
