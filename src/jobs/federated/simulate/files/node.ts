import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../../../../ground/disk.ts';
import { LEDGER_FILE, openLedger, type PrivacyLedger } from '../../../../kit/privacy/node.ts';

export const cores = (): number => availableParallelism();

/** The last part of a path. */
export { basename } from 'node:path';

/** The ledger of a run: made with the first event. */
export const ledgerOf = (run: { readonly path: string }): Promise<PrivacyLedger> =>
  openLedger(join(run.path, LEDGER_FILE));

export { LEDGER_FILE, type PrivacyLedger };

export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

export const removeFile = (path: string): Promise<void> => rm(path, { force: true });
