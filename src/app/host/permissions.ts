import type { z } from 'zod';
import { isInside } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { fieldsOf, READ_PATHS, valueAt } from '../../kit/job/index.ts';

/** What whoever asks may use. */
export interface Permissions {
  /** Folders that jobs may read and write. */
  readonly roots: readonly string[];
  /** Models behind a server that images may be sent to, as `--model` names them; null: any. */
  readonly models: readonly string[] | null;
}

/** The path of a value: what follows `#` names a part of a model. */
const pathOf = (value: string): string => value.split('#')[0] ?? value;

/**
 * Refuses commands, paths of a configuration that lie outside the folders that whoever asks may use, and models that images may not be sent to.
 *
 * Adversary: whoever may ask this process to start jobs, but not read or write all of its user's files, nor send them elsewhere. What is
 * let in can be told from error messages and results. Links inside the roots are followed.
 *
 * @throws {BiolensError} `usage` naming the field
 */
export async function checkPermitted(
  configuration: Readonly<Record<string, unknown>>,
  { schema, roots, models }: Permissions & { readonly schema: z.ZodObject },
): Promise<void> {
  for (const { path, meta } of fieldsOf(schema)) {
    if (meta.is === 'command' && valueAt(configuration, path) !== undefined)
      throw new BiolensError('usage', `"${path.join('.')}": commands are run for the command line of biolens alone`);
    const model = valueAt(configuration, path);
    const named = meta.is === 'answering-model' && typeof model === 'string' && !meta.words?.includes(model);
    if (named && models !== null && !models.includes(model))
      throw new BiolensError(
        'usage',
        `"${path.join('.')}" ${model}: images may not be sent to this model; whoever started this process can allow it with --model ${model}`,
      );
  }
  for (const { path, meta } of fieldsOf(schema)) {
    if (meta.is === undefined || (meta.is !== 'output-folder' && !READ_PATHS.includes(meta.is))) continue;
    const value = valueAt(configuration, path);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== 'string' || meta.words?.includes(one) || (await isInside(pathOf(one), roots))) continue;
      throw new BiolensError(
        'usage',
        `"${path.join('.')}" ${one} lies outside the folders that may be used: ${roots.join(', ')}`,
      );
    }
  }
}
