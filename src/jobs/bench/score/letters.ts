import { Matrix, pseudoInverse } from 'ml-matrix';
import type { LetterBias } from '../../../ground/contracts/bench-score.ts';
import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { bootstrap, foldIn, fSurvival, openStream, randomKey } from '../../../ground/math/index.ts';
import { clusteredShare, type Observation } from './clustered-share.ts';
import type { Clusters } from './clusters.ts';
import type { Judgement } from './judge.ts';

const METHOD = 'hotelling-clustered';
/** Clusters with a wrong reply beyond the letters tested, below which the test's level is not kept. */
const FEWEST_SPARE_CLUSTERS = 20;
const RESAMPLES = 1000;

interface Choice {
  readonly letter: string;
  readonly right: string;
  readonly letters: readonly string[];
  readonly cluster: number;
}

/**
 * Whether the choice leans to letters. Shares and recalls describe; the test asks whether wrong replies fall evenly on the wrong
 * letters, as they do for a model that looks at contents alone, since wrong options are listed in random order.
 *
 * The test is Hotelling's T² on the sums by cluster of (chosen − expected), so that questions asked several times or with shared
 * images do not count as more evidence than they are.
 */
export function scoreLetters(judgements: readonly Judgement[], clusters: Clusters): LetterBias {
  const choices = judgements.flatMap(({ question, shown, shownCorrect }): Choice[] =>
    shown === null
      ? []
      : [
          {
            letter: shown,
            right: shownCorrect,
            letters: question.options.map(option => option.label),
            cluster: clusters.of.get(question.id) ?? -1,
          },
        ],
  );
  const letters = [...new Set(choices.flatMap(choice => choice.letters))].sort();
  const share = (pick: (choice: Choice, letter: string) => number | null): Record<string, Metric> =>
    Object.fromEntries(
      letters.map(letter => [
        letter,
        clusteredShare(
          choices.flatMap((choice): Observation[] => {
            const value = pick(choice, letter);
            return value === null ? [] : [{ value, cluster: choice.cluster }];
          }),
        ),
      ]),
    );
  return {
    chosen: share((choice, letter) => (choice.letter === letter ? 1 : 0)),
    right: Object.fromEntries(
      letters.map(letter => [letter, choices.filter(choice => choice.right === letter).length / choices.length]),
    ),
    recall: share(({ right, letter: chosen }, letter) => (right === letter ? (chosen === letter ? 1 : 0) : null)),
    recallDeviation: recallDeviation(choices, letters),
    test: testLetters(choices, letters),
  };
}

/** Standard deviation of the recalls over the letters (divided by their number), bootstrapped over clusters. */
function recallDeviation(choices: readonly Choice[], letters: readonly string[]): Metric {
  const groups = [...Map.groupBy(choices, choice => choice.cluster).values()];
  const statistic = (indices: Iterable<number>): number => {
    const asked = new Map<string, number>();
    const right = new Map<string, number>();
    for (const i of indices) {
      for (const choice of groups[i]!) {
        asked.set(choice.right, (asked.get(choice.right) ?? 0) + 1);
        if (choice.letter === choice.right) right.set(choice.right, (right.get(choice.right) ?? 0) + 1);
      }
    }
    const recalls = letters.flatMap(letter => {
      const n = asked.get(letter) ?? 0;
      return n === 0 ? [] : [(right.get(letter) ?? 0) / n];
    });
    const mean = recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length;
    return Math.sqrt(recalls.reduce((sum, recall) => sum + (recall - mean) ** 2, 0) / recalls.length);
  };
  if (letters.some(letter => !choices.some(choice => choice.right === letter)))
    return missingMetric('a letter is never the right one', choices.length);
  const stream = openStream(foldIn(randomKey(0), 'recall-deviation'));
  return { ...bootstrap(groups.length, { statistic, stream, resamples: RESAMPLES }), n: choices.length };
}

/** Hotelling's one-sample T² (Anderson, Multivariate Statistical Analysis, 3rd ed., §5.2) of the excess of each letter. */
function testLetters(choices: readonly Choice[], letters: readonly string[]): LetterBias['test'] {
  const wrong = choices.filter(choice => choice.letter !== choice.right && choice.letters.length > 2);
  // The last letter follows from the others.
  const tested = letters.slice(0, -1);
  const excess = new Map<number, number[]>();
  for (const { letter: chosen, right, letters: own, cluster } of wrong) {
    const sums = excess.get(cluster) ?? tested.map(() => 0);
    excess.set(cluster, sums);
    for (const [i, letter] of tested.entries()) {
      if (letter === right || !own.includes(letter)) continue;
      sums[i]! += (chosen === letter ? 1 : 0) - 1 / (own.length - 1);
    }
  }
  const [rows, columns] = [excess.size, tested.length];
  if (rows < columns + FEWEST_SPARE_CLUSTERS)
    return {
      p: null,
      statistic: null,
      n: wrong.length,
      method: METHOD,
      reason: `too few wrong replies (${wrong.length})`,
    };
  const values = new Matrix([...excess.values()]);
  const sums = Matrix.rowVector(values.sum('column'));
  // T² / (T² + rows − 1), from raw moments: those stay invertible for a model that gives one letter always.
  const share =
    sums
      .mmul(pseudoInverse(values.transpose().mmul(values)))
      .mmul(sums.transpose())
      .get(0, 0) / rows;
  const odds = share / Math.max(1 - share, Number.EPSILON);
  const p = fSurvival(((rows - columns) / columns) * odds, columns, rows - columns);
  return { p, statistic: (rows - 1) * odds, n: wrong.length, method: METHOD };
}
