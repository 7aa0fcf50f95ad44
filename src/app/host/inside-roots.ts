import type { z } from 'zod';
import { isInside } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { fieldsOf, READ_PATHS, valueAt } from '../../kit/job/index.ts';

/**
 * Refuses paths of a configuration that lie outside the folders that whoever asks may use.
 *
 * Adversary: whoever may ask this process to start jobs, but not read or write all of its user's files. What is let in can be told from
 * error messages and results; nothing outside the roots can.
 *
 * @throws {BiolensError} `usage` naming the field
 */
export async function checkInsideRoots(
  configuration: Readonly<Record<string, unknown>>,
  { schema, roots }: { readonly schema: z.ZodObject; readonly roots: readonly string[] },
): Promise<void> {
  for (const { path, meta } of fieldsOf(schema)) {
    if (meta.is === undefined || (meta.is !== 'output-folder' && !READ_PATHS.includes(meta.is))) continue;
    const value = valueAt(configuration, path);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one !== 'string' || meta.words?.includes(one) || (await isInside(one, roots))) continue;
      throw new BiolensError(
        'usage',
        `"${path.join('.')}" ${one} lies outside the folders that may be used: ${roots.join(', ')}`,
      );
    }
  }
}
