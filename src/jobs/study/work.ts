import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { GeneratorKind } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, openStream, type RandomKey, randomKey } from '../../ground/math/index.ts';
import { contactSheet, encodePng } from '../../kit/images/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import type { Runtime } from '../../kit/tensor/index.ts';
import type { StudyStage } from './events.ts';
import { openStudySampler, openStudyTrainer } from './generators.ts';
import { nameOf, type StudyProgress } from './items.ts';
import { LABELLED_AT_ONCE, type Said } from './labeller.ts';
import { drawTrainingBatch, type Pictures, pictureAt, toPixels } from './pictures.ts';
import type { Prepared } from './prepare.ts';

/** Training between two checkpoints, which is what a kill may cost. */
const CHECKPOINT_MS = 15_000;
const AT_ONCE = 64;
/** Of the sheet of a generator's first samples; it has as many rows. */
export const SHEET_COLUMNS = 8;

/** A study at work. */
export interface StudyContext {
  readonly run: Run;
  readonly prepared: Prepared;
  readonly pictures: Pictures;
  readonly progress: StudyProgress;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
}

/** One generator of a study. */
export interface GeneratorName {
  readonly kind: GeneratorKind;
  readonly size: number;
}

/** All images in the order that the subsets are the beginnings of. */
export function orderOf({ prepared, pictures }: Pick<StudyContext, 'prepared' | 'pictures'>): number[] {
  const key = foldIn(randomKey(prepared.configuration.seed), 'order');
  return openStream(key).shuffle(pictures.files.map((_, index) => index));
}

/** Every kind starts at the same weights whatever the size, and samples from the same noise. */
function keyOf({ prepared }: StudyContext, kind: GeneratorKind, use: string): RandomKey {
  return foldIn(foldIn(randomKey(prepared.configuration.seed), kind), use);
}

/** Training steps of a size. */
export function stepsOf({ budget, batchSize }: Prepared['configuration'], size: number): number {
  return budget.unit === 'steps' ? budget.value : Math.max(1, Math.ceil((budget.value * size) / batchSize));
}

/** Asks the classifier about the images that its errors are measured on. */
export async function* labelPictures(context: StudyContext): AsyncGenerator<StudyStage> {
  const { run, prepared, pictures, progress, signal } = context;
  const chosen = orderOf(context).slice(0, prepared.configuration.confusionImages);
  const left = chosen.filter(index => !progress.labelled.has(pictures.files[index]!));
  const total = chosen.length;
  for (let start = 0; start < left.length; start += LABELLED_AT_ONCE) {
    yield { type: 'progress', stage: 'labelling images', done: total - left.length + start, total };
    const some = left.slice(start, start + LABELLED_AT_ONCE);
    const found = await prepared.labeller.label(pictures, some, { signal });
    const items = some.map((index, i) => ({
      type: 'labelled' as const,
      file: pictures.files[index]!,
      said: found[i] ?? null,
    }));
    await run.appendAll(items);
    for (const { file, said } of items) progress.labelled.set(file, said);
  }
}

async function readCheckpoint(file: string): Promise<{ readonly bytes: Uint8Array; readonly file: string } | null> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw new BiolensError('input', `${file}: ${error.message}`, { cause: error });
  });
  return bytes === null ? null : { bytes, file };
}

/** Trains a generator from where it stands, with a checkpoint now and then, and saves it. */
export async function* trainGenerator(context: StudyContext, name: GeneratorName): AsyncGenerator<StudyStage> {
  const { run, prepared, pictures, progress, runtime, signal } = context;
  const { configuration } = prepared;
  const { kind, size } = name;
  const stem = nameOf(name);
  if (progress.trained.has(stem)) return;
  const { imageSize: side, batchSize } = configuration;
  const total = stepsOf(configuration, size);
  const subset = orderOf(context).slice(0, size);
  const file = await run.artifactPath(join('checkpoints', `${stem}.safetensors`));
  const key = keyOf(context, kind, 'training');
  const checkpoint = await readCheckpoint(file);
  const trainer = await openStudyTrainer(runtime, kind, { size: side, batchSize, steps: total, key, checkpoint });
  try {
    const known = progress.checkpoints.get(stem);
    const before = known?.step === trainer.step ? known.seconds : 0;
    const startedAt = performance.now();
    const seconds = (): number => before + (performance.now() - startedAt) / 1000;
    let saved = { at: startedAt, step: trainer.step };
    const save = async (): Promise<void> => {
      await run.writeArtifact(join('checkpoints', `${stem}.safetensors`), trainer.checkpoint());
      await run.append({ type: 'checkpoint', kind, size, step: trainer.step, seconds: seconds() });
      saved = { at: performance.now(), step: trainer.step };
    };
    try {
      while (trainer.step < total) {
        throwIfAborted(signal);
        yield { type: 'progress', stage: `training ${stem}`, done: trainer.step, total };
        const batch = drawTrainingBatch(pictures, { key: foldIn(key, size), subset, step: trainer.step, batchSize });
        await trainer.train({ images: batch, labels: null }, { signal });
        if (performance.now() - saved.at > CHECKPOINT_MS) await save();
      }
    } catch (error) {
      const stopped = error instanceof BiolensError && error.code === 'interrupted';
      if (stopped && trainer.step > saved.step) await save();
      throw error;
    }
    yield { type: 'progress', stage: `training ${stem}`, done: total, total };
    await trainer.save(await run.artifactPath(join('models', stem)));
    const item = {
      type: 'trained',
      kind,
      size,
      parameters: trainer.parameters,
      steps: total,
      seconds: seconds(),
    } as const;
    await run.append(item);
    progress.trained.set(stem, item);
    await rm(file, { force: true });
  } finally {
    await trainer.close();
  }
}

/** Samples a trained generator, keeps an image of the first samples, and asks the classifier about all. */
export async function* sampleGenerator(context: StudyContext, name: GeneratorName): AsyncGenerator<StudyStage> {
  const { run, prepared, progress, runtime, signal } = context;
  const { kind, size } = name;
  const stem = nameOf(name);
  if (progress.sampled.has(stem)) return;
  const { samples: total, imageSize: side } = prepared.configuration;
  const folder = await run.artifactPath(join('models', stem));
  const sampler = await openStudySampler(runtime, kind, { folder, key: keyOf(context, kind, 'sampling') });
  try {
    const said: Said[] = [];
    const sheet = `sheets/${stem}.png`;
    while (said.length < total) {
      throwIfAborted(signal);
      yield { type: 'progress', stage: `sampling ${stem}`, done: said.length, total };
      const n = Math.min(AT_ONCE, total - said.length);
      const all = Array.from({ length: n }, (_, i) => i);
      const drawn = toPixels(await sampler.draw(said.length, n, { signal }), side);
      if (said.length === 0) {
        const images = all.map(index => pictureAt(drawn, index));
        await run.writeArtifact(sheet, await encodePng(contactSheet(images, { columns: SHEET_COLUMNS })));
      }
      said.push(...(await prepared.labeller.label(drawn, all, { signal })));
    }
    const item = { type: 'sampled', kind, size, sheet, said } as const;
    await run.append(item);
    progress.sampled.set(stem, item);
    yield { type: 'progress', stage: `sampling ${stem}`, done: total, total };
  } finally {
    await sampler.close();
  }
}
