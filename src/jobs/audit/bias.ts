import { type AttributeBias, type Discrepancy, type Metric, missingMetric } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import {
  chiSquareTest,
  type FourCounts,
  fisherExact,
  foldIn,
  openStream,
  proportionMetric,
  type RandomKey,
} from '../../ground/math/index.ts';
import { suggest } from '../../kit/job/index.ts';
import { drawShares } from './draws.ts';
import { amplification, biasCorrectedInterval, type UncertainShares } from './metrics/amplification.ts';
import { drawCorrectedShares } from './metrics/cleam.ts';
import { compareDistributions, type Distances, normalisedEntropy } from './metrics/discrepancy.ts';
import { type AuditProgress, stepCounter } from './progress.ts';

/** The class of every item, null where it is not known. */
export type Labels = readonly (string | null)[];

export interface LabelledSet {
  /** Where the labels come from: `labels` for those a person gave, `built-in`, or the name of a classifier. */
  readonly source: string;
  readonly labels: Labels;
  /** What the classifier of the other set says of these items too, where `labels` are a person's. */
  readonly predicted?: Labels | undefined;
}

export interface AttributeLabels {
  readonly classes: readonly string[];
  readonly training: LabelledSet;
  readonly generated: LabelledSet;
  /** Share of each class that counts as fair; equal shares by default. */
  readonly target?: Readonly<Record<string, number>> | undefined;
  /**
   * `confusion[predicted][true]` counts of the classifier on labelled items; by default measured on the training set where it
   * has both labels and predictions.
   */
  readonly confusion?: readonly (readonly number[])[] | undefined;
}

/** What labels a person gave are called. */
export const GIVEN_LABELS = 'labels';

const DRAWS = 2000;
/** Labelled items of a class below which a column of the confusion matrix says too little to correct with. */
const MIN_CONFUSION = 5;
const PERMUTATIONS = 1999;

/** Upper ends of the age groups, in years. */
const AGE_LIMITS = [18, 30, 45, 60, 75] as const;
/** Names of the age groups, youngest first. */
export const AGE_GROUPS = ['0-17', '18-29', '30-44', '45-59', '60-74', '75+'] as const;

/** The age group of an age in years. */
export function ageGroupOf(years: number): (typeof AGE_GROUPS)[number] {
  const group = AGE_LIMITS.findIndex(limit => years < limit);
  return AGE_GROUPS[group < 0 ? AGE_LIMITS.length : group]!;
}

function countClasses(name: string, classes: readonly string[], labels: Labels): number[] {
  const counts = classes.map(() => 0);
  for (const label of labels) {
    if (label === null) continue;
    const at = classes.indexOf(label);
    if (at < 0) throw new BiolensError('input', `${name}: "${label}" is not one of the classes ${classes.join(', ')}`);
    counts[at]!++;
  }
  return counts;
}

/**
 * The share of each class that counts as fair; equal shares where none are given.
 *
 * @throws BiolensError `usage` for a class that is not one, or shares that do not sum to 1
 */
export function targetOf(name: string, { classes, target }: Pick<AttributeLabels, 'classes' | 'target'>): number[] {
  if (target === undefined) return classes.map(() => 1 / classes.length);
  const unknown = Object.keys(target).find(key => !classes.includes(key));
  if (unknown !== undefined)
    throw new BiolensError(
      'usage',
      `target of ${name}: "${unknown}" is not one of the classes ${classes.join(', ')}${suggest(unknown, classes)}`,
    );
  const shares = classes.map(key => target[key] ?? 0);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (shares.some(share => !(share >= 0)) || Math.abs(sum - 1) > 1e-6)
    throw new BiolensError('usage', `target of ${name}: expected shares that sum to 1, got ${shares.join(', ')}`);
  return shares;
}

function distributionOf(classes: readonly string[], counts: readonly number[]): Record<string, Metric> {
  const n = counts.reduce((sum, count) => sum + count, 0);
  return Object.fromEntries(
    classes.map((name, i) => [name, n > 0 ? proportionMetric(counts[i]!, n) : missingMetric('no labelled items')]),
  );
}

function correctedDistribution(
  classes: readonly string[],
  { n, shares, draws }: UncertainShares,
): Record<string, Metric> {
  return Object.fromEntries(
    classes.map((name, i): [string, Metric] => {
      const value = shares[i]!;
      const interval = biasCorrectedInterval(
        value,
        draws.map(draw => draw[i]!),
      );
      return [name, { value, n, interval: { ...interval, method: 'dirichlet' } }];
    }),
  );
}

const INFINITE = 'infinite: a class occurs in one distribution and never in the other';

/** Distances of `p` from shares that are known exactly (a target) or are uncertain themselves, and the entropy of `p`. */
function discrepancyOf(
  p: UncertainShares | null,
  q: UncertainShares | { readonly shares: readonly number[] } | null,
): Discrepancy {
  const known = p !== null && q !== null;
  const values = known ? compareDistributions(p.shares, q.shares) : null;
  const n = known ? Math.min(p.n, 'n' in q ? q.n : p.n) : 0;
  const draws = known
    ? p.draws.map((draw, i) => compareDistributions(draw, 'draws' in q ? q.draws[i]! : q.shares))
    : [];
  const metric = (name: keyof Distances): Metric => {
    if (values === null) return missingMetric('no labelled items');
    const value = values[name];
    if (value === null) return missingMetric(INFINITE, n);
    const drawn = draws.map(distances => distances[name]).filter(draw => draw !== null);
    return { value, n, interval: biasCorrectedInterval(value, drawn) };
  };
  const entropy = (): Metric => {
    if (p === null) return missingMetric('no labelled items');
    const value = normalisedEntropy(p.shares);
    return { value, n: p.n, interval: biasCorrectedInterval(value, p.draws.map(normalisedEntropy)) };
  };
  return {
    parityGap: metric('parityGap'),
    fairnessDiscrepancy: metric('fairnessDiscrepancy'),
    totalVariation: metric('totalVariation'),
    kl: metric('kl'),
    jensenShannon: metric('jensenShannon'),
    chiSquare: metric('chiSquare'),
    normalisedEntropy: entropy(),
  };
}

/** Counts of `confusion[predicted][true]` over items that have both. */
export function countConfusion(classes: readonly string[], predicted: Labels, truth: Labels): number[][] {
  const confusion = classes.map(() => classes.map(() => 0));
  truth.forEach((label, i) => {
    const said = predicted[i] ?? null;
    if (label === null || said === null) return;
    const row = confusion[classes.indexOf(said)];
    const column = classes.indexOf(label);
    if (row?.[column] !== undefined) row[column]++;
  });
  return confusion;
}

/** The confusion matrix where every class has labelled items enough to correct with. */
function usableConfusion({ classes, training, confusion }: AttributeLabels): readonly (readonly number[])[] | null {
  const measured =
    confusion ??
    (training.source === GIVEN_LABELS && training.predicted !== undefined
      ? countConfusion(classes, training.predicted, training.labels)
      : null);
  if (measured === null) return null;
  const enough = classes.every((_, j) => measured.reduce((sum, line) => sum + line[j]!, 0) >= MIN_CONFUSION);
  return enough ? measured : null;
}

/**
 * Test that two sets have one distribution over the classes: exact for two classes, χ² for more, by shuffling where a class
 * is too rare for its law.
 *
 * @param first `[classes]` counts
 * @param second `[classes]` counts
 * @returns `p` null when a set is empty
 */
export function compareCounts(
  first: readonly number[],
  second: readonly number[],
  options: { readonly key: RandomKey },
): { readonly p: number | null; readonly test: string } {
  const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);
  if (total(first) === 0 || total(second) === 0) return { p: null, test: 'none: no labelled items' };
  const seen = first.flatMap((count, i) => (count + second[i]! > 0 ? [i] : []));
  if (seen.length < 2) return { p: 1, test: 'none needed: one class in both sets' };
  const [one = [], other = []] = [first, second].map(counts => seen.map(i => counts[i]!));
  if (seen.length === 2) {
    const table: FourCounts = [
      [one[0]!, one[1]!],
      [other[0]!, other[1]!],
    ];
    return { p: fisherExact(table), test: 'fisher-exact' };
  }
  const { p, method } = chiSquareTest([one, other], { stream: openStream(options.key), permutations: PERMUTATIONS });
  return { p, test: method === 'permutation' ? 'permutation-chi-square' : 'chi-square' };
}

/**
 * Shares, distances and amplification of one attribute.
 *
 * Where a classifier labels the generated items and its errors can be measured on labelled ones, the distances and the
 * amplification rest on shares corrected for them, and the two-sample test compares what the classifier says of both sets: its
 * errors then fall on both alike, and the test stays valid without knowing them.
 */
export function measureAttribute(
  name: string,
  labels: AttributeLabels,
  options: { readonly key: RandomKey },
): AttributeBias {
  const { classes, training, generated } = labels;
  const { key } = options;
  if (classes.length < 2) throw new BiolensError('input', `${name}: expected 2 classes or more, got ${classes.length}`);
  const target = targetOf(name, labels);
  const trainingCounts = countClasses(`${name} of the training set`, classes, training.labels);
  const generatedCounts = countClasses(`${name} of the generated set`, classes, generated.labels);
  const classified = generated.source !== GIVEN_LABELS;
  const confusion = classified ? usableConfusion(labels) : null;
  const shares = (counts: readonly number[], set: string, correct: boolean): UncertainShares | null => {
    const n = counts.reduce((sum, count) => sum + count, 0);
    if (n === 0) return null;
    const own = foldIn(key, set);
    if (correct && confusion !== null)
      return { n, ...drawCorrectedShares(counts, confusion, { key: own, draws: DRAWS }) };
    const stream = openStream(own);
    return {
      n,
      shares: counts.map(count => count / n),
      draws: Array.from({ length: DRAWS }, () => drawShares(stream, counts)),
    };
  };
  const trainingShares = shares(trainingCounts, 'training', training.source !== GIVEN_LABELS);
  const generatedShares = shares(generatedCounts, 'generated', classified);
  const comparable =
    classified && training.source === GIVEN_LABELS && training.predicted !== undefined
      ? countClasses(`${name} of the training set`, classes, training.predicted)
      : trainingCounts;
  return {
    classes: [...classes],
    source: { training: training.source, generated: generated.source },
    target: Object.fromEntries(classes.map((key, i) => [key, target[i]!])),
    targetGiven: labels.target !== undefined,
    training: distributionOf(classes, trainingCounts),
    generated: distributionOf(classes, generatedCounts),
    corrected:
      confusion === null || generatedShares === null
        ? null
        : {
            confusion: toColumnShares(confusion),
            confusionN: Math.round(confusion.flat().reduce((sum, count) => sum + count, 0)),
            training:
              training.source === GIVEN_LABELS || trainingShares === null
                ? null
                : correctedDistribution(classes, trainingShares),
            generated: correctedDistribution(classes, generatedShares),
          },
    discrepancy: {
      training: discrepancyOf(trainingShares, { shares: target }),
      generated: discrepancyOf(generatedShares, { shares: target }),
      between: discrepancyOf(generatedShares, trainingShares),
    },
    amplification: {
      ...(trainingShares === null || generatedShares === null
        ? missingMetric('no labelled items')
        : amplification(trainingShares, generatedShares, target)),
      ...compareCounts(comparable, generatedCounts, { key: foldIn(key, 'test') }),
    },
  };
}

function toColumnShares(confusion: readonly (readonly number[])[]): number[][] {
  return confusion.map(line => line.map((count, j) => count / confusion.reduce((sum, other) => sum + other[j]!, 0)));
}

/**
 * Bias of every attribute, in the order given.
 *
 * @throws BiolensError `input` for a label that is none of the classes, `usage` for a target that is no distribution
 */
export function* measureBias(
  attributes: ReadonlyMap<string, AttributeLabels>,
  options: { readonly key: RandomKey; readonly signal?: AbortSignal | undefined },
): Generator<AuditProgress, Record<string, AttributeBias>> {
  const step = stepCounter('bias', attributes.size);
  const result: Record<string, AttributeBias> = {};
  for (const [name, labels] of attributes) {
    throwIfAborted(options.signal);
    yield step(name);
    result[name] = measureAttribute(name, labels, { key: foldIn(options.key, name) });
  }
  return result;
}
