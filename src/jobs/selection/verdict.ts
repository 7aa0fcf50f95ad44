import type { Finding, SelectionReport, SelectionSide } from '../../ground/contracts/index.ts';
import { BLIND_SIMILARITY } from '../audit/index.ts';
import { frechetChange } from '../mitigation/index.ts';

type Told = Pick<SelectionReport, 'targets' | 'selection' | 'before' | 'after'>;

const SIGNIFICANT = 0.05;
/** Difference in numbers of samples, as a factor, from which their Fréchet distances are not comparable: fewer samples have a larger one. */
const COMPARABLE = 1.05;

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

function acceptanceFinding({ selection }: Told): Finding {
  const { kept, wanted, looked, accepted, rejected } = selection;
  const reasons = [
    [rejected.nearTraining, 'too alike to a training image'],
    [rejected.nearHeldout, 'too alike to a held-out one'],
    [rejected.shares, 'of a class that there is enough of'],
    [rejected.repeated, 'repeats'],
    [rejected.unreadable, 'without a face'],
  ] as const;
  const told = reasons.filter(([n]) => n > 0).map(([n, why]) => `${n} ${why}`);
  const { interval } = accepted;
  const range = interval === null ? '' : ` (95 % interval ${percent(interval.low)} to ${percent(interval.high)})`;
  const certainty = `${looked} candidates were looked at and ${percent(accepted.value ?? 0)} of them kept${range}${told.length === 0 ? '' : `; rejected: ${told.join(', ')}`}.`;
  return kept >= wanted
    ? {
        subject: 'acceptance',
        level: 'good',
        headline: `All ${wanted} samples that were wanted were found among ${looked} candidates.`,
        certainty,
      }
    : {
        subject: 'acceptance',
        level: kept < 2 ? 'bad' : 'warning',
        headline: `Only ${kept} of the ${wanted} samples that were wanted were found among all candidates.`,
        certainty: `${certainty} More candidates give more.`,
      };
}

/** What the audit of the kept samples can say of copies beside what the selection made true itself. */
function copiesFinding({ before, after, selection: { limit, rejected } }: Told): Finding {
  const subject = 'copies';
  if (after === null)
    return { subject, level: 'unknown', headline: 'Nothing was kept that could be audited.', certainty: 'See above.' };
  const { permutation } = after.replication;
  const counts = `${rejected.nearTraining} candidates were rejected near a training image and ${rejected.nearHeldout} near a held-out one, from a similarity of ${limit?.toFixed(3) ?? 'none'} on`;
  const test = (name: string, { replication }: SelectionSide): string =>
    replication.permutation.p === null ? '' : `${name} p = ${replication.permutation.p.toPrecision(2)}`;
  const tests = [test('before', before), test('after', after)].filter(text => text !== '').join(', ');
  if (limit === null)
    return {
      subject,
      level: 'unknown',
      headline: 'There are too few real images to tell copies from look-alikes.',
      certainty: 'No similarity could be found from which a candidate is to be rejected.',
    };
  if (permutation.p === null)
    return {
      subject,
      level: 'unknown',
      headline: 'Whether the kept samples copy cannot be determined: what selected them also judges them.',
      certainty: `${counts}. With --heldout, images that the generator never saw, the relabelling test can tell.`,
    };
  if (permutation.p <= SIGNIFICANT)
    return {
      subject,
      level: 'warning',
      headline:
        'No kept sample is near a training image, but together they still sit closer to training than to held-out images.',
      certainty: `Relabelling test: ${tests}. ${counts}.`,
    };
  if (limit > BLIND_SIMILARITY)
    return {
      subject,
      level: 'unknown',
      headline:
        'Whether the kept samples copy cannot be determined: only all but identical images could have been rejected.',
      certainty: `Altered copies of portraits are 0.84 to 0.99 similar. ${counts}.`,
    };
  const own = after.verdict.find(finding => finding.subject === subject);
  if (own !== undefined && own.level !== 'good') return own;
  const seen = (before.replication.permutation.p ?? 1) <= SIGNIFICANT || (before.replication.copied.value ?? 0) > 0;
  return {
    subject,
    level: 'good',
    headline: seen
      ? 'Mitigated: the generator copies, and the kept samples are no closer to training than to held-out images.'
      : 'As before, no evidence of copies.',
    certainty: `Relabelling test: ${tests}; it stays exact, since candidates near held-out images were rejected alike. ${counts}. It covers what this embedding can see.`,
  };
}

function biasFinding(attribute: string, { targets, before, after }: Told): Finding {
  const subject = `bias of ${attribute}`;
  const found = after?.bias.attributes[attribute];
  if (found === undefined)
    return {
      subject,
      level: 'unknown',
      headline: `No shares of ${attribute} were measured.`,
      certainty: 'Too little was kept.',
    };
  const { tolerance, bias } = targets;
  const wanted = bias[attribute] ?? {};
  const shares = found.corrected?.generated ?? found.generated;
  const states = found.classes.map(name => {
    const { value = null, interval = null } = shares[name] ?? {};
    const aim = wanted[name] ?? 0;
    const holds = interval !== null && interval.low >= aim - tolerance && interval.high <= aim + tolerance;
    const missed = interval !== null && (interval.low > aim + tolerance || interval.high < aim - tolerance);
    const earlier = before.bias.attributes[attribute];
    const was = (earlier?.corrected?.generated ?? earlier?.generated)?.[name]?.value;
    const range = interval === null ? '' : ` [${percent(interval.low)}, ${percent(interval.high)}]`;
    const told = `${name} ${value === null ? 'not known' : percent(value)}${range}, wanted ${percent(aim)}, before ${was == null ? 'not known' : percent(was)}`;
    return { holds, missed, told };
  });
  const certainty = `${states.map(({ told }) => told).join('; ')}. ${
    found.corrected === null
      ? 'As the classifier says that also selected them'
      : 'Corrected for the errors that the classifier makes on what it selected'
  }; both ends of an interval are to lie within ${percent(tolerance)} of the wanted share.`;
  if (states.some(({ missed }) => missed))
    return {
      subject,
      level: 'bad',
      headline: `Not mitigated: the distribution of ${attribute} misses its target.`,
      certainty,
    };
  if (!states.every(({ holds }) => holds))
    return {
      subject,
      level: 'unknown',
      headline: `Whether the distribution of ${attribute} is within its target cannot be determined from so few.`,
      certainty,
    };
  return found.corrected === null
    ? {
        subject,
        level: 'unknown',
        headline: `The distribution of ${attribute} is as wanted by the classifier that selected it; its errors are not known.`,
        certainty: `${certainty} With labels of the training images, or a card that tells the classifier's confusion, they are.`,
      }
    : {
        subject,
        level: 'good',
        headline: `Mitigated: the distribution of ${attribute} is within its target now.`,
        certainty,
      };
}

function qualityFinding({ before, after }: Told): Finding | null {
  if (after === null) return null;
  const subject = 'quality';
  const change = frechetChange(before, after);
  const unknown = (certainty: string): Finding => ({
    subject,
    level: 'unknown',
    headline: 'Whether the kept samples are as good as those before cannot be determined.',
    certainty,
  });
  if (change.value === null || change.interval === null) return unknown(`${change.reason ?? 'No interval is known'}.`);
  if (Math.max(before.n, after.n) > COMPARABLE * Math.min(before.n, after.n))
    return unknown(
      `The Fréchet distance of ${before.n} samples before and ${after.n} after cannot be compared: fewer samples have a larger one.`,
    );
  const { low, high } = change.interval;
  const numbers = `Fréchet distance ${before.quality.fid.value?.toPrecision(3)} before, ${after.quality.fid.value?.toPrecision(3)} after: a change of ${change.value.toPrecision(3)} (95 % interval ${low.toPrecision(3)} to ${high.toPrecision(3)}).`;
  if (low > 0)
    return { subject, level: 'bad', headline: 'The kept samples are worse than those before.', certainty: numbers };
  if (high < 0)
    return { subject, level: 'good', headline: 'The kept samples are better than those before.', certainty: numbers };
  return unknown(numbers);
}

/**
 * What a selection came to. Copies and shares are judged by the networks that selected, so "good" rests on what the selection could not make true by itself:
 * the relabelling test against held-out images, and shares corrected for the errors of the classifier on what it selected.
 */
export function writeVerdict(told: Told): Finding[] {
  const { replication, bias } = told.targets;
  const quality = qualityFinding(told);
  return [
    acceptanceFinding(told),
    ...(replication ? [copiesFinding(told)] : []),
    ...Object.keys(bias).map(attribute => biasFinding(attribute, told)),
    ...(quality === null ? [] : [quality]),
  ];
}
