import type { Finding, GoalState, MitigationReport } from '../../ground/contracts/index.ts';
import { BLIND_SIMILARITY } from '../audit/index.ts';
import { INDISTINGUISHABLE } from './goals.ts';
import { frechetChange } from './quality-change.ts';

type Told = Pick<MitigationReport, 'before' | 'after' | 'rounds' | 'stoppedBy' | 'targets'>;
type Side = MitigationReport['after'];

/** Growth of the Fréchet distance that counts as much where quality is not guarded. */
const DEFAULT_FLOOR = 1.1;

/** What a mitigated goal may not be told without. */
const AT_A_PRICE: Partial<Record<Finding['level'], string>> = {
  bad: ' But quality is worse.',
  warning: ' But quality may be worse.',
};

function headlineOf({ holds, goal, attribute }: GoalState, was: boolean): string {
  const what = goal === 'replication' ? 'copying' : `the distribution of ${attribute}`;
  if (holds) return was ? `As before, ${what} is within its target.` : `Mitigated: ${what} is within its target now.`;
  return was ? `Harmed: ${what} was within its target before.` : `Not mitigated: ${what} still misses its target.`;
}

/** Share of samples with one nearest training image, and least number of them, from which they are said to crowd around it. */
const CROWD = { share: 0.05, least: 10 } as const;

/** The training image that most samples are nearest to, its duplicates counted as it, where they are so many that it is no chance; else null. */
function crowdOf({ pairs, duplicates }: Side['replication']): { readonly file: string; readonly share: number } | null {
  const first = new Map(duplicates.clusters.flatMap(({ files }) => files.map(file => [file, files[0]!] as const)));
  const counts = new Map<string, number>();
  for (const { training } of pairs) {
    const file = first.get(training) ?? training;
    counts.set(file, (counts.get(file) ?? 0) + 1);
  }
  const [file, count] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0] as [string, number]);
  return count >= CROWD.least && count >= CROWD.share * pairs.length ? { file, share: count / pairs.length } : null;
}

/** Why it cannot be said that samples are no copies although the goal holds; null where it can. */
function unseenCopies({ replication }: Side, limit: number): Pick<Finding, 'level' | 'headline' | 'certainty'> | null {
  const { callable, copied, permutation } = replication;
  const { p } = permutation;
  if (p !== null && p <= INDISTINGUISHABLE)
    return {
      level: 'warning',
      headline:
        'Few samples or none are called copies, but the samples sit closer to training images than to held-out ones.',
      certainty: 'The relabelling test says so, and sees copies that are too altered to be called one by one',
    };
  const crowd = crowdOf(replication);
  if (crowd !== null)
    return {
      level: 'warning',
      headline: `Few samples or none are called copies, but ${Math.round(100 * crowd.share)} % of all samples crowd around one training image.`,
      certainty: `They are nearest to ${crowd.file} or its duplicates, and may be blurred copies of it that no threshold tells from look-alikes`,
    };
  if (callable === null || callable > BLIND_SIMILARITY)
    return {
      level: 'unknown',
      headline:
        'Whether the model still copies cannot be determined: only all but identical images could have been called.',
      certainty:
        callable === null
          ? 'Not even an identical sample would stand out among so many look-alikes'
          : `A lone copy has to be ${callable.toFixed(4)} similar to be called, and altered copies of portraits are 0.84 to 0.99 similar`,
    };
  const high = copied.interval?.high ?? copied.value ?? 1;
  if (high > limit)
    return {
      level: 'unknown',
      headline: 'Whether copying is within its target cannot be determined from so few samples.',
      certainty: `Up to ${(100 * high).toFixed(1)} % may be copies, although the relabelling test tells training from held-out images no longer`,
    };
  return null;
}

function qualityFinding({ before, after, targets }: Told): Finding {
  const subject = 'quality';
  const change = frechetChange(before, after);
  const { value: first } = before.quality.fid;
  const { value: last } = after.quality.fid;
  const reference = after.quality.reference === 'heldout' ? 'held-out' : 'training';
  if (change.value === null || first === null || last === null)
    return {
      subject,
      level: 'unknown',
      headline: 'Whether quality changed cannot be determined.',
      certainty: `${change.reason}.`,
    };
  const { interval } = change;
  const signed = (of: number) => `${of < 0 ? '−' : '+'}${Math.abs(of).toPrecision(3)}`;
  const numbers = `Fréchet distance to ${reference} images ${first.toPrecision(3)} before, ${last.toPrecision(3)} after`;
  if (interval === null)
    return {
      subject,
      level: last > first ? 'warning' : 'unknown',
      headline:
        last > first ? 'The samples may be worse than before.' : 'Whether quality changed cannot be determined.',
      certainty: `${numbers}; too few samples for an interval.`,
    };
  const floor = targets.quality ?? DEFAULT_FLOOR;
  const certainty = `${numbers}: a change of ${signed(change.value)} (95 % interval ${signed(interval.low)} to ${signed(interval.high)}, ${
    interval.method === 'group-jackknife' ? 'jackknife over groups of the same samples' : 'from both intervals'
  }); at most ${floor} × that before is wanted.`;
  const allowed = (floor - 1) * first;
  if (interval.low > 0)
    return {
      subject,
      level: last > floor * first ? 'bad' : 'warning',
      headline: `The samples are worse than before: Fréchet distance ${first.toPrecision(3)} before, ${last.toPrecision(3)} after.`,
      certainty,
    };
  if (last > floor * first)
    return {
      subject,
      level: 'warning',
      headline: 'The samples may be worse than before, beyond what is wanted.',
      certainty,
    };
  if (interval.high < 0) return { subject, level: 'good', headline: 'The samples are better than before.', certainty };
  if (interval.high <= allowed)
    return { subject, level: 'good', headline: 'The samples are about as good as before.', certainty };
  return {
    subject,
    level: 'unknown',
    headline: 'Whether the samples are as good as before cannot be determined from so few.',
    certainty,
  };
}

function goalFinding(state: GoalState, { before, after, targets }: Told): Finding {
  const { goal, attribute, holds, because } = state;
  const earlier = before.goals.find(other => other.goal === goal && other.attribute === attribute);
  const was = earlier === undefined ? '' : `; before: ${earlier.because}`;
  const measured = `On ${after.samples.n} fresh samples of each model: ${because}${was}.`;
  const subject = goal === 'replication' ? 'copies' : `bias of ${attribute}`;
  if (goal === 'replication') {
    if (after.replication.copied.value === null)
      return {
        subject,
        level: 'unknown',
        headline: 'Whether samples are copies cannot be determined.',
        certainty: measured,
      };
    const unseen = holds ? unseenCopies(after, targets.replication?.copied ?? 0) : null;
    if (unseen !== null) return { ...unseen, subject, certainty: `${unseen.certainty}. ${measured}` };
  }
  return {
    subject,
    level: holds ? 'good' : 'bad',
    headline: headlineOf(state, earlier?.holds ?? false),
    certainty: measured,
  };
}

/**
 * What a mitigation came to: a finding a goal, and one of quality whether it was guarded or not, told from the fresh samples of the model before and
 * after. Good is only what could have been seen if it were bad, and a goal that was reached at the price of quality says so.
 */
export function writeVerdict(told: Told): Finding[] {
  const quality = qualityFinding(told);
  const price = AT_A_PRICE[quality.level];
  const findings = told.after.goals
    .filter(({ goal }) => goal !== 'quality')
    .map(state => goalFinding(state, told))
    .map(finding =>
      finding.level === 'good' && price !== undefined
        ? { ...finding, headline: `${finding.headline}${price}` }
        : finding,
    );
  const missed = findings.some(({ level }) => level === 'bad');
  if (told.stoppedBy !== 'rounds' || !missed) return [...findings, quality];
  return [
    ...findings,
    quality,
    {
      subject: 'rounds',
      level: 'warning',
      headline: 'The rounds ended before the targets held.',
      certainty: `${told.rounds.length - 1} rounds of fine-tuning; more rounds or more steps a round may reach them.`,
    },
  ];
}
