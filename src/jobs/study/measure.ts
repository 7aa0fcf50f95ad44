import {
  type AttributeBias,
  type Metric,
  missingMetric,
  type StudyAttribute,
  type StudyKind,
  type StudyReport,
} from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, proportionMetric, type RandomKey } from '../../ground/math/index.ts';
import { suggest } from '../../kit/job/index.ts';
import { compareCounts, countConfusion, GIVEN_LABELS, type Labels, measureAttribute } from '../audit/index.ts';
import type { Said } from './labeller.ts';

/** One attribute of the folder: its labels, and what the classifier says of the same images (null where it was not asked). */
export interface FolderAttribute {
  readonly name: string;
  readonly classes: readonly string[];
  readonly classifier: string;
  readonly labels: Labels;
  readonly predicted: Labels;
  readonly target?: Readonly<Record<string, number>> | undefined;
}

/** Values of one attribute. */
export function valuesOf(said: readonly Said[], attribute: string): Labels {
  return said.map(one => one?.[attribute] ?? null);
}

/**
 * Checks the labels of an attribute against the classes of the classifier.
 *
 * @throws {BiolensError} `input` for a label that is none of them, or where no image has a label
 */
export function checkLabels(
  { name, classes, classifier, labels }: Omit<FolderAttribute, 'predicted'>,
  { source }: { readonly source: string },
): void {
  const foreign = labels.find(label => label !== null && !classes.includes(label));
  if (foreign != null)
    throw new BiolensError(
      'input',
      `${source}: ${name} "${foreign}" is not a class of the classifier ${classifier}: ${classes.join(', ')}${suggest(foreign, classes)}`,
    );
  if (labels.every(label => label === null))
    throw new BiolensError('input', `${source}: no image has a value of "${name}"`);
}

function count(classes: readonly string[], labels: Labels): number[] {
  return classes.map(name => labels.filter(label => label === name).length);
}

/** What is the same for all generators: the classes, the folder's shares, the classifier's errors. */
export function describeAttribute(attribute: FolderAttribute, bias: AttributeBias): StudyAttribute {
  const { classes, labels, predicted, classifier } = attribute;
  const confusion = countConfusion(classes, predicted, labels);
  const n = confusion.flat().reduce((sum, value) => sum + value, 0);
  const right = confusion.reduce((sum, line, i) => sum + line[i]!, 0);
  const counts = count(classes, labels);
  const labelled = counts.reduce((sum, value) => sum + value, 0);
  return {
    classes: [...classes],
    target: bias.target,
    whole: Object.fromEntries(classes.map((name, i) => [name, proportionMetric(counts[i]!, labelled)])),
    classifier: {
      name: classifier,
      confusion,
      accuracy: n > 0 ? proportionMetric(right, n) : missingMetric('no labelled image was classified'),
    },
  };
}

/**
 * Bias of one generator's samples beside its training images.
 *
 * The classifier's errors are measured over the whole folder, not over the subset: a small one says little of them.
 */
export function measureGenerator(
  { name, classes, classifier, labels, predicted, target }: FolderAttribute,
  { subset, samples, key }: { readonly subset: readonly number[]; readonly samples: Labels; readonly key: RandomKey },
): AttributeBias {
  const pick = (list: Labels): Labels => subset.map(index => list[index] ?? null);
  return measureAttribute(
    name,
    {
      classes,
      training: { source: GIVEN_LABELS, labels: pick(labels), predicted: pick(predicted) },
      generated: { source: classifier, labels: samples },
      target,
      confusion: countConfusion(classes, predicted, labels),
    },
    { key },
  );
}

/** Difference of two metrics by the method of variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008, eq. 7). */
export function differenceOf(first: Metric, second: Metric): Metric {
  if (first.value === null) return missingMetric(first.reason ?? 'not known', first.n);
  if (second.value === null) return missingMetric(second.reason ?? 'not known', second.n);
  const value = first.value - second.value;
  const n = Math.min(first.n, second.n);
  const [a, b] = [first.interval, second.interval];
  if (a === null || b === null) return { value, n, interval: null };
  const low = value - Math.hypot(first.value - a.low, b.high - second.value);
  const high = value + Math.hypot(a.high - first.value, second.value - b.low);
  return { value, n, interval: { low, high, confidence: a.confidence, method: 'mover' } };
}

/** Compares the samples of two kinds that were trained on the same images. */
export function compareKinds(
  attribute: FolderAttribute,
  {
    size,
    sides,
    key,
  }: {
    readonly size: number;
    readonly sides: readonly [Side, Side];
    readonly key: RandomKey;
  },
): StudyReport['comparisons'][number] {
  const [first, second] = sides;
  const counts = (side: Side): number[] => count(attribute.classes, side.samples);
  return {
    attribute: attribute.name,
    size,
    first: first.kind,
    second: second.kind,
    difference: differenceOf(first.bias.amplification, second.bias.amplification),
    ...compareCounts(counts(first), counts(second), { key: foldIn(key, 'kinds') }),
  };
}

interface Side {
  readonly kind: StudyKind;
  readonly samples: Labels;
  readonly bias: AttributeBias;
}
