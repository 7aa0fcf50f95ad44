import type { AuditTextReport, Finding, Metric, TextReplication } from '../../ground/contracts/index.ts';

/** Below this a test speaks against chance. */
const SIGNIFICANT = 0.05;

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
const characters = (n: number): string => `${n.toLocaleString('en-US')} characters`;

function intervalOf({ interval }: Metric): string {
  return interval === null ? '' : ` (95 % interval ${percent(interval.low)} to ${percent(interval.high)})`;
}

type Told = Pick<AuditTextReport, 'replication' | 'runs' | 'texts' | 'settings' | 'skipped' | 'alsoSkipped'>;

function testOf({ permutation }: TextReplication): string {
  if (permutation.p === null) return 'There is no held-out set, so the relabelling test could not be run';
  return `Relabelling training against held-out documents gives p = ${Number(permutation.p.toPrecision(2))} over ${permutation.permutations} relabellings`;
}

function copyFinding({ replication, texts }: Told): Finding {
  const { copied, pairs, threshold, calibration, falseDiscoveryRate, permutation, callable } = replication;
  const subject = 'copies';
  const copies = pairs.filter(({ copy }) => copy).length;
  const test = testOf(replication);
  const longest = Math.max(0, ...pairs.map(({ similarity }) => similarity));
  if (copies > 0) {
    const rate =
      calibration === 'given'
        ? `A text is called from a run of ${characters(threshold)} on, without a test: there are too few held-out texts`
        : `At most about ${percent(falseDiscoveryRate)} of such calls are expected to be false`;
    return {
      subject,
      level: 'bad',
      headline: `${copies} of ${texts.length} generated texts repeat training texts, the longest ${characters(longest)} in a row.`,
      certainty: `${percent(copied.value ?? 0)} of generated texts${intervalOf(copied)}. ${rate}. ${test}.`,
    };
  }
  if (permutation.p !== null && permutation.p <= SIGNIFICANT)
    return {
      subject,
      level: 'warning',
      headline:
        'No single text is called a copy, but the generated texts share longer runs with the training texts than with others.',
      certainty: `${test}.`,
    };
  const unseen =
    copied.interval === null ? '' : `; a share of up to ${percent(copied.interval.high)} could have gone unseen`;
  if (calibration === 'given')
    return {
      subject,
      level: 'unknown',
      headline: `No generated text has a run of ${characters(threshold)} or more that is no common phrase.`,
      certainty: `The longest has ${characters(longest)}${unseen}. Held-out texts would say how long runs are by chance. ${test}.`,
    };
  return {
    subject,
    level: callable === null ? 'unknown' : 'good',
    headline:
      callable === null
        ? 'Nothing is called a copy, but nothing could have been.'
        : 'No evidence that training texts were copied.',
    certainty: `The longest run has ${characters(longest)}${unseen}. ${callable === null ? 'The held-out texts are too few for so many generated ones' : `A single copy is called from ${characters(callable)} on`}. ${test}. Paraphrases are not looked for.`,
  };
}

function phraseFinding({ runs, settings }: Told): Finding | null {
  const common = runs.filter(run => run.common).length;
  if (common === 0) return null;
  return {
    subject: 'common phrases',
    level: 'unknown',
    headline: `${common} ${common === 1 ? 'run is a common phrase and counts' : 'runs are common phrases and count'} for no copy.`,
    certainty: `Each occurs ${settings.commonFrom} times or more in the training texts; they are listed.`,
  };
}

function overlapFinding({ replication: { heldoutOverlap } }: Told): Finding | null {
  if (heldoutOverlap.value === null || heldoutOverlap.value === 0) return null;
  return {
    subject: 'held-out set',
    level: 'warning',
    headline: 'Some held-out texts are also in the training texts, which weakens the comparison with them.',
    certainty: `${percent(heldoutOverlap.value)} of ${heldoutOverlap.n} held-out texts looked at${intervalOf(heldoutOverlap)}; they are left out of the comparison.`,
  };
}

function skippedFinding({ skipped, alsoSkipped }: Told): Finding | null {
  const n = skipped.length + alsoSkipped;
  if (n === 0) return null;
  const first = skipped[0];
  return {
    subject: 'texts left out',
    level: 'warning',
    headline: `${n} ${n === 1 ? 'file or row' : 'files or rows'} could not be read; what they hold was not compared.`,
    certainty: first === undefined ? 'The report says which and why.' : `The first is ${first.file}: ${first.reason}.`,
  };
}

/** What an audit of texts found, in plain words. */
export function writeTextVerdict(told: Told): Finding[] {
  return [copyFinding(told), skippedFinding(told), overlapFinding(told), phraseFinding(told)].filter(
    finding => finding !== null,
  );
}
