import { BiolensError } from '../../../ground/errors.ts';
import type { LedRound, PlayedRound, RoundLead } from '../coordinator/serving.ts';
import { checkFiniteUpdate } from '../rules/check-update.ts';
import type { FlowerClient } from './join.ts';
import type { FlowerRecords } from './records.ts';
import { arraysOf, MOST_EPOCHS, MOST_RATE, numberOf, type TaskClientOptions } from './task-client.ts';

export interface FlowerLeadOptions extends Pick<TaskClientOptions, 'epochs' | 'learningRate'> {
  readonly parameters: Pick<TaskClientOptions['pool']['parameters'], 'fromTensors' | 'toTensors'>;
  /** Examples that a weight of one stands for. */
  readonly unit: number;
  /** Right ones among test images; null where there are none. */
  readonly evaluate: ((weights: Float32Array) => Promise<{ readonly right: number; readonly n: number }>) | null;
}

interface Asked {
  readonly round: LedRound;
  readonly played: (played: PlayedRound) => void;
  readonly refuse: (reason: string) => void;
}

/**
 * A coordinator as one node of a Flower federation: what Flower asks this node to train, the coordinator's clients train together in a round of
 * theirs, and the reply is their mean, which counts for all their examples. The digest of Flower's model is in the record of that round, which all
 * clients compare; the digest of the reply goes with it.
 *
 * Adversary: towards the SuperLink a node like another, which hides nothing of the mean; behind it as the coordinator's rounds are.
 */
export class FlowerLead implements RoundLead, FlowerClient {
  readonly #options: FlowerLeadOptions;
  #asked: Asked | null = null;
  #current: Asked | null = null;
  #wake: (() => void) | null = null;
  #over: string | null = null;

  constructor(options: FlowerLeadOptions) {
    this.#options = options;
  }

  /** No round is played any more; what is asked from then on is answered with the reason. */
  end(reason: string): void {
    this.#over = reason;
    this.#asked?.refuse(reason);
    this.#asked = null;
    this.#wake?.();
  }

  async next(): Promise<LedRound | null> {
    while (this.#asked === null && this.#over === null) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    if (this.#asked === null) return null;
    this.#current = this.#asked;
    this.#asked = null;
    return this.#current.round;
  }

  done(played: PlayedRound): void {
    this.#current?.played(played);
    this.#current = null;
  }

  #weightsOf(records: FlowerRecords): readonly [string, Float32Array] {
    const [name, arrays] = arraysOf(records);
    const weights = this.#options.parameters.fromTensors(arrays, { file: 'message of the SuperLink' });
    checkFiniteUpdate(weights, 'the SuperLink');
    return [name, weights];
  }

  async train(records: FlowerRecords, { signal }: { readonly signal: AbortSignal }): Promise<FlowerRecords> {
    const { epochs, learningRate, parameters, unit } = this.#options;
    const [name, weights] = this.#weightsOf(records);
    const training = {
      epochs: Math.max(1, Math.round(numberOf(records, 'local-epochs', epochs, MOST_EPOCHS))),
      learningRate: numberOf(records, 'lr', learningRate, MOST_RATE),
    };
    if (this.#over !== null) throw new BiolensError('input', this.#over);
    const { promise, resolve, reject } = Promise.withResolvers<PlayedRound>();
    const stop = () => reject(new BiolensError('interrupted', 'the coordinator was stopped'));
    signal.addEventListener('abort', stop, { once: true });
    const refuse = (reason: string) => reject(new BiolensError('input', reason));
    this.#asked = { round: { weights, training }, played: resolve, refuse };
    this.#wake?.();
    let played: PlayedRound;
    try {
      played = await promise;
    } finally {
      signal.removeEventListener('abort', stop);
    }
    if (played.reason !== null) throw new BiolensError('input', played.reason);
    const { weight, loss, clients, digest } = played;
    return {
      arrays: { [name]: parameters.toTensors(played.weights) },
      metrics: {
        metrics: { 'num-examples': Math.round(weight * unit), ...(loss === null ? {} : { train_loss: loss }) },
      },
      configs: { biolens: { clients, 'model-sha256': digest } },
    };
  }

  async evaluate(records: FlowerRecords): Promise<FlowerRecords> {
    const { evaluate } = this.#options;
    if (evaluate === null)
      throw new BiolensError('input', 'this node has no test images: its coordinator has no --data');
    const [, weights] = this.#weightsOf(records);
    const { right, n } = await evaluate(weights);
    return { arrays: {}, metrics: { metrics: { 'num-examples': n, eval_acc: right / n } }, configs: {} };
  }
}
