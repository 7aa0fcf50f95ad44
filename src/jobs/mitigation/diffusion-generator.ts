import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, openStream, type RandomKey } from '../../ground/math/index.ts';
import type { Image } from '../../kit/images/index.ts';
import {
  adam,
  constantSchedule,
  type Runtime,
  readTrainingState,
  startTraining,
  type TrainingState,
  type TrainingStep,
  writeTrainingState,
} from '../../kit/tensor/index.ts';
import type { FaceReader } from '../audit/index.ts';
import {
  buildDenoisingStep,
  type DiffusionModel,
  drawNoise,
  type Guide,
  openDenoisingTrainer,
  openSampler,
  type Sampler,
} from '../generators/index.ts';
import type { MitigationConfiguration } from './configuration.ts';
import type { SampleRequest, TunableGenerator, TuneProgress, TuneRequest, TuningResult } from './loop/generator.ts';
import { planBatches, type TuningBatch } from './loop/tuning-batches.ts';
import type { RunStore } from './run-store.ts';
import { fromModel, readPictures, type Sample, toModel } from './sample.ts';

export type GeneratorSettings = Pick<
  MitigationConfiguration,
  'steps' | 'batch' | 'learningRate' | 'average' | 'sampler' | 'samplingSteps'
>;

export interface DiffusionGeneratorOptions {
  readonly runtime: Runtime;
  readonly model: DiffusionModel;
  readonly settings: GeneratorSettings;
  /** Images of the regulariser, at the model's size. */
  readonly training: readonly Image[];
  /** Classes of the training images for a model of classes, `[training]`; null for one without. */
  readonly trainingClasses: readonly number[] | null;
  readonly reader: FaceReader;
  /** Turns samples while they arise; by default nothing does. */
  readonly guideOf?:
    | ((options: { readonly key: RandomKey; readonly first: number; readonly count: number }) => Guide)
    | undefined;
  /** Keeps samples and steps; what is kept is not computed again. */
  readonly store: Pick<RunStore<unknown>, 'loadSamples' | 'saveSamples' | 'loadSteps' | 'saveSteps' | 'losses'>;
}

/** Steps between two checkpoints within a round. */
const CHECKPOINT_STEPS = 50;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/** A diffusion model as the loop sees it. */
export class DiffusionGenerator implements TunableGenerator<Sample>, AsyncDisposable {
  readonly #options: DiffusionGeneratorOptions;
  readonly #step: TrainingStep;
  #state: TrainingState;
  /** Of the weights as they are now; null until the first sample of them. */
  #sampler: Sampler | null = null;

  constructor(options: DiffusionGeneratorOptions) {
    this.#options = options;
    const { model, settings } = options;
    this.#step = buildDenoisingStep(model, { ...this.#trainerOptions(), batch: settings.batch });
    this.#state = startTraining(this.#step, { weights: model.weights });
  }

  #trainerOptions() {
    const { batch, average } = this.#options.settings;
    return { batch, optimiser: adam(), clipNorm: 1, emaDecay: average === 0 ? null : average };
  }

  /** The model as it is now: what is sampled, and what is kept in the end. */
  get model(): DiffusionModel {
    const { weights, average } = this.#state;
    return { ...this.#options.model, weights: average ?? weights };
  }

  async #openSampler(): Promise<Sampler> {
    const { runtime, settings } = this.#options;
    this.#sampler ??= await openSampler(runtime, this.model, {
      method: settings.sampler,
      steps: settings.samplingSteps,
    });
    return this.#sampler;
  }

  async #closeSampler(): Promise<void> {
    const sampler = this.#sampler;
    this.#sampler = null;
    await sampler?.close();
  }

  async sample({ draw, key, first, count, signal }: SampleRequest): Promise<readonly Sample[]> {
    const { store, reader, model } = this.#options;
    const kept = await store.loadSamples(draw, first);
    if (kept !== null && kept.length === count) return kept;
    const sampler = await this.#openSampler();
    const { classes } = model;
    const labels = classes === null ? undefined : this.#drawClasses(key, first, count);
    const values = await sampler.sample({
      noise: drawNoise(foldIn(key, 'noise'), first, count, sampler.shape),
      key: foldIn(key, 'steps'),
      first,
      signal,
      guide: this.#options.guideOf?.({ key: foldIn(key, 'guide'), first, count }),
      ...(labels === undefined ? {} : { labels }),
    });
    const images = fromModel(values, model.config.size);
    const readings = await readPictures(images, { reader, signal });
    const samples = images.map(
      (image, i): Sample => ({
        image,
        reading: readings[i]!,
        condition: labels?.[i] ?? null,
      }),
    );
    await store.saveSamples(draw, first, samples);
    return samples;
  }

  /** Classes for a model of classes: as the training images have them. */
  #drawClasses(key: SampleRequest['key'], first: number, count: number): number[] {
    const trainingClasses = this.#options.trainingClasses ?? [];
    return Array.from({ length: count }, (_, i) =>
      openStream(foldIn(foldIn(key, 'classes'), first + i)).pick(trainingClasses),
    );
  }

  async *tune({ samples, mix, round, key, signal }: TuneRequest<Sample>): AsyncGenerator<TuneProgress, TuningResult> {
    const { runtime, model, settings, training, store } = this.#options;
    await this.#closeSampler();
    const { steps: total, batch } = settings;
    const before = (round - 1) * total;
    const { state, losses } = await this.#resume(round);
    const trainer = await openDenoisingTrainer(runtime, model, {
      ...this.#trainerOptions(),
      learningRate: constantSchedule(settings.learningRate),
      from: state,
    });
    try {
      const batchOf = planBatches(mix, { batch, key: foldIn(key, 'batches') });
      const pictures = toModel(samples.map(({ image }) => image));
      const regulariser = toModel(training);
      const size = pictures.length / samples.length;
      const images = new Float32Array(batch * size);
      let saved = losses.length;
      yield { done: losses.length, total };
      while (losses.length < total) {
        throwIfAborted(signal);
        const plan = batchOf(trainer.state.step - before);
        plan.samples.forEach((from, i) => {
          images.set(pictures.subarray(from * size, (from + 1) * size), i * size);
        });
        plan.training.forEach((from, i) => {
          images.set(regulariser.subarray(from * size, (from + 1) * size), (plan.samples.length + i) * size);
        });
        const labels = this.#labelsOf(plan, samples);
        const { loss } = await trainer.step({
          images,
          weights: plan.weights,
          ...(labels === null ? {} : { labels }),
          key: foldIn(key, 'noise'),
          signal,
        });
        losses.push(loss);
        if (losses.length % CHECKPOINT_STEPS === 0 || losses.length === total) {
          await store.saveSteps(round, saved, losses.slice(saved), trainer.checkpoint());
          saved = losses.length;
        }
        yield { done: losses.length, total };
      }
      this.#state = trainer.state;
    } finally {
      await trainer.close();
    }
    const quarter = Math.max(1, Math.floor(total / 4));
    return { steps: total, loss: { first: mean(losses.slice(0, quarter)), last: mean(losses.slice(-quarter)) } };
  }

  #labelsOf(plan: TuningBatch, samples: readonly Sample[]): number[] | null {
    const { model, trainingClasses } = this.#options;
    if (model.classes === null) return null;
    return [...plan.samples.map(i => samples[i]!.condition ?? 0), ...plan.training.map(i => trainingClasses?.[i] ?? 0)];
  }

  /** The state within a round that an earlier process kept, if it did; else the round's start. */
  async #resume(round: number): Promise<{ readonly state: TrainingState; readonly losses: number[] }> {
    const { store, settings } = this.#options;
    const fresh = { state: this.#state, losses: [] };
    const kept = await store.loadSteps();
    if (kept === null) return fresh;
    const state = this.#read(kept.state, kept.file, 'delete it to tune the round from its start');
    const done = state.step - (round - 1) * settings.steps;
    const losses = done > 0 && done <= settings.steps ? store.losses(round, done) : null;
    return losses === null ? fresh : { state, losses: [...losses] };
  }

  #read(bytes: Uint8Array, file: string, hint: string): TrainingState {
    try {
      return readTrainingState(this.#step, bytes, { file });
    } catch (error) {
      if (!(error instanceof BiolensError)) throw error;
      throw new BiolensError(error.code, `${error.message}; ${hint}`, { details: error.details, cause: error });
    }
  }

  snapshot(): Uint8Array {
    return writeTrainingState(this.#step, this.#state);
  }

  restore(snapshot: Uint8Array, { file }: { readonly file: string }): void {
    this.#state = this.#read(snapshot, file, 'delete it to go on from the round before');
    // What was loaded is of other weights; it is closed with the next one or at the end.
    const sampler = this.#sampler;
    this.#sampler = null;
    sampler?.close().catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#closeSampler();
  }
}
