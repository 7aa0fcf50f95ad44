import type { RandomKey } from '../../../ground/math/index.ts';
import type { TuningMix } from './tuning-batches.ts';

/** What fine-tuning did. */
export interface TuningResult {
  readonly steps: number;
  /** Means over the first and the last quarter of the steps. */
  readonly loss: { readonly first: number; readonly last: number };
}

export interface SampleRequest {
  /** Names the draw: same model and draw, same samples. */
  readonly draw: string;
  /** Sample i is a function of the key, i and the model, whatever else is generated. */
  readonly key: RandomKey;
  readonly first: number;
  readonly count: number;
  readonly signal?: AbortSignal | undefined;
}

export interface TuneRequest<S> {
  readonly samples: readonly S[];
  /** Rewards of the samples, and how the training images count. */
  readonly mix: TuningMix;
  /** The n-th time that the model is fine-tuned, from 1. */
  readonly round: number;
  readonly key: RandomKey;
  readonly signal?: AbortSignal | undefined;
}

export interface TuneProgress {
  readonly done: number;
  readonly total: number;
}

/** A model that can be sampled and fine-tuned: all that the loop knows of it. */
export interface TunableGenerator<S> {
  sample(request: SampleRequest): Promise<readonly S[]>;
  /** Lowers E[r·ℓ] + γ·E_D[ℓ]; ends at the same model when it is interrupted and asked again. */
  tune(request: TuneRequest<S>): AsyncGenerator<TuneProgress, TuningResult>;
  /** Everything that {@link restore} needs, the optimiser's memory too. */
  snapshot(): Uint8Array;
  /** @throws BiolensError `input` naming the file when the bytes are no snapshot of this model */
  restore(snapshot: Uint8Array, options: { readonly file: string }): void;
}
