import { CATEGORIES } from '../../../ground/contracts/bench-codes.ts';
import type { LeaderboardRow } from '../../../ground/contracts/bench-compare.ts';
import type { BenchScore } from '../../../ground/contracts/bench-score.ts';
import type { Metric } from '../../../ground/contracts/metric.ts';
import { proportionMetric } from '../../../ground/math/index.ts';
import { PUBLISHED_RESULTS, type PublishedResult, publishedSize, sizeFromName } from '../reference.ts';

/** The count behind a published percentage. */
const countOf = (percent: number, n: number): number => Math.round((percent / 100) * n);

const shareOf = (percent: number, n: number): Metric => ({
  ...proportionMetric(countOf(percent, n), n),
  // As published, not as the count behind it would round.
  value: percent / 100,
});

/** A published row; its intervals take questions as independent. */
export function publishedRow(result: PublishedResult): LeaderboardRow {
  const sizes = CATEGORIES.map(({ code }) => [code, publishedSize(code)] as const);
  const total = sizes.reduce((sum, [, n]) => sum + n, 0);
  return {
    name: result.model,
    model: result.model,
    setting: null,
    parser: null,
    published: true,
    group: result.group,
    size: result.group === 'baseline' ? null : sizeFromName(result.model),
    overall: shareOf(result.overall, total),
    byCategory: Object.fromEntries(sizes.map(([code, n]) => [code, shareOf(result.categories[code], n)])),
    withoutFlagged: null,
  };
}

/** Names for scores that tell them apart: the model, its setting and parser where the model alone does not. */
export function nameScores(scores: readonly BenchScore[]): string[] {
  const settings = new Set(scores.map(score => score.setting)).size > 1;
  const parsers = new Set(scores.map(score => score.parser)).size > 1;
  const taken = new Set(PUBLISHED_RESULTS.map(row => row.model));
  const names = scores.map(({ model, setting, parser }) => {
    const parts = [...(settings ? [setting ?? 'no answers'] : []), ...(parsers ? [parser] : [])];
    return parts.length === 0 && !taken.has(model)
      ? model
      : `${model} (${parts.length === 0 ? 'here' : parts.join(', ')})`;
  });
  // Only those that are there several times are numbered, each in its own order.
  const counts = Map.groupBy(names, name => name);
  const places = new Map<string, number>();
  return names.map(name => {
    if (counts.get(name)!.length === 1) return name;
    const place = (places.get(name) ?? 0) + 1;
    places.set(name, place);
    return `${name} #${place}`;
  });
}

/** The row of a score. */
export function scoreRow(score: BenchScore, name: string): LeaderboardRow {
  return {
    name,
    model: score.model,
    setting: score.setting,
    parser: score.parser,
    published: false,
    group: null,
    size: sizeFromName(score.model),
    overall: score.overall,
    byCategory: score.byCategory,
    withoutFlagged: score.withoutFlagged?.overall ?? null,
  };
}

/** Rows of scores, the best first; the published ones, if asked for, after them as context: scores may be of other questions. */
export function leaderboard(
  scores: readonly BenchScore[],
  options: { readonly published?: boolean } = {},
): LeaderboardRow[] {
  const names = nameScores(scores);
  const best = (rows: readonly LeaderboardRow[]): LeaderboardRow[] =>
    rows.toSorted((a, b) => (b.overall.value ?? -1) - (a.overall.value ?? -1));
  return [
    ...best(scores.map((score, i) => scoreRow(score, names[i]!))),
    ...(options.published ? best(PUBLISHED_RESULTS.map(publishedRow)) : []),
  ];
}
