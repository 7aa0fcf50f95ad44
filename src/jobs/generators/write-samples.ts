import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import { encodePng, writeCsv } from '../../kit/images/index.ts';
import type { Runtime } from '../../kit/tensor/index.ts';
import { type GeneratorSampler, openGenerator, type SamplingSettings } from './generator/index.ts';
import { toImages } from './images.ts';

export interface WriteSamplesOptions {
  /** A model's folder, or a run's that trained one. */
  readonly model: string;
  /** New or empty folder. */
  readonly output: string;
  readonly n: number;
  /** Number of the first image, from 0. Default 0. */
  readonly first?: number | undefined;
  readonly seed: number;
  readonly sampling: SamplingSettings;
  /** Sample this class only; by default each in turn. */
  readonly className?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type WriteSamplesEvent =
  | { readonly type: 'progress'; readonly done: number; readonly total: number }
  | {
      readonly type: 'result';
      readonly directory: string;
      readonly images: number;
      readonly size: number;
      readonly kind: GeneratorSampler['kind'];
      /** What the samples are labelled by; null for a model without classes. */
      readonly attribute: string | null;
      readonly seconds: number;
      /** What reading the model decided that a user should know of, a line each. */
      readonly warnings: readonly string[];
    };

const DEFAULT_BATCH = 64;
/** Column of the labels where nothing says what the classes are classes of. */
const DEFAULT_ATTRIBUTE = 'class';

async function checkFree(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw fileError(folder, error, 'write');
  });
  if (found.length > 0)
    throw new BiolensError('input', `${folder}: has files in it already; name a new or an empty folder`, {
      details: { file: folder },
    });
}

/** The class of image i. */
function classOf({ classes }: GeneratorSampler, className: string | undefined): ((index: number) => number) | null {
  if (className === undefined) return classes === null ? null : index => index % classes.length;
  if (classes === null)
    throw new BiolensError('usage', `"class" expected a model with classes, this one has none (got ${className})`);
  const found = classes.indexOf(className);
  if (found < 0) throw new BiolensError('usage', `"class" expected one of ${classes.join(', ')}, got ${className}`);
  return () => found;
}

async function* drawInto(
  folder: string,
  sampler: GeneratorSampler,
  { n, first: offset = 0, seed, sampling, className, signal }: WriteSamplesOptions,
): AsyncGenerator<WriteSamplesEvent> {
  const batch = sampling.batch ?? DEFAULT_BATCH;
  const key = foldIn(randomKey(seed), 'sample');
  const labelOf = classOf(sampler, className);
  const digits = Math.max(5, String(offset + n).length);
  const nameOf = (index: number) => `${String(offset + index + 1).padStart(digits, '0')}.png`;
  for (let first = 0; first < n; first += batch) {
    throwIfAborted(signal);
    const count = Math.min(batch, n - first);
    const labels = labelOf === null ? undefined : Array.from({ length: count }, (_, i) => labelOf(offset + first + i));
    const images = await sampler.draw({ key, first: offset + first, n: count, labels }, { signal });
    const shown = toImages(images, sampler);
    await Promise.all(
      shown.map(async (image, i) => writeFile(join(folder, nameOf(first + i)), await encodePng(image))),
    );
    yield { type: 'progress', done: first + count, total: n };
  }
  if (labelOf === null || sampler.classes === null) return;
  const { classes, attribute } = sampler;
  const rows = Array.from({ length: n }, (_, i) => [nameOf(i), classes[labelOf(offset + i)]!]);
  await writeCsv(join(folder, 'labels.csv'), { columns: ['file', attribute ?? DEFAULT_ATTRIBUTE], rows });
}

/**
 * Writes samples of a generator into a new folder of PNG images, with `labels.csv` where it has classes. The folder appears when it is complete.
 * Image i is a function of the model, the seed, its class and i; the size of batches changes it by rounding at most.
 *
 * @throws {BiolensError} `usage` for a class that the model has not; `input` for a folder that is no model, or that has files in it already;
 *   `interrupted`.
 */
export async function* writeSamples(runtime: Runtime, options: WriteSamplesOptions): AsyncGenerator<WriteSamplesEvent> {
  const target = resolve(options.output);
  const part = `${target}.${process.pid}.part`;
  await checkFree(target);
  const sampler = await openGenerator(runtime, options.model, options.sampling);
  const startedAt = performance.now();
  try {
    classOf(sampler, options.className);
    await mkdir(dirname(target), { recursive: true });
    await rm(part, { recursive: true, force: true });
    await mkdir(part);
    yield* drawInto(part, sampler, options);
    await rename(part, target);
  } catch (error) {
    throw error instanceof BiolensError ? error : fileError(options.output, error, 'write');
  } finally {
    await rm(part, { recursive: true, force: true });
    await sampler.close();
  }
  yield {
    type: 'result',
    directory: options.output,
    images: options.n,
    size: sampler.size,
    kind: sampler.kind,
    attribute: sampler.classes === null ? null : (sampler.attribute ?? DEFAULT_ATTRIBUTE),
    seconds: (performance.now() - startedAt) / 1000,
    warnings: sampler.warnings ?? [],
  };
}
