import type { Metric, MitigationRound, Replication } from '../../ground/contracts/index.ts';
import { type SampleAudit, sampleName } from './audit-samples.ts';
import type { MitigationConfiguration } from './configuration.ts';
import { aimAt } from './rewards/aim.ts';
import { biasRewards } from './rewards/bias.ts';
import { combineRewards, type GoalRewards, normaliseRewards } from './rewards/combine.ts';
import { replicationDegrees, replicationRewards } from './rewards/replication.ts';
import type { RewardModel } from './rewards/reward-model.ts';
import type { Sample } from './sample.ts';
import type { ResolvedTarget } from './targets.ts';

export type RewardSettings = Pick<
  MitigationConfiguration,
  'replication' | 'reading' | 'integral' | 'combination' | 'degree' | 'rejectCopies' | 'normalise'
>;

export interface ScoreContext {
  readonly settings: RewardSettings;
  readonly targets: readonly ResolvedTarget[];
  readonly models: readonly RewardModel[];
  /** What the rounds before measured, the first of the model as it was given. */
  readonly before: readonly Pick<MitigationRound, 'shares'>[];
  readonly signal?: AbortSignal | undefined;
}

/** Rewards of samples, and of classes by attribute. */
export interface Scores {
  readonly rewards: Float32Array;
  /** Attribute → class → the share that rewards and balanced training images aim at. */
  readonly aim: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly bias: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** The similarity that real images usually have to their nearest training image, and that of a match. */
function scaleOf({ top1, threshold }: Replication): { readonly usual: number; readonly match: number } | null {
  const usual = (top1.heldout ?? top1.training).mean.value;
  return usual === null || threshold === null ? null : { usual, match: threshold };
}

function rewardCopies(samples: readonly Sample[], replication: Replication, settings: RewardSettings): GoalRewards {
  const byName = new Map(replication.pairs.map(pair => [pair.generated, pair]));
  const pairs = samples.map((_, i) => byName.get(sampleName(i)));
  const similarities = Float32Array.from(pairs, pair => pair?.similarity ?? 1);
  const rewards = replicationRewards(replicationDegrees(similarities, settings.degree, scaleOf(replication)));
  if (settings.rejectCopies)
    pairs.forEach((pair, i) => {
      if (pair?.copy) rewards[i] = 0;
    });
  return { name: 'replication', rewards };
}

/** Current shares: corrected for the classifier's errors where they are known, so that the loop rests where the truth is at the target. */
function currentShares(
  found: Readonly<Record<string, Metric>> | undefined,
  { classes }: ResolvedTarget,
): number[] | null {
  const shares = classes.map(name => found?.[name]?.value ?? null);
  const known = shares.filter(share => share !== null);
  return known.length < shares.length ? null : known;
}

/**
 * The reward of every sample: those of all goals together. A sample in which no face is found gets 0.
 *
 * @throws BiolensError `input` when a reward model gives no number from 0, or every reward is 0 and they are to be normalised
 */
export async function scoreSamples(
  samples: readonly Sample[],
  audit: SampleAudit,
  { settings, targets, models, before, signal }: ScoreContext,
): Promise<Scores> {
  const goals: GoalRewards[] = [];
  const bias: Record<string, Record<string, number>> = {};
  const aim: Record<string, Record<string, number>> = {};
  if (settings.replication) goals.push(rewardCopies(samples, audit.replication, settings));
  for (const target of targets) {
    const { attribute, classes, shares } = target;
    const found = audit.bias.attributes[attribute];
    const current = currentShares(found?.corrected?.generated ?? found?.generated, target);
    const earlier = before.map(round => {
      const of = round.shares[attribute];
      return currentShares(of?.corrected ?? of?.reported, target);
    });
    // The model as it was given was not fine-tuned toward anything.
    const tuned = [...earlier, current].slice(1).filter(measured => measured !== null);
    const aimed = aimAt(shares, tuned, settings.integral);
    aim[attribute] = Object.fromEntries(classes.map((name, i) => [name, aimed[i]!]));
    if (current === null) continue;
    const byClass = Object.fromEntries(
      biasRewards(current, aimed, settings.reading).map((reward, i) => [classes[i]!, reward]),
    );
    bias[attribute] = byClass;
    const rewards = Float32Array.from(samples, ({ reading }) => byClass[reading?.attributes[attribute] ?? ''] ?? 0);
    goals.push({ name: attribute, rewards });
  }
  for (const model of models) {
    const rewards = await model.score(
      samples.map(({ image }) => image),
      { signal },
    );
    goals.push({ name: model.name, rewards });
  }
  const combined = combineRewards(goals, settings.combination).map((reward, i) =>
    samples[i]!.reading === null ? 0 : reward,
  );
  return { rewards: settings.normalise ? normaliseRewards(combined) : combined, bias, aim };
}
