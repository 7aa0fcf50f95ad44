import type { JobPlan } from '../../../kit/job/index.ts';
import { GENERATORS } from '../generator/index.ts';
import type { DiffusionModel } from '../model.ts';
import type { ResolvedTraining } from './configuration.ts';
import type { ListedImages } from './list-images.ts';
import { settingsOf } from './settings.ts';
import { SHEET_IMAGES } from './sheet.ts';

/**
 * Measured in November 2026 on two shared cores of an Intel Xeon. A step takes `step · (parameters × pixels × images / 10⁹)^power`: diffusion of
 * 16 to 128 pixels and 16 to 64 channels (26 ms to 0.9 s a step) is met within a quarter, a GAN of the same sizes (68 ms to 0.9 s) within a
 * third.
 */
const SECONDS = {
  start: 1.5,
  image: 0.002,
  /** What a step takes however small it is. */
  least: 0.002,
  diffusion: { step: 0.028, power: 0.72, oneThread: 1.85 },
  gan: { step: 0.066, power: 0.58, oneThread: 1.2 },
  /** One evaluation of the network that samples an image, as a share of what training on an image takes. */
  evaluation: { diffusion: 0.2, gan: 0.06 },
} as const;

/** The process with the engine, where no more is known of what training needs. */
const LEAST_BYTES = 150e6;

export interface TrainingAmount {
  readonly parameters: number;
  readonly size: number;
  readonly batchSize: number;
  readonly threads: number;
}

/** Seconds of a training step on the CPU, about. */
export function secondsOfStep(
  kind: ResolvedTraining['kind'],
  { parameters, size, batchSize, threads }: TrainingAmount,
): number {
  const { step, power, oneThread } = SECONDS[kind];
  const work = parameters * size * size * batchSize;
  return (SECONDS.least + step * (work / 1e9) ** power) * (threads === 1 ? oneThread : 1);
}

function secondsOf(training: ResolvedTraining, parameters: number, images: number): number {
  const { kind, steps, batchSize, sheets, sampling } = training;
  const step = secondsOfStep(kind, { ...training, parameters });
  const evaluations = kind === 'gan' ? 1 : sampling.steps;
  const sheet = (SHEET_IMAGES * evaluations * SECONDS.evaluation[kind] * step) / batchSize;
  return SECONDS.start + images * SECONDS.image + steps * step + Math.min(sheets, steps) * sheet;
}

/** What training reads and writes, about how long it takes, and the memory that it cannot do without. */
export function planTraining(
  training: ResolvedTraining,
  { source, files, classes, bytes }: ListedImages,
  start: DiffusionModel | null,
): JobPlan {
  const { kind, device, from, output } = training;
  const family = GENERATORS[kind];
  const settings = settingsOf(
    training,
    { classes: classes?.names ?? null, attribute: classes?.attribute ?? null },
    start,
  );
  const parameters = family.parameters(settings);
  const onCpu = device === 'cpu' || device === 'auto';
  return {
    reads: [
      { what: 'images', path: source, amount: `${files.length} images` },
      ...(classes === null
        ? []
        : [{ what: 'labels', path: classes.source, amount: `${classes.names.length} classes` }]),
      ...(from === undefined
        ? []
        : [
            {
              what: 'model',
              path: from,
              amount: [`${parameters.toLocaleString('en')} numbers`, ...(start?.warnings ?? [])].join('; '),
            },
          ]),
    ],
    writes: output === undefined ? [] : [{ what: 'model', path: output }],
    seconds: onCpu ? secondsOf(training, parameters, files.length) : null,
    basis: onCpu ? 'as measured on two shared cores of an Intel Xeon' : `depends on the graphics card (${device})`,
    memoryBytes: bytes + (onCpu ? (family.trainingBytes(settings) ?? LEAST_BYTES) : 0),
  };
}
