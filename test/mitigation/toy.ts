import { BiolensError } from '../../src/ground/errors.ts';
import type { TunableGenerator, TuneRequest } from '../../src/jobs/mitigation/loop/generator.ts';
import type { LoopJournal, RoundRecord } from '../../src/jobs/mitigation/loop/loop.ts';

/**
 * A generator over a few kinds of samples that tuning fits perfectly: p′ = (r·p + γ·p_D)/(E[r] + γ). A sample is the number of its kind, and kinds are
 * drawn in exact proportion, so that what the loop does to it is the closed form.
 */
export class ToyGenerator implements TunableGenerator<number> {
  shares: readonly number[];
  readonly #training: readonly number[];
  readonly #draws: number;
  readonly #fit: (shares: readonly number[]) => readonly number[];
  /** Called before each tuning; may throw, as a process may die. */
  readonly #beforeTuning: (round: number) => void;
  tuned: number[] = [];

  constructor(options: {
    readonly shares: readonly number[];
    /** Kind of each training image. */
    readonly training?: readonly number[];
    /** Samples in a whole draw. */
    readonly draws: number;
    readonly beforeTuning?: (round: number) => void;
    /** What becomes of the shares that are fitted, in a network that does not fit them perfectly. */
    readonly fit?: (shares: readonly number[]) => readonly number[];
  }) {
    this.shares = options.shares;
    this.#training = options.training ?? [];
    this.#draws = options.draws;
    this.#fit = options.fit ?? (shares => shares);
    this.#beforeTuning = options.beforeTuning ?? (() => undefined);
  }

  async sample({ first, count }: { readonly first: number; readonly count: number }): Promise<number[]> {
    let sum = 0;
    const edges = this.shares.map(share => {
      sum += share;
      return sum;
    });
    const last = this.shares.length - 1;
    let kind = 0;
    return Array.from({ length: count }, (_, i) => {
      const at = (((first + i) % this.#draws) + 0.5) / this.#draws;
      while (kind < last && at > edges[kind]!) kind++;
      return kind;
    });
  }

  async *tune({ samples, mix, round }: TuneRequest<number>) {
    this.#beforeTuning(round);
    this.tuned.push(round);
    const { rewards, gamma, training } = mix;
    const mass = this.shares.map(() => 0);
    samples.forEach((kind, i) => {
      mass[kind]! += rewards[i]! / samples.length;
    });
    this.#training.forEach((kind, i) => {
      mass[kind]! += (gamma * training[i]!) / training.length;
    });
    const sum = mass.reduce((a, b) => a + b, 0);
    yield { done: 1, total: 1 };
    this.shares = this.#fit(mass.map(value => value / sum));
    return { steps: 1, loss: { first: sum, last: sum } };
  }

  snapshot(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(this.shares));
  }

  restore(snapshot: Uint8Array, { file }: { readonly file: string }): void {
    try {
      this.shares = JSON.parse(new TextDecoder().decode(snapshot));
    } catch (error) {
      throw new BiolensError('input', `${file}: no snapshot of this model`, { cause: error });
    }
  }
}

/** A journal in memory; `crashAfter` makes it fail as a full disk would. */
export class MemoryJournal<M> implements LoopJournal<M> {
  readonly rounds: RoundRecord<M>[] = [];
  readonly snapshots = new Map<number, Uint8Array>();

  async saveSnapshot(index: number, snapshot: Uint8Array): Promise<void> {
    this.snapshots.set(index, snapshot);
  }

  async loadSnapshot(index: number) {
    const snapshot = this.snapshots.get(index);
    if (snapshot === undefined) throw new BiolensError('input', `snapshot ${index} is missing`);
    return { snapshot, file: `snapshot ${index}` };
  }

  async record(round: RoundRecord<M>, { best }: { readonly best: number }): Promise<void> {
    this.rounds.push(round);
    for (const index of this.snapshots.keys()) if (index < round.index && index !== best) this.snapshots.delete(index);
  }
}
