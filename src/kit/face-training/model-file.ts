import { stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import type { ModelCard } from '../../ground/contracts/index.ts';
import { fileError, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { cardPathOf } from '../faces/model-card.ts';

/**
 * Checks where a model is to go. Better to hear of it now than after the work.
 *
 * @throws BiolensError `usage` for another ending than .onnx; `input` naming the folder
 */
export async function checkModelFile(output: string): Promise<void> {
  if (extname(output) !== '.onnx')
    throw new BiolensError('usage', `"output" expected a name ending in .onnx, got "${output}"`);
  const folder = dirname(output);
  const status = await stat(folder).catch((error: unknown) => {
    throw fileError(folder, error, 'write');
  });
  if (!status.isDirectory()) throw new BiolensError('input', `${folder}: not a folder`, { details: { file: folder } });
}

/** Writes a model and its card beside it, and returns the card's path. */
export async function writeModelFile(
  output: string,
  { model, card }: { readonly model: Uint8Array; readonly card: ModelCard },
): Promise<string> {
  const path = cardPathOf(output);
  await writeAtomically(output, model);
  await writeAtomically(path, `${JSON.stringify(card, null, 2)}\n`);
  return path;
}
