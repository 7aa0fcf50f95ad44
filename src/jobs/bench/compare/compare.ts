import { CATEGORIES } from '../../../ground/contracts/bench-codes.ts';
import type { BenchComparison, LeaderboardRow, ModelPair } from '../../../ground/contracts/bench-compare.ts';
import { missingMetric } from '../../../ground/contracts/metric.ts';
import { benjaminiHochberg, newcombe, normalSurvival } from '../../../ground/math/index.ts';
import { PUBLISHED_RESULTS, publishedSize } from '../reference.ts';
import type { Observation } from '../score/clustered-share.ts';
import type { ScoredModel } from '../score/score.ts';
import { compareGroups } from './groups.ts';
import { nameScores, publishedRow, scoreRow } from './leaderboard.ts';
import { testPaired } from './paired.ts';
import { differencesOf } from './question-differences.ts';
import { fitSizeLaw } from './size-law.ts';

export interface CompareOptions {
  /** Beside the 28 published models and two baselines; the default. */
  readonly published?: boolean;
  /** Expected share of false discoveries among the differences called real; default 0.05. */
  readonly falseDiscoveryRate?: number;
}

/**
 * Compares models: which differences are real, single against multiple images, accuracy against size. Own models are compared
 * question by question; with published rows, of which only totals are known, by totals, if they are of the same questions. With
 * no own model, the published rows are compared with each other.
 */
export function compareModels(models: readonly ScoredModel[], options: CompareOptions = {}): BenchComparison {
  const { published = true, falseDiscoveryRate = 0.05 } = options;
  const names = nameScores(models.map(model => model.score));
  const own = models.map((model, i) => ({ model, row: scoreRow(model.score, names[i]!) }));
  const reference = published ? PUBLISHED_RESULTS.map(publishedRow) : [];
  const notTested = own.length > 0 && published ? whyNotComparable(models) : null;
  const pairs: UntestedPair[] = [];
  for (const [i, first] of own.entries()) {
    for (const second of own.slice(i + 1)) pairs.push(pairOwn(first, second));
    if (notTested === null) for (const row of reference) pairs.push(pairTotals(first.row, row));
  }
  if (own.length === 0)
    for (const [i, first] of reference.entries())
      for (const second of reference.slice(i + 1)) pairs.push(pairTotals(first, second));
  const ours = own.map(({ row }) => row);
  // Shares of other questions stand beside the own ones as context: neither their order nor a curve through both would mean anything.
  const rows =
    notTested === null ? byAccuracy([...ours, ...reference]) : [...byAccuracy(ours), ...byAccuracy(reference)];
  const sized = (notTested === null ? rows : ours).filter(row => row.size !== null && row.overall.value !== null);
  const fit = fitSizeLaw(sized.map(row => ({ size: row.size!, error: 1 - row.overall.value! })));
  return {
    rows,
    pairs: adjust(pairs, falseDiscoveryRate),
    falseDiscoveryRate,
    publishedNotTested: notTested,
    singleAgainstMultiple: own.map(({ model, row }) => {
      const of = (count: string): Observation[] =>
        model.questions.flatMap(({ question, value, cluster }) =>
          value === null || question.imageCount !== count ? [] : [{ value, cluster }],
        );
      const none = missingMetric('no such questions');
      const { single = none, multiple = none } = model.score.byImageCount;
      return { name: row.name, single, multiple, ...compareGroups(of('single'), of('multiple')) };
    }),
    size: fit === null ? null : { rows: sized.map(row => row.name), fit },
  };
}

const byAccuracy = (rows: readonly LeaderboardRow[]): LeaderboardRow[] =>
  rows.toSorted((a, b) => (b.overall.value ?? -1) - (a.overall.value ?? -1));

/** Published totals are of 5,000 questions with so many in each category; other questions cannot be held against them. */
function whyNotComparable(models: readonly ScoredModel[]): string | null {
  for (const { questions } of models) {
    for (const { code, name } of CATEGORIES) {
      const n = questions.filter(({ question, value }) => question.category === code && value !== null).length;
      // A few failed requests do not make it another benchmark.
      if (n > publishedSize(code) || n < 0.99 * publishedSize(code))
        return `the published rows are of other questions: ${publishedSize(code)} on ${name}, here ${n}`;
    }
  }
  return null;
}

type UntestedPair = Omit<ModelPair, 'q' | 'real'>;

interface OwnRow {
  readonly model: ScoredModel;
  readonly row: LeaderboardRow;
}

function pairOwn(first: OwnRow, second: OwnRow): UntestedPair {
  const { differences, links } = differencesOf(first.model, second.model);
  const named = { first: first.row.name, second: second.row.name, paired: true };
  if (differences.length === 0) {
    const reason = 'no question was answered by both';
    return {
      ...named,
      difference: missingMetric(reason),
      p: null,
      test: 'none',
      firstBetter: null,
      secondBetter: null,
      reason,
    };
  }
  return { ...named, ...testPaired(differences, links) };
}

/**
 * Two shares of about as many questions, taken as independent. They are of the same questions, on which models tend to be right
 * together, so that the true p-value is smaller: this errs towards finding nothing.
 */
function pairTotals(first: LeaderboardRow, second: LeaderboardRow): UntestedPair {
  const named = { first: first.name, second: second.name, paired: false, firstBetter: null, secondBetter: null };
  const [a, b] = [first.overall, second.overall];
  if (a.value === null || b.value === null) {
    const reason = 'one of the two has no score';
    return { ...named, difference: missingMetric(reason), p: null, test: 'none', reason };
  }
  const pooled = (a.value * a.n + b.value * b.n) / (a.n + b.n);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n));
  const value = a.value - b.value;
  const count = (metric: typeof a): { successes: number; n: number } => ({
    successes: Math.round((metric.value ?? 0) * metric.n),
    n: metric.n,
  });
  return {
    ...named,
    difference: { value, n: a.n + b.n, interval: newcombe(count(a), count(b)) },
    p: error === 0 ? 1 : Math.min(1, 2 * normalSurvival(Math.abs(value) / error)),
    test: 'two-proportions',
  };
}

function adjust(pairs: readonly UntestedPair[], falseDiscoveryRate: number): ModelPair[] {
  const tested = pairs.flatMap(pair => pair.p ?? []);
  const adjusted = benjaminiHochberg(tested).values();
  return pairs.map(pair => {
    const q = pair.p === null ? null : (adjusted.next().value ?? null);
    return { ...pair, q, real: q !== null && q <= falseDiscoveryRate };
  });
}
