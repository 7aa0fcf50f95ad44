import type { JobPlan } from '../../../kit/job/index.ts';
import { GENERATORS } from '../generator/index.ts';
import type { DiffusionModel } from '../model.ts';
import type { ResolvedTraining } from './configuration.ts';
import type { ListedImages } from './list-images.ts';
import { secondsOfSample, secondsOfStep } from './seconds.ts';
import { settingsOf } from './settings.ts';
import { SHEET_IMAGES } from './sheet.ts';

/** Opening and reading, measured with the steps of `seconds.ts`. */
const SECONDS = { start: 1.5, image: 0.002 } as const;

/** The process with the engine, where no more is known of what training needs. */
const LEAST_BYTES = 150e6;

function secondsOf(training: ResolvedTraining, parameters: number, images: number): number {
  const { kind, steps, sheets, sampling } = training;
  const size = { ...training, parameters };
  const step = secondsOfStep(kind, size);
  const sheet = SHEET_IMAGES * secondsOfSample(kind, size, sampling.steps);
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
