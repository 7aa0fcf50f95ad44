import type { GoalState, Metric } from '../../ground/contracts/index.ts';
import type { SampleAudit } from './audit-samples.ts';
import type { ResolvedTarget } from './targets.ts';

/** What is to hold in the end. */
export interface Goals {
  /** Largest share of copies; null when copying is no goal. */
  readonly copied: number | null;
  readonly targets: readonly ResolvedTarget[];
  /** Distance from its target that both ends of a share's interval must keep. */
  readonly tolerance: number;
  /** Largest Fréchet distance as a multiple of the first; 0: no floor. */
  readonly qualityFloor: number;
}

/** A goal's state, how far it is missed (0 where it holds), and the samples that would make sure. */
export interface JudgedGoal {
  readonly state: GoalState;
  readonly distance: number;
  readonly wants: number;
  /** Missed by the whole interval: for quality, the loop stops on that and not on the noise of a value. */
  readonly surelyMissed: boolean;
}

/** Above this p-value the relabelling test cannot tell training from held-out images by the samples. */
export const INDISTINGUISHABLE = 0.05;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function withInterval({ value, interval }: Metric): string {
  if (value === null) return 'unknown';
  return interval === null
    ? percent(value)
    : `${percent(value)} [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`;
}

/** Samples at which an interval that narrows with their square root would end within `room` of its value. */
function samplesFor(n: number, reach: number, room: number): number {
  if (!(room > 0) || reach <= room) return n;
  return Math.ceil(n * (reach / room) ** 2);
}

function judgeCopies({ replication }: SampleAudit, limit: number): JudgedGoal {
  const { copied, permutation } = replication;
  const goal = { goal: 'replication', attribute: '' } as const;
  if (copied.value === null)
    return {
      state: { ...goal, holds: false, because: `whether samples are copies cannot be said: ${copied.reason}` },
      distance: Number.MAX_SAFE_INTEGER,
      wants: 0,
      surelyMissed: false,
    };
  const high = copied.interval?.high ?? copied.value;
  const alike = permutation.p !== null && permutation.p > INDISTINGUISHABLE;
  // One image that is copied very often is one chance in the relabelling test: it excuses no share of copies beyond the limit.
  const holds = high <= limit || (alike && copied.value <= limit);
  const test = permutation.p === null ? '' : `; relabelling p = ${Number(permutation.p.toPrecision(2))}`;
  return {
    state: { ...goal, holds, because: `copies ${withInterval(copied)}, wanted at most ${percent(limit)}${test}` },
    distance: holds ? 0 : Math.max(1, copied.value / Math.max(limit, 1e-3)),
    wants: holds || copied.value >= limit ? 0 : samplesFor(copied.n, high - copied.value, limit - copied.value),
    surelyMissed: (copied.interval?.low ?? copied.value) > limit,
  };
}

function judgeMix({ bias }: SampleAudit, target: ResolvedTarget, tolerance: number): JudgedGoal {
  const found = bias.attributes[target.attribute];
  const measured = found?.corrected?.generated ?? found?.generated ?? {};
  const goal = { goal: 'bias', attribute: target.attribute } as const;
  const classes = target.classes.map((name, i) => {
    const metric = measured[name];
    const wanted = target.shares[i]!;
    const value = metric?.value ?? null;
    if (metric === undefined || value === null) return null;
    const { low, high } = metric.interval ?? { low: value, high: value };
    const miss = Math.abs(value - wanted);
    const reach = Math.max(high - wanted, wanted - low);
    const narrow = value > wanted ? value - low : high - value;
    return { name, narrow, metric, wanted, miss, reach, wants: samplesFor(metric.n, reach - miss, tolerance - miss) };
  });
  const known = classes.filter(one => one !== null);
  if (known.length < classes.length)
    return {
      state: { ...goal, holds: false, because: 'no sample could be classified' },
      distance: Number.MAX_SAFE_INTEGER,
      wants: 0,
      surelyMissed: false,
    };
  const worst = known.reduce((far, one) => (one.reach > far.reach ? one : far));
  const holds = worst.reach <= tolerance;
  const reachable = known.every(({ miss }) => miss < tolerance);
  return {
    state: {
      ...goal,
      holds,
      because: `${worst.name} ${withInterval(worst.metric)}, wanted ${percent(worst.wanted)} ± ${(100 * tolerance).toFixed(0)}`,
    },
    distance: holds ? 0 : Math.max(1, ...known.map(({ miss }) => miss / tolerance)),
    wants: holds || !reachable ? 0 : Math.max(...known.map(({ wants }) => wants)),
    surelyMissed: known.some(({ miss, narrow }) => miss - narrow > tolerance),
  };
}

function judgeQuality({ quality }: SampleAudit, first: number | null, floor: number): JudgedGoal {
  const fid = quality.fid.value;
  const goal = { goal: 'quality', attribute: '' } as const;
  if (fid === null || first === null)
    return {
      state: { ...goal, holds: true, because: `not guarded: ${quality.fid.reason ?? 'nothing to compare with'}` },
      distance: 0,
      wants: 0,
      surelyMissed: false,
    };
  const holds = fid <= floor * first;
  const ratio = first > 0 ? `${(fid / first).toFixed(2)} ×` : 'above';
  return {
    state: {
      ...goal,
      holds,
      because: `Fréchet distance ${fid.toPrecision(3)}, ${ratio} that before, wanted at most ${floor} ×`,
    },
    distance: 0,
    wants: 0,
    surelyMissed: (quality.fid.interval?.low ?? fid) > floor * first,
  };
}

/**
 * Whether each goal holds, told by the intervals.
 *
 * Copies: the interval's end is at most the limit, or the share itself is and the relabelling test cannot tell training from held-out images. Distribution: both ends of every
 * share's interval are within the tolerance of its target. Quality: the Fréchet distance is at most the floor times that of the model before.
 *
 * @param firstFid Fréchet distance of the model before, on as many samples; null for that model itself
 */
export function judgeGoals(audit: SampleAudit, goals: Goals, firstFid: number | null): JudgedGoal[] {
  return [
    ...(goals.copied === null ? [] : [judgeCopies(audit, goals.copied)]),
    ...goals.targets.map(target => judgeMix(audit, target, goals.tolerance)),
    ...(goals.qualityFloor === 0 ? [] : [judgeQuality(audit, firstFid, goals.qualityFloor)]),
  ];
}
