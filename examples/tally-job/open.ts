import { open } from 'node:fs/promises';
import { proportionMetric } from '../../src/ground/math/index.ts';
import { type ImageFile, listImages, sniffFormat } from '../../src/kit/images/index.ts';
import type { OpenContext, OpenedJob } from '../../src/kit/job/index.ts';
import { type Run, resumeItems } from '../../src/kit/runs/index.ts';
import { type TallyConfiguration, type TallyEvent, type TallyReport, tallyItemSchema } from './schemas.ts';

const HEAD_BYTES = 64;

async function formatOf({ path }: ImageFile): Promise<string> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return sniffFormat(buffer.subarray(0, bytesRead)) ?? 'none';
}

async function* work(
  run: Run,
  { files, atLeast }: { readonly files: readonly ImageFile[]; readonly atLeast: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<TallyEvent, TallyReport> {
  const byName = new Map(files.map(file => [file.file, file]));
  const counts: Record<string, number> = {};
  const steps = resumeItems({
    run,
    schema: tallyItemSchema,
    keys: [...byName.keys()],
    keyOf: ({ file }) => file,
    async *work(left) {
      for (const file of left) yield [{ file, format: await formatOf(byName.get(file)!) }];
    },
    signal,
  });
  for await (const { done, total } of steps) yield { type: 'item', done, total };
  for await (const { format } of run.items(tallyItemSchema)) counts[format] = (counts[format] ?? 0) + 1;
  const kept = Object.entries(counts).filter(([, n]) => n >= atLeast);
  const commonest = proportionMetric(Math.max(...Object.values(counts)), files.length);
  return { schema: 'biolens/tally@1', formats: Object.fromEntries(kept), commonest };
}

/** Lists the folder. */
export async function* openTally(
  configuration: TallyConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TallyEvent, OpenedJob<TallyConfiguration, TallyEvent, TallyReport>> {
  const files = await Array.fromAsync(listImages(configuration.images, signal === undefined ? {} : { signal }));
  return {
    configuration,
    plan: {
      reads: [{ what: 'images', path: configuration.images, amount: `${files.length} images` }],
      writes: [],
      seconds: null,
      basis: 'too quick to be estimated',
      memoryBytes: null,
    },
    work: run => work(run, { files, atLeast: configuration.atLeast }, signal),
    [Symbol.asyncDispose]: async () => {},
  };
}
