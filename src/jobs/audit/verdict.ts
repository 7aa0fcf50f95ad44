import type {
  AttributeBias,
  AuditReport,
  Finding,
  Interval,
  Metric,
  Quality,
  Replication,
  SetName,
  SetSummary,
} from '../../ground/contracts/index.ts';
import { BLIND_SIMILARITY } from './replication/blind.ts';

/** Below this a test speaks against chance. */
const SIGNIFICANT = 0.05;
/** Share of copies that may have gone unseen, at most, where no evidence of copies is good news. */
const MOST_UNKNOWN = 0.35;

function percent(share: number): string {
  const value = 100 * share;
  if (value === 0) return '0 %';
  if (value < 0.1) return '< 0.1 %';
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} %`;
}

function percentRange(interval: Interval | null): string {
  return interval === null
    ? ''
    : ` (${Math.round(100 * interval.confidence)} % interval ${percent(interval.low)} to ${percent(interval.high)})`;
}

function number(value: number, digits = 2): string {
  return value.toFixed(digits);
}

function pText(p: number): string {
  return p < 0.001 ? `p = ${p.toExponential(0)}` : `p = ${Number(p.toPrecision(2))}`;
}

function known(metric: Metric): metric is Metric & { value: number } {
  return metric.value !== null;
}

function copyFinding(replication: Replication): Finding {
  const { copied, falseDiscoveryRate, permutation, pairs } = replication;
  const subject = 'copies';
  if (!known(copied))
    return {
      subject,
      level: 'unknown',
      headline: 'Whether images were copied cannot be determined.',
      certainty: `${copied.reason}.`,
    };
  const copies = pairs.filter(pair => pair.copy).length;
  const test =
    permutation.p === null
      ? 'There is no held-out set, so the relabelling test could not be run'
      : `Relabelling training against held-out images gives ${pText(permutation.p)} over ${permutation.permutations} relabellings`;
  const rate = `at most about ${percent(falseDiscoveryRate)} of such calls are expected to be false`;
  if (copies > 0)
    return {
      subject,
      level: 'bad',
      headline: `${copies} of ${copied.n} generated images look like copies of training images.`,
      certainty: `${percent(copied.value)} of generated images${percentRange(copied.interval)}; ${rate}. ${test}.`,
    };
  if (permutation.p !== null && permutation.p <= SIGNIFICANT)
    return {
      subject,
      level: 'warning',
      headline:
        'No single image is called a copy, but the generated images sit closer to the training images than to others.',
      certainty: `${test}, and chance alone gives as little in ${percent(permutation.p)} of cases.`,
    };
  const { callable } = replication;
  if (callable === null || callable > BLIND_SIMILARITY)
    return {
      subject,
      level: 'unknown',
      headline: 'Nothing is called a copy, but only all but identical images could have been.',
      certainty: `${
        callable === null
          ? 'Not even an identical image would stand out among so many look-alikes'
          : `A single copy has to be ${number(callable)} similar to stand out from look-alikes`
      }; altered copies of portraits are 0.84 to 0.99 similar. ${test}.`,
    };
  if (copied.interval !== null && copied.interval.high > MOST_UNKNOWN)
    return {
      subject,
      level: 'unknown',
      headline: `Nothing is called a copy, but ${copied.n === 1 ? 'one image says' : `${copied.n} different images say`} too little.`,
      certainty: `A share of up to ${percent(copied.interval.high)} could have gone unseen. ${test}.`,
    };
  const ceiling =
    copied.interval === null ? '' : `; a share of up to ${percent(copied.interval.high)} could have gone unseen`;
  return {
    subject,
    level: 'good',
    headline: 'No evidence that training images were copied.',
    certainty: `None of ${copied.n} generated images is called a copy${ceiling}. A single copy is called from a similarity of ${number(callable)} on. ${test}. Absence of evidence covers only what this embedding can see.`,
  };
}

function leakageFinding(replication: Replication): Finding | null {
  const { generated, heldout } = replication.identityLeakage;
  if (!known(generated) || !known(heldout) || generated.interval === null || heldout.interval === null) return null;
  const rate = replication.falseMatchRate;
  const certainty = `${(1e6 * generated.value).toFixed(1)} matches in a million pairs with training images, against ${(1e6 * heldout.value).toFixed(1)} for held-out people, at a false match rate of ${rate}.`;
  if (generated.interval.low > heldout.interval.high)
    return {
      subject: 'identity',
      level: 'warning',
      headline: 'Generated faces match training people more often than strangers do.',
      certainty,
    };
  return {
    subject: 'identity',
    level: 'good',
    headline: 'No evidence that generated faces match training people more often than strangers do.',
    certainty,
  };
}

function trainingFindings(replication: Replication): Finding[] {
  const { duplicates, heldoutOverlap } = replication;
  const findings: Finding[] = [];
  if (known(duplicates.share) && duplicates.clusters.length > 0)
    findings.push({
      subject: 'duplicates',
      level: 'warning',
      headline: `The training set holds ${duplicates.clusters.length} ${duplicates.clusters.length === 1 ? 'group' : 'groups'} of duplicates, which generators copy most readily.`,
      certainty: `${percent(duplicates.share.value)} of ${duplicates.share.n} images searched have a duplicate${percentRange(duplicates.share.interval)}.`,
    });
  if (known(heldoutOverlap) && heldoutOverlap.value > 0)
    findings.push({
      subject: 'held-out set',
      level: 'warning',
      headline: 'Some held-out images are also in the training set, which weakens the comparison with it.',
      certainty: `${percent(heldoutOverlap.value)} of ${heldoutOverlap.n} held-out images have a duplicate among the training images.`,
    });
  return findings;
}

/** The class furthest above its target. */
function mostOver(bias: AttributeBias): { name: string; share: number; target: number } {
  const shares = bias.corrected?.generated ?? bias.generated;
  const list = bias.classes.map(name => ({ name, share: shares[name]?.value ?? 0, target: bias.target[name] ?? 0 }));
  return list.reduce((worst, entry) => (entry.share - entry.target > worst.share - worst.target ? entry : worst));
}

/** Share of a class in the training set, as corrected as that of the generated set. */
function trainingShare(bias: AttributeBias, name: string): number | null {
  return (bias.corrected?.training ?? bias.training)[name]?.value ?? null;
}

/** `ageGroup` and `skin_tone` as words. */
function inWords(name: string): string {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

function biasFinding(name: string, bias: AttributeBias): Finding {
  const attribute = inWords(name);
  const { amplification, discrepancy } = bias;
  const distance = discrepancy.generated.totalVariation;
  const subject = attribute;
  if (!known(distance) || distance.interval === null)
    return {
      subject,
      level: 'unknown',
      headline: `The distribution of ${attribute} cannot be determined.`,
      certainty: `${distance.reason ?? 'no interval'}.`,
    };
  const over = mostOver(bias);
  // Equal shares stand in for a target that nobody gave: nobody said that people of 0-17 and of 75+ shall be as many.
  const given = bias.targetGiven ?? true;
  const before = trainingShare(bias, over.name);
  const shares = `${percent(over.share)} of generated images are ${over.name}, ${
    given
      ? `where ${percent(over.target)} is the target`
      : before === null
        ? 'and no target was given'
        : `${percent(before)} of training images`
  }`;
  const training = discrepancy.training.totalVariation;
  const target = given ? 'the target' : 'equal shares';
  const against = `distance from ${target} ${number(distance.value)} (${number(distance.interval.low)} to ${number(distance.interval.high)})${
    known(training) ? `, training set ${number(training.value)}` : ''
  }`;
  const { p, test } = amplification;
  const differs = p !== null && p <= SIGNIFICANT;
  const tested = p === null ? '' : `; generated against training ${pText(p)} (${test})`;
  const certainty = `${against}${tested}.`;
  if (differs && known(amplification) && amplification.interval !== null && amplification.interval.low > 1)
    return {
      subject,
      level: 'bad',
      headline: `The generator makes the skew in ${attribute} worse: ${shares}.`,
      certainty: `${number(amplification.value)} times the training set's distance from ${target} (${number(amplification.interval.low)} to ${number(amplification.interval.high)}). ${sentence(certainty)}`,
    };
  if (!given)
    return differs
      ? {
          subject,
          level: 'warning',
          headline: `The distribution of ${attribute} differs from the training set's: ${shares}.`,
          certainty: sentence(certainty),
        }
      : {
          subject,
          level: p === null ? 'unknown' : 'good',
          headline: `No evidence that the generator changes the distribution of ${attribute}: ${shares}.`,
          certainty: `${sentence(certainty)} No target was given (--target), so nothing is said of whether these shares are fair.`,
        };
  if (distance.interval.low > 0.05)
    return {
      subject,
      level: 'warning',
      headline: `${sentence(attribute)} is skewed${differs ? ', and differently from the training set' : ', with no evidence that more than in the training set'}: ${shares}.`,
      certainty: sentence(certainty),
    };
  return {
    subject,
    level: differs ? 'warning' : 'good',
    headline: differs
      ? `The distribution of ${attribute} differs from the training set's, but is close to the target.`
      : `No evidence of a marked skew in ${attribute}.`,
    certainty: sentence(certainty),
  };
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function qualityFinding(quality: Quality): Finding {
  const { kid, coverage, precision, reference } = quality;
  const subject = 'quality';
  const name = reference === 'heldout' ? 'held-out' : 'training';
  if (!known(kid) || kid.interval === null || !known(precision) || !known(coverage))
    return {
      subject,
      level: 'unknown',
      headline: 'How realistic and varied the images are cannot be determined.',
      certainty: `${kid.reason ?? precision.reason ?? 'too few images'}.`,
    };
  const certainty = `${percent(precision.value)} of generated images lie among ${name} images (precision), and near ${percent(coverage.value)} of ${name} images there is a generated one (coverage); kernel distance ${kid.value.toPrecision(2)} (${kid.interval.low.toPrecision(2)} to ${kid.interval.high.toPrecision(2)}).`;
  if (kid.interval.low <= 0)
    return {
      subject,
      level: 'good',
      headline: `Generated and ${name} images cannot be told apart as a whole in this embedding.`,
      certainty,
    };
  return {
    subject,
    level: precision.value < 0.5 || coverage.value < 0.5 ? 'warning' : 'good',
    headline:
      coverage.value < 0.5
        ? `The generated images leave out much of the variety of the ${name} images.`
        : precision.value < 0.5
          ? `Many generated images lie outside the range of ${name} images.`
          : `The generated images differ from ${name} images as a whole, and cover most of their range.`,
    certainty,
  };
}

/** What was read of the sets, and what was not. */
export interface Reading {
  readonly sets: AuditReport['sets'];
  readonly skipped: AuditReport['skipped'];
  /** Labels of images that are not there. */
  readonly labels?: readonly LabelsAside[] | undefined;
  /** Answers that a model which was asked for attributes did not give. */
  readonly unanswered?: readonly Unanswered[] | undefined;
}

/** Images of a set that a model gave no class of an attribute. */
export interface Unanswered {
  readonly attribute: string;
  readonly set: 'training' | 'generated';
  readonly n: number;
  readonly of: number;
}

/** Labels of a table whose images are not there. */
export interface LabelsAside {
  readonly set: SetName;
  /** As the table names them; the first ones are told. */
  readonly missing: readonly string[];
  /** Images of the set without a label. */
  readonly unlabelled: number;
}

/** Share of a set that may stay unexamined before nothing good can be said of the set. */
const MOST_UNSEEN = 0.1;
/** Names and reasons that a finding lists. */
const LISTED = 3;

const SET_WORDS = { generated: 'generated', training: 'training', heldout: 'held-out' } as const;

interface ReadSet {
  readonly name: SetName;
  readonly word: string;
  readonly summary: SetSummary;
}

function readSets({ sets }: Reading): ReadSet[] {
  return (['generated', 'training', 'heldout'] as const).flatMap(name => {
    const summary = sets[name];
    return summary === null ? [] : [{ name, word: SET_WORDS[name], summary }];
  });
}

function plural(n: number, one: string, more = `${one}s`): string {
  return `${n} ${n === 1 ? one : more}`;
}

/** The most common reasons with their numbers and a file each. */
function reasonsOf(skipped: AuditReport['skipped'], set: SetName): string {
  const byReason = new Map<string, string[]>();
  for (const { set: own, file, reason } of skipped)
    if (own === set) byReason.set(reason, [...(byReason.get(reason) ?? []), file]);
  const sorted = [...byReason].sort((a, b) => b[1].length - a[1].length);
  const told = sorted
    .slice(0, LISTED)
    .map(
      ([reason, files]) =>
        `${files.length} × ${reason.slice(0, 80)} (${files[0]?.slice(0, 60)}${files.length > 1 ? ', …' : ''})`,
    );
  return [...told, ...(sorted.length > LISTED ? [`${sorted.length - LISTED} other reasons`] : [])].join('; ');
}

function unreadFinding(reading: Reading): Finding | null {
  const lacking = readSets(reading).filter(({ summary }) => summary.embedded < summary.n);
  if (lacking.length === 0) return null;
  const shares = lacking.map(({ summary: { n, embedded } }) => 1 - embedded / n);
  const parts = lacking.map(({ word, summary: { n, embedded } }) => `${n - embedded} of ${n} ${word} images`);
  const reasons = lacking.map(({ name, word }) => `${sentence(word)}: ${reasonsOf(reading.skipped, name)}`);
  return {
    subject: 'images read',
    level: Math.max(...shares) > MOST_UNSEEN ? 'warning' : 'good',
    headline: `${parts.join(' and ')} could not be used.`,
    certainty: `${reasons.join('. ')}. Every finding rests on the other images alone.`,
  };
}

function labelsFinding({ labels = [] }: Reading): Finding | null {
  const lacking = labels.filter(({ missing }) => missing.length > 0);
  if (lacking.length === 0) return null;
  const parts = lacking.map(({ set, missing }) => `${plural(missing.length, 'label')} of the ${SET_WORDS[set]} set`);
  const named = lacking.map(({ set, missing, unlabelled }) => {
    const first = missing.slice(0, LISTED).map(file => `"${file.slice(0, 60)}"`);
    const more = missing.length > first.length ? ', …' : '';
    return `${sentence(SET_WORDS[set])}: ${first.join(', ')}${more}; ${plural(unlabelled, 'image')} there without a label`;
  });
  const one = lacking.length === 1 && lacking[0]?.missing.length === 1;
  return {
    subject: 'labels',
    level: 'warning',
    headline: `${parts.join(' and ')} ${one ? 'names an image that is' : 'name images that are'} not there.`,
    certainty: `${named.join('. ')}. The other labels are used.`,
  };
}

function unansweredFinding({ unanswered = [] }: Reading): Finding | null {
  const lacking = unanswered.filter(({ n }) => n > 0);
  if (lacking.length === 0) return null;
  const parts = lacking.map(({ attribute, set, n, of }) => `${attribute} of ${n} of ${of} ${SET_WORDS[set]} images`);
  return {
    subject: 'answers',
    level: lacking.some(({ n, of }) => n / of > MOST_UNSEEN) ? 'warning' : 'unknown',
    headline: `The model that was asked gave no class: ${parts.join(', ')}.`,
    certainty:
      'It declined, or named none or several. Shares rest on the other images; where it declines one class more often than another, they are skewed by that.',
  };
}

function severalFacesFinding(reading: Reading): Finding | null {
  const crowded = readSets(reading).filter(({ summary }) => (summary.severalFaces ?? 0) > 0);
  if (crowded.length === 0) return null;
  const all = crowded.every(({ summary }) => summary.faces === 'all');
  const parts = crowded.map(
    ({ word, summary: { severalFaces = 0, embedded } }) => `${severalFaces} of ${embedded} ${word} images`,
  );
  const most = Math.max(...crowded.map(({ summary: { severalFaces = 0, embedded } }) => severalFaces / embedded));
  return {
    subject: 'several faces',
    level: all ? 'good' : most > MOST_UNSEEN ? 'warning' : 'unknown',
    headline: `${parts.join(' and ')} hold more than one face${all ? '' : '; only the largest was compared'}.`,
    certainty: all
      ? 'Every face that was found was compared; faces of one image are not independent of each other, so intervals are somewhat too narrow.'
      : 'Nothing is known of the other faces, copies among them included; --faces all compares every face that is found.',
  };
}

function repeatsFinding({ generated, heldout }: NonNullable<AuditReport['repeats']>): Finding | null {
  const [repeats, word] = generated.distinct < generated.n ? [generated, 'generated'] : [heldout, 'held-out'];
  const [largest] = repeats?.groups ?? [];
  if (repeats === null || largest === undefined) return null;
  const { n, distinct } = repeats;
  return {
    subject: 'repeats',
    level: word === 'generated' && 1 - distinct / n > MOST_UNSEEN ? 'bad' : 'warning',
    headline: `The ${n} ${word} images are only ${plural(distinct, 'different image')}: one of them is there ${largest.n} times.`,
    certainty: `"${largest.files[0]?.slice(0, 60)}" and others are identical. Identical images are one observation: each counts once in every share, interval and test, whose effective n is ${distinct} and not ${n}.`,
  };
}

/** Subjects whose findings say nothing of faces that were not compared. */
const OF_FACES = new Set(['copies', 'identity']);

/** What was not examined, in words; empty where little enough was not. */
function unexamined(reading: Reading, subject: string): string {
  const parts = readSets(reading).flatMap(({ word, summary: { n, embedded, severalFaces = 0, faces } }) => {
    const own: string[] = [];
    if (1 - embedded / n > MOST_UNSEEN) own.push(`only ${embedded} of ${n} ${word} images could be used`);
    if (OF_FACES.has(subject) && faces !== 'all' && severalFaces / embedded > MOST_UNSEEN)
      own.push(`in ${severalFaces} of ${embedded} ${word} images only the largest face was compared`);
    return own;
  });
  return parts.join(', and ');
}

/** A verdict is no better than what was examined: nothing good is said of a set of which too much was not. */
function noBetterThan(reading: Reading, finding: Finding): Finding {
  if (finding.level !== 'good') return finding;
  const missing = unexamined(reading, finding.subject);
  if (missing === '') return finding;
  const { headline } = finding;
  return {
    ...finding,
    level: 'unknown',
    headline: `In what could be examined: ${headline.charAt(0).toLowerCase()}${headline.slice(1)}`,
    certainty: `${sentence(missing)}, so this is not an answer for the whole set. ${finding.certainty}`,
  };
}

/** What the numbers say in plain words, most important first within each part. */
export function writeVerdict(report: {
  readonly replication: Replication;
  readonly bias: { readonly attributes: Readonly<Record<string, AttributeBias>> };
  readonly quality: Quality;
  readonly repeats?: AuditReport['repeats'];
  readonly reading?: Reading | undefined;
}): Finding[] {
  const { reading, repeats } = report;
  const leakage = leakageFinding(report.replication);
  const measured = [
    copyFinding(report.replication),
    ...(leakage === null ? [] : [leakage]),
    ...trainingFindings(report.replication),
    ...Object.entries(report.bias.attributes).map(([name, bias]) => biasFinding(name, bias)),
    qualityFinding(report.quality),
  ];
  const caveats = [
    ...(reading === undefined
      ? []
      : [unreadFinding(reading), labelsFinding(reading), unansweredFinding(reading), severalFacesFinding(reading)]),
    repeats === undefined ? null : repeatsFinding(repeats),
  ].filter(finding => finding !== null);
  const [copies, ...others] =
    reading === undefined ? measured : measured.map(finding => noBetterThan(reading, finding));
  return [...(copies === undefined ? [] : [copies]), ...caveats, ...others];
}
