import type { AuditVideoReport, Finding, Metric } from '../../ground/contracts/index.ts';

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const rangeOf = ({ interval }: Metric): string =>
  interval === null ? '' : ` (95 % interval ${percent(interval.low)} to ${percent(interval.high)})`;
const SIGNIFICANT = 0.05;

type Told = Pick<AuditVideoReport, 'replication' | 'sets' | 'skipped' | 'truth'>;
type Question = Pick<AuditVideoReport['replication'], 'permutation' | 'copied' | 'callable' | 'threshold'>;

const testOf = ({ permutation }: Question): string =>
  permutation.p === null
    ? `The relabelling test could not be run: ${permutation.reason ?? 'unknown'}`
    : `Relabelling training against held-out clips gives p = ${Number(permutation.p.toPrecision(2))} over ${permutation.permutations} relabellings`;

function questionFinding(
  question: Question,
  {
    subject,
    copies,
    n,
    rate,
    words,
  }: {
    readonly subject: string;
    readonly copies: number;
    readonly n: number;
    readonly rate: number;
    readonly words: { readonly bad: string; readonly good: string; readonly slight: string };
  },
): Finding {
  const test = testOf(question);
  if (copies > 0)
    return {
      subject,
      level: 'bad',
      headline: `${copies} of ${n} generated clips ${words.bad}.`,
      certainty: `${percent(question.copied.value ?? 0)}${rangeOf(question.copied)}; at most about ${percent(rate)} of such calls are expected to be false. ${test}.`,
    };
  if (question.callable === null)
    return {
      subject,
      level: 'unknown',
      headline: 'Nothing is called a copy, but nothing could have been: there are too few real clips to compare with.',
      certainty: `${test}.`,
    };
  if (question.permutation.p !== null && question.permutation.p <= SIGNIFICANT)
    return { subject, level: 'warning', headline: words.slight, certainty: `${test}.` };
  const unseen =
    question.copied.interval === null
      ? ''
      : ` A share of up to ${percent(question.copied.interval.high)} could have gone unseen.`;
  return {
    subject,
    level: 'good',
    headline: words.good,
    certainty: `A single copy is called from a similarity of ${question.callable.toFixed(3)} on. ${test}.${unseen}`,
  };
}

/** What an audit of videos found, in plain words. */
export function writeVideoVerdict({ replication, sets, skipped, truth }: Told): Finding[] {
  const { pairs, motion, falseDiscoveryRate: rate, heldoutOverlap } = replication;
  const found = [
    questionFinding(replication, {
      subject: 'copies',
      copies: pairs.filter(({ copy }) => copy).length,
      n: pairs.length,
      rate,
      words: {
        bad: 'show what training clips show',
        good: 'No generated clip is called a copy of what a training clip shows.',
        slight: 'No clip is called a copy, but the generated clips look more like the training clips than like others.',
      },
    }),
    questionFinding(motion, {
      subject: 'motion',
      copies: pairs.filter(({ nearestMotion }) => nearestMotion?.copy).length,
      n: pairs.length,
      rate,
      words: {
        bad: 'move as a training clip does',
        good: 'No generated clip is called a copy of how a training clip moves.',
        slight:
          'No motion is called a copy, but the generated clips move more like the training clips than like others.',
      },
    }),
  ];
  if (sets.generated.still > 0)
    found.push({
      subject: 'no motion',
      level: 'unknown',
      headline: `In ${sets.generated.still} of ${sets.generated.n} generated clips nothing moves but the camera; their motion was not compared.`,
      certainty: 'They have no number for motion, not a low one.',
    });
  if (heldoutOverlap.value !== null && heldoutOverlap.value > 0)
    found.push({
      subject: 'held-out set',
      level: 'warning',
      headline: 'Some held-out clips are also in the training set, which weakens the comparison with them.',
      certainty: `${percent(heldoutOverlap.value)} of ${heldoutOverlap.n}${rangeOf(heldoutOverlap)}; they are left out of the comparison.`,
    });
  if (truth !== null)
    found.push({
      subject: 'known copies',
      level: 'unknown',
      headline: `Against ${truth.segments} known segments the audit scores a segment AP of ${truth.segmentAp.value?.toFixed(3)} and a micro-AP of ${truth.microAp.value?.toFixed(3)}.`,
      certainty: 'As VSC2022 scores its matching track: 1 is perfect.',
    });
  if (skipped.length > 0)
    found.push({
      subject: 'clips left out',
      level: 'warning',
      headline: `${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} could not be read as clips; they were not compared.`,
      certainty: `The first is ${skipped[0]!.file}: ${skipped[0]!.reason}.`,
    });
  return found;
}
