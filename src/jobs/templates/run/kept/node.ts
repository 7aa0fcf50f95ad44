import { access } from 'node:fs/promises';
import type { z } from 'zod';
import { readJsonFile } from '../../../../ground/disk.ts';
import type { Run } from '../../../../kit/runs/index.ts';

const MOST_BYTES = 64 * 2 ** 20;

/**
 * A part of a run's result: what the run's folder has of it, or else what `measure` gives, which is on the disk when this resolves. A run that was
 * killed goes on with the part that it was at.
 *
 * @throws {BiolensError} `input` naming a file that is there and is not JSON
 */
export async function measuredOnce<T>(
  run: Run,
  name: string,
  { schema, measure }: { readonly schema: z.ZodType<T>; readonly measure: () => Promise<T> },
): Promise<T> {
  const path = await run.artifactPath(`${name}.json`);
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    const parsed = schema.safeParse(await readJsonFile(path, { mostBytes: MOST_BYTES }));
    // One that an earlier version wrote is measured anew.
    if (parsed.success) return parsed.data;
  }
  const measured = await measure();
  await run.writeArtifact(`${name}.json`, JSON.stringify(measured));
  return measured;
}
