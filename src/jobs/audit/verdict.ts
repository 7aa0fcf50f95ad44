import type { AttributeBias, Finding, Interval, Metric, Quality, Replication } from '../../ground/contracts/index.ts';

/** Below this a test speaks against chance. */
const SIGNIFICANT = 0.05;
/** Similarity that half of all altered copies of portraits stay below: an audit that starts there misses too many. */
const BLIND = 0.96;

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
      headline: 'Whether images were copied cannot be said.',
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
  if (callable === null || callable > BLIND)
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
      headline: `The mix of ${attribute} cannot be said.`,
      certainty: `${distance.reason ?? 'no interval'}.`,
    };
  const over = mostOver(bias);
  const mix = `${percent(over.share)} of generated images are ${over.name}, where ${percent(over.target)} is the target`;
  const training = discrepancy.training.totalVariation;
  const against = `distance from the target ${number(distance.value)} (${number(distance.interval.low)} to ${number(distance.interval.high)})${
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
      headline: `The generator makes the skew in ${attribute} worse: ${mix}.`,
      certainty: `${number(amplification.value)} times the training set's distance from the target (${number(amplification.interval.low)} to ${number(amplification.interval.high)}). ${sentence(certainty)}`,
    };
  if (distance.interval.low > 0.05)
    return {
      subject,
      level: 'warning',
      headline: `${sentence(attribute)} is skewed${differs ? ', and differently from the training set' : ', with no evidence that more than in the training set'}: ${mix}.`,
      certainty: sentence(certainty),
    };
  return {
    subject,
    level: differs ? 'warning' : 'good',
    headline: differs
      ? `The mix of ${attribute} differs from the training set's, but is close to the target.`
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
      headline: 'How realistic and varied the images are cannot be said.',
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

/** What the numbers say in plain words, most important first within each part. */
export function writeVerdict(report: {
  readonly replication: Replication;
  readonly bias: { readonly attributes: Readonly<Record<string, AttributeBias>> };
  readonly quality: Quality;
}): Finding[] {
  const leakage = leakageFinding(report.replication);
  return [
    copyFinding(report.replication),
    ...(leakage === null ? [] : [leakage]),
    ...trainingFindings(report.replication),
    ...Object.entries(report.bias.attributes).map(([name, bias]) => biasFinding(name, bias)),
    qualityFinding(report.quality),
  ];
}
