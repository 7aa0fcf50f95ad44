import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { openStream, type RandomKey } from '../../../ground/math/index.ts';
import type { Neighbours } from '../../../kit/tensor/index.ts';

/** A number that is larger the more the generated items depend on which pooled items are the training ones. */
export interface RelabellingStatistic {
  readonly name: string;
  /** @param isTraining `[pool]` 1 for items labelled training, 0 for held-out */
  evaluate(isTraining: Uint8Array): number;
}

export interface RelabellingTest {
  /** (1 + #{relabelled ≥ observed}) / (1 + permutations): never 0. */
  readonly p: number;
  readonly statistic: string;
  readonly observed: number;
  readonly permutations: number;
}

/**
 * Exact test of "the generator treats training and held-out items alike", for any statistic.
 *
 * If the generator copies nothing, then given the generated items it does not matter which of the real items were the
 * training ones: relabelling them at random gives values of the statistic as likely as the one observed. This needs nothing
 * of the generator's law, only that training and held-out items were drawn alike (one person's pictures split between the
 * two, or sets from different sources, break that). Duplicates share their fate, so an item of the pool is one image with all its duplicates. The
 * first `training` items of the pool are the training ones.
 *
 * With n training and h held-out items, chance labels the sources of all of k copies as training with probability about
 * (n/(n + h))^k, and no statistic can give a smaller p-value: a held-out set of the training set's size sees
 * 5 copies, one of a tenth of it needs 32.
 *
 * Cost: `permutations` × (the smaller of the two sets + one evaluation).
 *
 * @throws BiolensError `usage` when either set is empty
 */
export function relabellingTest(
  statistic: RelabellingStatistic,
  options: {
    readonly training: number;
    readonly heldout: number;
    readonly permutations: number;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): RelabellingTest {
  const { training, heldout, permutations, key, signal } = options;
  if (training < 1 || heldout < 1)
    throw new BiolensError('usage', `"training" and "heldout" expected items in both, got ${training} and ${heldout}`);
  const pool = training + heldout;
  const isTraining = new Uint8Array(pool).fill(1, 0, training);
  const observed = statistic.evaluate(isTraining);
  const stream = openStream(key);
  const order = Uint32Array.from({ length: pool }, (_, i) => i);
  // Only the smaller side is drawn. A partial shuffle from any order gives every subset alike, so the order is never reset.
  const drawn = Math.min(training, heldout);
  const drawnLabel = training <= heldout ? 1 : 0;
  let atLeast = 0;
  for (let permutation = 0; permutation < permutations; permutation++) {
    throwIfAborted(signal);
    isTraining.fill(1 - drawnLabel);
    for (let i = 0; i < drawn; i++) {
      const j = i + stream.integer(pool - i);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
      isTraining[order[i]!] = drawnLabel;
    }
    if (statistic.evaluate(isTraining) >= observed) atLeast++;
  }
  return { p: (1 + atLeast) / (1 + permutations), statistic: statistic.name, observed, permutations };
}

/** Rank in a list of the first item labelled training; −1 when the list holds none. */
function firstTraining(lists: Neighbours, item: number, isTraining: Uint8Array): number {
  const { k, indices } = lists;
  for (let rank = 0; rank < k; rank++) if (isTraining[indices[item * k + rank]!] === 1) return rank;
  return -1;
}

/**
 * Mean similarity of each generated item to its nearest training item. Sees a few close copies as well as a slight pull of all
 * items toward the training set.
 *
 * The lists are cut after `k` neighbours; an item whose list holds no training item counts with its last similarity. That
 * is a fixed function of the labels like any other, so the test stays exact.
 *
 * @param lists nearest pooled items of every generated one, by similarity
 */
export function meanTop1Statistic(lists: Neighbours): RelabellingStatistic {
  const { k, scores } = lists;
  const items = scores.length / k;
  return {
    name: 'mean top-1 similarity',
    evaluate(isTraining) {
      let sum = 0;
      for (let item = 0; item < items; item++) {
        const rank = firstTraining(lists, item, isTraining);
        sum += scores[item * k + (rank < 0 ? k - 1 : rank)]!;
      }
      return sum / items;
    },
  };
}

/** Share of generated items with a training item above `threshold` among their listed neighbours. */
export function shareAboveStatistic(lists: Neighbours, threshold: number): RelabellingStatistic {
  const { k, scores } = lists;
  const items = scores.length / k;
  return {
    name: `share above ${threshold.toFixed(3)}`,
    evaluate(isTraining) {
      let above = 0;
      for (let item = 0; item < items; item++) {
        const rank = firstTraining(lists, item, isTraining);
        if (rank >= 0 && scores[item * k + rank]! >= threshold) above++;
      }
      return above / items;
    },
  };
}

/**
 * Share of generated items that are not authentic: at least as similar to their nearest training item as that item is to
 * its own nearest other training item (1 − AuthPct/100).
 *
 * @param lists nearest pooled items of every generated one, by similarity
 * @param ownLists nearest other pooled items of every pooled one, by similarity
 */
export function inauthenticStatistic(lists: Neighbours, ownLists: Neighbours): RelabellingStatistic {
  const items = lists.scores.length / lists.k;
  return {
    name: 'share not authentic',
    evaluate(isTraining) {
      let copied = 0;
      for (let item = 0; item < items; item++) {
        const rank = firstTraining(lists, item, isTraining);
        if (rank < 0) continue;
        const nearest = lists.indices[item * lists.k + rank]!;
        const ownRank = firstTraining(ownLists, nearest, isTraining);
        const own = ownLists.scores[nearest * ownLists.k + (ownRank < 0 ? ownLists.k - 1 : ownRank)]!;
        if (lists.scores[item * lists.k + rank]! >= own) copied++;
      }
      return copied / items;
    },
  };
}
