import type { Replication } from '../../../ground/contracts/index.ts';
import { type Metric, missingMetric } from '../../../ground/contracts/index.ts';
import { proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import {
  calibrateThreshold,
  callCopies,
  extendTail,
  meanTop1Statistic,
  type PairHistogram,
  pairHistogramOf,
  relabellingTest,
  upperQuantile,
} from '../../audit/index.ts';

/** Others that are kept of a clip, most alike first. */
const KEPT = 64;

/** Clips of one set among those of another: the best of each, and how scores spread. */
export interface Compared {
  /** `[of]`; −1 where there was nothing to compare. */
  readonly top1: Float32Array;
  readonly nearest: Int32Array;
  readonly lists: readonly (readonly { readonly index: number; readonly similarity: number }[])[];
  /** All scores, as far as there was something to compare. */
  readonly pairs: PairHistogram;
}

/** Sums up the scores of clips with those of another set. */
export class Tally {
  readonly #top1: Float32Array;
  readonly #nearest: Int32Array;
  readonly #lists: { index: number; similarity: number }[][];
  readonly #scores: number[] = [];

  constructor(clips: number) {
    this.#top1 = new Float32Array(clips).fill(-1);
    this.#nearest = new Int32Array(clips).fill(-1);
    this.#lists = Array.from({ length: clips }, () => []);
  }

  /** @param skip others that do not count: the clip itself and its duplicates */
  add(clip: number, scores: Float32Array, skip: (other: number) => boolean = () => false): void {
    const list = Array.from(scores, (similarity, index) => ({ index, similarity }))
      .filter(({ index, similarity }) => similarity > -1 && !skip(index))
      .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
    for (const { similarity } of list) if (this.#scores.length < MOST_SCORES) this.#scores.push(similarity);
    this.#lists[clip] = list.slice(0, KEPT);
    if (list[0] === undefined) return;
    this.#top1[clip] = list[0].similarity;
    this.#nearest[clip] = list[0].index;
  }

  done(): Compared {
    return {
      top1: this.#top1,
      nearest: this.#nearest,
      lists: this.#lists,
      pairs: pairHistogramOf(this.#scores),
    };
  }
}

const MOST_SCORES = 20_000_000;

/**
 * The score above which two training clips are one and its duplicate, and clusters of such clips; see `duplicateThreshold` of the audit of stills, which this follows.
 *
 * @param scores of each training clip with the others
 */
export function clusterDuplicates(scores: readonly Float32Array[]): {
  readonly threshold: number | null;
  /** For each clip the first of its cluster. */
  readonly leader: Int32Array;
} {
  const n = scores.length;
  const leader = Int32Array.from({ length: n }, (_, i) => i);
  const upper: number[] = [];
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) upper.push(scores[i]![j]!);
  const pairs = pairHistogramOf(upper);
  const share = Math.max(Math.min(30 / n, 0.1), 200 / Math.max(1, pairs.pairs));
  if (pairs.pairs < 100 || share > 0.5) return { threshold: null, leader };
  const at = (tail: number) => ({ similarity: upperQuantile(pairs, tail), share: tail });
  const threshold = extendTail({ near: at(share / 10), far: at(share), rows: n });
  const find = (i: number): number => {
    let root = i;
    while (leader[root] !== root) root = leader[root]!;
    return root;
  };
  for (let i = 0; i < n; i++)
    for (let j = i + 1; j < n; j++)
      if (scores[i]![j]! >= threshold) {
        const [a, b] = [find(i), find(j)];
        leader[Math.max(a, b)] = Math.min(a, b);
      }
  return { threshold, leader: leader.map((_, i) => find(i)) };
}

/** What was compared for one question, content or motion. */
export interface Question {
  readonly generated: Compared;
  /** Held-out clips next to the training set, or training clips next to each other. */
  readonly control: Compared;
  /** Clips of the control that count: not those without motion, nor held-out clips that are in the training set. */
  readonly usable: readonly number[];
  /** Generated clips next to held-out ones; null without them. */
  readonly inHeldout: Compared | null;
  readonly training: number;
  readonly heldout: number;
}

export interface Answer {
  readonly threshold: number | null;
  readonly calibration: { readonly pairs: number; readonly method: string };
  readonly control: string;
  readonly callable: number | null;
  readonly copied: Metric;
  /** By generated clip. */
  readonly rows: readonly { readonly pValue: number | null; readonly qValue: number | null; readonly copy: boolean }[];
}

/** Which generated clips are copies: those that match at the false match rate, and are outliers against the controls; see `callCopies`. */
export function callClips(
  { generated, control, usable, inHeldout, training, heldout }: Question,
  { falseMatchRate, falseDiscoveryRate }: { readonly falseMatchRate: number; readonly falseDiscoveryRate: number },
): Answer {
  const asked = Array.from(generated.top1.keys()).filter(i => generated.top1[i]! > -1);
  const top1 = Float32Array.from(asked, i => generated.top1[i]!);
  const { threshold, pairs, method } = calibrateThreshold(control.pairs, falseMatchRate);
  const calls = callCopies(top1, {
    real: { top1: Float32Array.from(usable, i => control.top1[i]!), pairs: control.pairs, training },
    heldout: inHeldout === null ? null : { top1: Float32Array.from(asked, i => inHeldout.top1[i]!), heldout, training },
  });
  const rows = Array.from(
    generated.top1,
    () => ({ pValue: null, qValue: null, copy: false }) as Answer['rows'][number],
  );
  for (const [k, i] of asked.entries()) {
    const qValue = calls.qValues?.[k] ?? null;
    const copy = threshold !== null && top1[k]! >= threshold && qValue !== null && qValue <= falseDiscoveryRate;
    rows[i] = { pValue: calls.pValues?.[k] ?? null, qValue, copy };
  }
  return {
    threshold,
    calibration: { pairs, method },
    control: calls.method.replaceAll('images', 'clips'),
    callable: threshold === null || top1.length === 0 ? null : calls.callableFrom(threshold, falseDiscoveryRate),
    copied:
      threshold === null || calls.qValues === null
        ? missingMetric('too few pairs of real clips to calibrate a threshold', top1.length)
        : proportionMetric(rows.filter(({ copy }) => copy).length, top1.length),
    rows,
  };
}

/** Relabelling test of training against held-out clips, each cluster of duplicates being one. */
export function relabelClips(
  { generated, inHeldout }: Pick<Question, 'generated' | 'inHeldout'>,
  options: {
    /** For each training clip the number of its cluster, and how many there are. */
    readonly cluster: Int32Array;
    readonly clusters: number;
    readonly heldout: number;
    readonly permutations: number;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): Replication['permutation'] {
  const { cluster, clusters, heldout, permutations, key, signal } = options;
  if (inHeldout === null || heldout === 0)
    return {
      p: null,
      statistic: 'mean top-1 similarity',
      observed: null,
      permutations: 0,
      reason: 'needs a held-out set',
    };
  const asked = Array.from(generated.top1.keys()).filter(i => generated.lists[i]!.length > 0);
  if (asked.length === 0)
    return {
      p: null,
      statistic: 'mean top-1 similarity',
      observed: null,
      permutations: 0,
      reason: 'no generated clip has something to compare',
    };
  const k = KEPT;
  const indices = new Int32Array(asked.length * k);
  const scores = new Float32Array(indices.length);
  for (const [row, i] of asked.entries()) {
    const seen = new Set<number>();
    const merged = [
      ...generated.lists[i]!.map(one => ({ index: cluster[one.index]!, similarity: one.similarity })),
      ...inHeldout.lists[i]!.map(one => ({ index: clusters + one.index, similarity: one.similarity })),
    ]
      .sort((a, b) => b.similarity - a.similarity || a.index - b.index)
      .filter(({ index }) => !seen.has(index) && seen.add(index));
    for (let rank = 0; rank < k; rank++) {
      // A list that ends early goes on with its last entry.
      const entry = merged[Math.min(rank, merged.length - 1)]!;
      indices[row * k + rank] = entry.index;
      scores[row * k + rank] = entry.similarity;
    }
  }
  const test = relabellingTest(meanTop1Statistic({ k, indices, scores }), {
    training: clusters,
    heldout,
    permutations,
    key,
    signal,
  });
  return { ...test, units: { training: clusters, heldout } };
}
