import type { Question } from '../../src/ground/contracts/bench.ts';
import type { LeaderboardRow, ModelPair } from '../../src/ground/contracts/bench-compare.ts';
import type { BenchItem, BenchReport } from '../../src/ground/contracts/bench-report.ts';
import type { BenchScore } from '../../src/ground/contracts/bench-score.ts';

/** One model in one setting, with all that the report holds on it. */
export interface Entry {
  /** As the leaderboard names it. */
  readonly name: string;
  /** By the strict parser where there is one: the score that the page rests on. */
  readonly score: BenchScore;
  /** Every parser's, strict first. */
  readonly scores: readonly BenchScore[];
  readonly items: readonly BenchItem[];
  /** The questions it was asked. */
  readonly questions: readonly Question[];
}

/** What a part of a page is made of that sets one model beside others. */
export interface OfEntry {
  readonly entry: Entry;
  readonly comparison: BenchReport['comparison'];
}

const keyOf = ({ model, setting }: { readonly model: string; readonly setting: string | null }): string =>
  JSON.stringify([model, setting]);

/** The models of a report, the best first. */
export function entriesOf({ scores, comparison, items, questions }: BenchReport): readonly Entry[] {
  const rows = new Map(comparison.rows.filter(row => !row.published).map(row => [keyOf(row), row]));
  const itemsOf = Map.groupBy(items, keyOf);
  const entries = [...Map.groupBy(scores, keyOf)].flatMap(([key, group]): Entry[] => {
    const ordered = [...group].sort((a, b) => Number(a.parser === 'official') - Number(b.parser === 'official'));
    const [score] = ordered;
    if (score === undefined) return [];
    const own = itemsOf.get(key) ?? [];
    const asked = new Set(own.map(item => item.question));
    return [
      {
        name: rows.get(key)?.name ?? score.model,
        score,
        scores: ordered,
        items: own,
        questions: questions.filter(question => asked.has(question.id)),
      },
    ];
  });
  return entries.sort((a, b) => (b.score.overall.value ?? -1) - (a.score.overall.value ?? -1));
}

/** The share that guessing gets right: the mean of one over the number of options; null without questions. */
export function chanceOf(questions: readonly Question[]): number | null {
  if (questions.length === 0) return null;
  return questions.reduce((sum, question) => sum + 1 / question.options.length, 0) / questions.length;
}

/** One model beside another, seen from the first. */
export interface Rival {
  readonly row: LeaderboardRow;
  readonly pair: ModelPair;
  /** The first's accuracy less the rival's, whichever way round the report has them. */
  readonly difference: ModelPair['difference'];
}

/** Everyone that a model was tested against, the largest lead first. */
export function rivalsOf(name: string, { rows, pairs }: BenchReport['comparison']): readonly Rival[] {
  const byName = new Map(rows.map(row => [row.name, row]));
  const rivals = pairs.flatMap((pair): Rival[] => {
    if (pair.first !== name && pair.second !== name) return [];
    const row = byName.get(pair.first === name ? pair.second : pair.first);
    if (row === undefined) return [];
    return [{ row, pair, difference: pair.first === name ? pair.difference : turned(pair.difference) }];
  });
  return rivals.sort((a, b) => (b.difference.value ?? -2) - (a.difference.value ?? -2));
}

function turned(difference: ModelPair['difference']): ModelPair['difference'] {
  const { value, interval } = difference;
  if (value === null) return difference;
  return {
    ...difference,
    value: -value,
    interval: interval === null ? null : { ...interval, low: -interval.high, high: -interval.low },
  };
}
