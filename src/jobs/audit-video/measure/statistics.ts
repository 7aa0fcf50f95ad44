import { type Metric, missingMetric, type Replication } from '../../../ground/contracts/index.ts';
import { proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import {
  type Called,
  calibrateThreshold,
  callCopies,
  clusterLinks,
  duplicateThreshold,
  NO_HELDOUT,
  noRelabelling,
  PairCounter,
  relabelLists,
} from '../../audit/index.ts';
import { NOTHING } from './compare-sets.ts';
import type { Compared } from './tally.ts';

/**
 * The score from which two training clips are duplicates, and clusters of such clips; see `duplicateThreshold`.
 *
 * @param scores of each training clip with all of them
 */
export function clusterDuplicates(scores: readonly Float32Array[]): {
  readonly threshold: number | null;
  /** For each clip the first of its cluster. */
  readonly leader: Int32Array;
} {
  const leader = Int32Array.from(scores, (_, i) => i);
  const pairs = new PairCounter();
  for (const [a, row] of scores.entries()) for (const similarity of row.subarray(a + 1)) pairs.add(similarity);
  const threshold = duplicateThreshold(pairs, scores.length);
  if (threshold === null) return { threshold, leader };
  const links = scores.flatMap((row, a) =>
    Array.from(row.keys())
      .filter(b => b > a && row[b]! >= threshold)
      .map(b => ({ a, b, similarity: row[b]! })),
  );
  for (const { rows } of clusterLinks(links)) for (const row of rows) leader[row] = rows[0]!;
  return { threshold, leader };
}

/** What was compared for one question, content or motion. */
export interface Question {
  readonly generated: Compared;
  /** Held-out clips next to the training set, or training clips next to each other. */
  readonly control: Compared;
  /** Clips of the control that count: not those without motion, nor duplicates. */
  readonly usable: readonly number[];
  /** Generated clips next to held-out ones; null without them. */
  readonly inHeldout: Compared | null;
  /** Different clips of each set. */
  readonly units: { readonly training: number; readonly heldout: number };
}

export interface Answer {
  readonly threshold: number | null;
  readonly calibration: { readonly pairs: number; readonly method: string };
  readonly control: string;
  readonly callable: number | null;
  readonly copied: Metric;
  /** By generated clip. */
  readonly rows: readonly Called[];
}

/** Which generated clips are copies: those that match at the false match rate, and are outliers against the controls; see `callCopies`. */
export function callClips(
  { generated, control, usable, inHeldout, units }: Question,
  { falseMatchRate, falseDiscoveryRate }: { readonly falseMatchRate: number; readonly falseDiscoveryRate: number },
): Answer {
  const asked = Array.from(generated.top1.keys()).filter(i => generated.top1[i]! > NOTHING);
  const top1 = Float32Array.from(asked, i => generated.top1[i]!);
  const { threshold, pairs, method } = calibrateThreshold(control.pairs, falseMatchRate);
  const calls = callCopies(top1, {
    real: {
      top1: Float32Array.from(usable, i => control.top1[i]!),
      pairs: control.pairs,
      training: units.training,
    },
    heldout: inHeldout === null ? null : { top1: Float32Array.from(asked, i => inHeldout.top1[i]!), ...units },
  });
  const called = calls.called(threshold, falseDiscoveryRate);
  const rows = Array.from(generated.top1, (): Called => ({ pValue: null, qValue: null, copy: false }));
  for (const [k, i] of asked.entries()) rows[i] = called[k]!;
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
  { generated, inHeldout, units }: Pick<Question, 'generated' | 'inHeldout' | 'units'>,
  how: { readonly permutations: number; readonly key: RandomKey; readonly signal?: AbortSignal | undefined },
): Replication['permutation'] {
  if (inHeldout === null) return noRelabelling(NO_HELDOUT);
  const lists = generated.lists
    .map((training, i) => ({ training, heldout: inHeldout.lists[i]! }))
    .filter(({ training }) => training.length > 0);
  if (lists.length === 0) return noRelabelling('no generated clip has something to compare');
  return relabelLists(lists, { units, ...how });
}
