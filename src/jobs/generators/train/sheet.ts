import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import { contactSheet, encodePng } from '../../../kit/images/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import type { GeneratorTrainer, SamplingSettings } from '../generator/index.ts';
import { toImages } from '../images.ts';
import type { TrainItem } from './items.ts';

const COLUMNS = 8;
const ROWS = 4;
/** Samples on a sheet. */
export const SHEET_IMAGES = COLUMNS * ROWS;

/** Steps after which a sheet is made: evenly spread, the last one at the end. */
export function sheetSteps(steps: number, sheets: number): ReadonlySet<number> {
  return new Set(Array.from({ length: sheets }, (_, i) => Math.max(1, Math.round(((i + 1) * steps) / sheets))));
}

/** Samples the moving average of the weights, from the same noise each time, and writes the samples as an image of the run. */
export async function makeSheet(
  run: Pick<Run, 'writeArtifact'>,
  trainer: GeneratorTrainer,
  {
    key,
    classes,
    sampling,
    signal,
  }: {
    readonly key: RandomKey;
    readonly classes: readonly string[] | null;
    readonly sampling: SamplingSettings;
    readonly signal: AbortSignal | undefined;
  },
): Promise<TrainItem & { readonly type: 'sheet' }> {
  const { step } = trainer;
  const n = SHEET_IMAGES;
  const startedAt = performance.now();
  const sampler = await trainer.openSampler(sampling);
  try {
    const labels = classes === null ? undefined : Array.from({ length: n }, (_, i) => i % classes.length);
    const images = await sampler.draw({ key: foldIn(key, 'sheet'), first: 0, n, labels }, { signal });
    const sheet = contactSheet(toImages(images, sampler), { columns: COLUMNS });
    const name = `sheets/step-${String(step).padStart(9, '0')}.png`;
    await run.writeArtifact(name, await encodePng(sheet));
    return {
      type: 'sheet',
      step,
      file: `artifacts/${name}`,
      n,
      columns: COLUMNS,
      classes: classes === null ? null : labels!.map(label => classes[label]!),
      seconds: (performance.now() - startedAt) / 1000,
    };
  } finally {
    await sampler.close();
  }
}
