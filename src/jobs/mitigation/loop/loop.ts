import { throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, type RandomKey } from '../../../ground/math/index.ts';
import type { TunableGenerator, TuningResult } from './generator.ts';

/** What is known of the samples of one round. */
export interface Judgement<M> {
  readonly measurement: M;
  /** `[n]` reward of each sample, 0 or more. */
  readonly rewards: Float32Array;
  /** `[m]` how much each training image counts beside the samples, mean 1. */
  readonly training: Float32Array;
  /** Whether all targets hold, intervals included. */
  readonly held: boolean;
  /** How far the targets are missed; 0 where they are met. It tells which round was best. */
  readonly distance: number;
  /** Quality fell below the floor. */
  readonly spoiled: boolean;
  /** Samples that would make the intervals narrow enough to be sure; not more than there are where more would not help. */
  readonly wants: number;
}

/** Measures samples and rewards each. */
export type Judge<S, M> = (
  samples: readonly S[],
  context: {
    readonly round: number;
    /** What the rounds before measured; the first is the model as it was given. */
    readonly before: readonly M[];
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Judgement<M>>;

/** One round as it is kept. */
export interface RoundRecord<M> {
  /** Times that the model had been fine-tuned when it was measured. */
  readonly index: number;
  readonly measurement: M;
  readonly samples: number;
  readonly meanReward: number;
  readonly zeroReward: number;
  readonly held: boolean;
  readonly distance: number;
  readonly spoiled: boolean;
  /** Null in the last round. */
  readonly tuning: TuningResult | null;
  readonly seconds: { readonly sampling: number; readonly measuring: number; readonly tuning: number };
}

/** Where rounds and snapshots survive the process. Snapshot k is the model that round k measures. */
export interface LoopJournal<M> {
  /** Rounds of an earlier process, in order. */
  readonly rounds: readonly RoundRecord<M>[];
  /** Keeps a snapshot. Done before the round that made it is recorded, so that a recorded round always has its successor. */
  saveSnapshot(index: number, snapshot: Uint8Array): Promise<void>;
  loadSnapshot(index: number): Promise<{ readonly snapshot: Uint8Array; readonly file: string }>;
  /** Records a round; snapshots other than the last two and that of `best` may go. */
  record(round: RoundRecord<M>, options: { readonly best: number }): Promise<void>;
}

export interface LoopOptions<S, M> {
  readonly generator: TunableGenerator<S>;
  readonly judge: Judge<S, M>;
  readonly journal: LoopJournal<M>;
  /** Most times that the model is fine-tuned. */
  readonly rounds: number;
  /** Samples of a round, and the most that are generated where more make sure that the targets hold. */
  readonly samples: { readonly count: number; readonly most: number };
  /** Samples that are generated at a time, between which the loop can be interrupted. */
  readonly block: number;
  readonly gamma: number;
  readonly key: RandomKey;
  /** Milliseconds; for the seconds of a round. */
  readonly now?: () => number;
  readonly signal?: AbortSignal | undefined;
}

export type LoopEvent<M> =
  | {
      readonly type: 'loop';
      readonly round: number;
      readonly stage: 'sampling' | 'measuring' | 'tuning';
      /** From 1; a judgement that wants more samples begins the next. */
      readonly pass: number;
      readonly done: number;
      readonly total: number;
    }
  | { readonly type: 'round'; readonly round: RoundRecord<M> };

export interface LoopResult<M> {
  readonly rounds: readonly RoundRecord<M>[];
  readonly stoppedBy: 'targets' | 'quality' | 'rounds';
  /** The round whose model the generator holds now. */
  readonly chosen: number;
}

/** The best round so far: where the targets hold, else the one nearest to them, among those not spoiled. */
function bestOf<M>(rounds: readonly RoundRecord<M>[]): number {
  const sound = rounds.filter(({ spoiled }) => !spoiled);
  const held = sound.findLast(round => round.held);
  if (held !== undefined) return held.index;
  return sound.reduce((best, round) => (round.distance < best.distance ? round : best), rounds[0]!).index;
}

function stopOf<M>(round: RoundRecord<M>, rounds: number): LoopResult<M>['stoppedBy'] | null {
  if (round.spoiled) return 'quality';
  if (round.held) return 'targets';
  return round.index >= rounds ? 'rounds' : null;
}

const average = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * Reward fine-tuning: sample, reward, fine-tune, until the targets hold, quality falls below the floor, or the rounds end (Perera and
 * Patel, T-BIOM 2025).
 *
 * Every random choice is a function of the key and the round, and what a round did is recorded before the next begins: a loop that is killed at any instant
 * and begun again ends at the same model.
 *
 * @returns events, and at the end which model was kept; the generator holds it then
 * @throws BiolensError `input` when every reward is 0 or one is no number; `interrupted`
 */
export async function* runLoop<S, M>(options: LoopOptions<S, M>): AsyncGenerator<LoopEvent<M>, LoopResult<M>> {
  const { generator, journal, signal } = options;
  const rounds: RoundRecord<M>[] = [...journal.rounds];
  let stoppedBy = rounds.length === 0 ? null : stopOf(rounds.at(-1)!, options.rounds);
  if (rounds.length === 0) await journal.saveSnapshot(0, generator.snapshot());
  else if (stoppedBy === null) await restore(options, rounds.length);
  while (stoppedBy === null) {
    throwIfAborted(signal);
    const round = yield* runRound(options, rounds);
    rounds.push(round);
    stoppedBy = stopOf(round, options.rounds);
    await journal.record(round, { best: bestOf(rounds) });
    yield { type: 'round', round };
  }
  const chosen = bestOf(rounds);
  await restore(options, chosen);
  return { rounds, stoppedBy, chosen };
}

async function restore<S, M>({ generator, journal }: LoopOptions<S, M>, index: number): Promise<void> {
  const { snapshot, file } = await journal.loadSnapshot(index);
  generator.restore(snapshot, { file });
}

async function* runRound<S, M>(
  options: LoopOptions<S, M>,
  before: readonly RoundRecord<M>[],
): AsyncGenerator<LoopEvent<M>, RoundRecord<M>> {
  const { generator, judge, journal, gamma, signal, now = () => performance.now() } = options;
  const index = before.length;
  const key = foldIn(options.key, index);
  const seconds = { sampling: 0, measuring: 0, tuning: 0 };
  const timed = (stage: keyof typeof seconds, since: number): void => {
    seconds[stage] += (now() - since) / 1000;
  };
  const samples: S[] = [];
  let wanted = options.samples.count;
  let judgement: Judgement<M>;
  for (let pass = 1; ; pass++) {
    while (samples.length < wanted) {
      throwIfAborted(signal);
      yield { type: 'loop', round: index, stage: 'sampling', pass, done: samples.length, total: wanted };
      const since = now();
      const count = Math.min(options.block, wanted - samples.length);
      const drawn = await generator.sample({
        draw: `round-${String(index).padStart(3, '0')}`,
        key: foldIn(key, 'samples'),
        first: samples.length,
        count,
        signal,
      });
      for (const sample of drawn) samples.push(sample);
      timed('sampling', since);
    }
    yield { type: 'loop', round: index, stage: 'measuring', pass, done: 0, total: 1 };
    const since = now();
    const measured = before.map(({ measurement }) => measurement);
    judgement = await judge(samples, { round: index, before: measured, key: foldIn(key, 'judge'), signal });
    timed('measuring', since);
    const more = Math.min(options.samples.most, judgement.wants);
    if (more <= samples.length) break;
    wanted = more;
  }
  const { measurement, rewards, training, held, distance, spoiled } = judgement;
  const measured = {
    index,
    measurement,
    samples: samples.length,
    meanReward: average(rewards),
    zeroReward: rewards.filter(reward => reward === 0).length / rewards.length,
    held,
    distance,
    spoiled,
    tuning: null,
    seconds,
  };
  if (stopOf(measured, options.rounds) !== null) return measured;
  const since = now();
  const work = generator.tune({
    samples,
    mix: { rewards, gamma, training },
    round: index + 1,
    key: foldIn(key, 'tune'),
    signal,
  });
  let step = await work.next();
  while (!step.done) {
    yield { type: 'loop', round: index, stage: 'tuning', pass: 1, ...step.value };
    step = await work.next();
  }
  timed('tuning', since);
  await journal.saveSnapshot(index + 1, generator.snapshot());
  return { ...measured, tuning: step.value };
}
