import type { AuditMedicalReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { openEmbedder } from '../../kit/faces/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import { listTextFiles as listFiles } from '../audit-text/index.ts';
import type { AuditMedicalConfiguration } from './configuration.ts';
import type { AuditMedicalStep } from './events.ts';
import { WHITEN } from './measure/embedding.ts';
import { auditMedical } from './work.ts';

/** Seconds that a comparison of two items takes, and the fine one of an item, on one shared core of an Intel Xeon (November 2026). */
const SECONDS = { file: 0.05, pair: 4e-5, item: 0.6 };
const ITEM_BYTES = 4 * 32 ** 3 * 3;

/** Lists the files of the sets, and opens the embedder. */
export async function* openAuditMedical(
  configuration: AuditMedicalConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<AuditMedicalStep, OpenedJob<AuditMedicalConfiguration, AuditMedicalStep, AuditMedicalReport>> {
  const { embedder: named, device } = configuration;
  if (named === WHITEN && configuration.heldout === undefined)
    throw new BiolensError('usage', '--embedder whiten is fitted to held-out scans, expected --heldout beside it');
  const paths = (['training', 'generated', 'heldout'] as const).flatMap(what => {
    const path = configuration[what];
    return path === undefined ? [] : [{ what, path }];
  });
  const reads = [];
  let files = 0;
  for (const { what, path } of paths) {
    const { length } = (await listFiles(path, { signal })).files;
    files += length;
    reads.push({ what, path, amount: `${length} files` });
  }
  const embedder = named === undefined || named === WHITEN ? null : await openEmbedder(named, { device });
  return {
    configuration,
    plan: {
      reads,
      writes: [],
      seconds: files * (SECONDS.file + SECONDS.item) + (files / 2) ** 2 * SECONDS.pair,
      basis: 'as measured on one shared core of an Intel Xeon, if each file is a volume',
      memoryBytes: files * ITEM_BYTES,
    },
    work: run => auditMedical(run, { configuration, embedder, signal }),
    [Symbol.asyncDispose]: async () => embedder?.close(),
  };
}
