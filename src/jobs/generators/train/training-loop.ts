import { BiolensError, messageOf } from '../../../ground/errors.ts';
import type { RandomKey } from '../../../ground/math/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import type { GeneratorTrainer } from '../generator/index.ts';
import { openBatches } from './batches.ts';
import { keepCheckpoint } from './checkpoints.ts';
import type { ResolvedTraining } from './configuration.ts';
import { type TrainItem, type TrainingHistory, trainItemSchema } from './items.ts';
import { makeSheet, sheetSteps } from './sheet.ts';
import type { TrainingImages } from './training-images.ts';

/** How far training is. */
export type TrainProgress =
  | {
      readonly type: 'step';
      readonly done: number;
      readonly total: number;
      /** What was recorded of the step, by name. */
      readonly values: Readonly<Record<string, number>>;
    }
  | { readonly type: 'sheet'; readonly step: number; readonly path: string };

export interface LoopOptions {
  readonly training: ResolvedTraining;
  readonly images: TrainingImages;
  readonly history: TrainingHistory;
  readonly key: RandomKey;
  readonly signal: AbortSignal | undefined;
}

/** Steps are written to the disk this often. */
const APPEND_MS = 1000;

/** Steps that wait to be written to the disk. */
class StepLog {
  readonly #run: Pick<Run, 'append'>;
  readonly #history: TrainingHistory;
  #first = 0;
  #values: Record<string, number[]> = {};
  #seconds = 0;
  #since = performance.now();

  constructor(run: Pick<Run, 'append'>, history: TrainingHistory) {
    this.#run = run;
    this.#history = history;
  }

  async record(step: number, values: Readonly<Record<string, number>>, seconds: number): Promise<void> {
    if (this.#first === 0) this.#first = step;
    for (const [name, value] of Object.entries(values)) this.#values[name] = [...(this.#values[name] ?? []), value];
    this.#seconds += seconds;
    if (performance.now() - this.#since >= APPEND_MS) await this.flush();
  }

  async flush(): Promise<void> {
    this.#since = performance.now();
    if (this.#first === 0) return;
    const item: TrainItem = { type: 'steps', first: this.#first, values: this.#values, seconds: this.#seconds };
    [this.#first, this.#values, this.#seconds] = [0, {}, 0];
    this.#history.add(item);
    await this.#run.append(trainItemSchema.parse(item));
  }
}

/** Short memory, as an error that says what can be done. */
function explain(error: unknown, { batchSize }: ResolvedTraining, step: number): unknown {
  if (!(error instanceof BiolensError && error.code === 'external')) return error;
  return new BiolensError(
    'external',
    `step ${step + 1} with ${batchSize} images: ${messageOf(error)}; there is a checkpoint after step ${step} (a smaller batch needs less memory)`,
    { cause: error },
  );
}

/**
 * Trains from where the trainer stands to the last step: steps, sheets, checkpoints. Whatever ends it, an error or a signal, the state after
 * a checkpoint of the last finished step is written first.
 */
export async function* runTraining(
  run: Run,
  trainer: GeneratorTrainer,
  { training, images, history, key, signal }: LoopOptions,
): AsyncGenerator<TrainProgress> {
  const { steps, batchSize, mirror, shift, colour, sheets, sampling, checkpointSeconds } = training;
  const batchAt = openBatches(images, { batchSize, key, mirror, shift, colour });
  const due = sheetSteps(steps, sheets);
  const log = new StepLog(run, history);
  let keptStep = trainer.step;
  let keptAt = performance.now();
  let failed = false;
  const keep = async (): Promise<void> => {
    await log.flush();
    if (keptStep === trainer.step) return;
    await keepCheckpoint(run, { step: trainer.step, bytes: trainer.checkpoint() });
    [keptStep, keptAt] = [trainer.step, performance.now()];
  };
  try {
    let next = batchAt(trainer.step);
    for (;;) {
      const { step } = trainer;
      if (due.has(step) && !history.hasSheet(step)) {
        const sheet = await makeSheet(run, trainer, { key, classes: images.classes, sampling, signal });
        await log.flush();
        await run.append(sheet);
        history.add(sheet);
        yield { type: 'sheet', step, path: `${run.path}/${sheet.file}` };
      }
      if (step >= steps) break;
      const startedAt = performance.now();
      const running = trainer.train(next, { signal });
      // While the engine computes.
      running.catch(() => undefined);
      next = batchAt(step + 1);
      const values = await running;
      await log.record(step + 1, values, (performance.now() - startedAt) / 1000);
      if (performance.now() - keptAt >= checkpointSeconds * 1000) await keep();
      yield { type: 'step', done: step + 1, total: steps, values };
    }
  } catch (error) {
    failed = true;
    throw explain(error, training, trainer.step);
  } finally {
    // The first error is the one to report; a full disk may refuse the checkpoint as well.
    await keep().catch((error: unknown) => {
      if (!failed) throw error;
    });
  }
}
