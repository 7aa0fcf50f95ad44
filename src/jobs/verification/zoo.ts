import type { Comparisons } from './comparisons.ts';
import type { ItemPairs } from './embeddings.ts';

/** Errors of one person at a threshold: false non-matches against itself, false matches with others. */
export interface PersonErrors {
  readonly person: number;
  readonly genuine: number;
  readonly falseNonMatches: number;
  readonly impostor: number;
  readonly falseMatches: number;
  /** Mean score; null where the person has no such comparison. */
  readonly meanGenuine: number | null;
  readonly meanImpostor: number | null;
}

/**
 * The hardest people first (Doddington's zoo, ICSLP 1998): those whose own images match least, and those that others are taken for. A
 * non-mated comparison counts for both of its people.
 */
export function hardestPeople(comparisons: Comparisons, threshold: number, most = 10): PersonErrors[] {
  const { scores, mated, persons, people } = comparisons;
  if (persons === null) return [];
  const rows = Array.from({ length: people }, () => ({
    genuine: 0,
    missed: 0,
    own: 0,
    impostor: 0,
    matched: 0,
    other: 0,
  }));
  scores.forEach((score, i) => {
    const first = persons.reference[i]!;
    const second = persons.probe[i]!;
    if (mated[i] === 1) {
      const row = rows[first]!;
      row.genuine++;
      row.own += score;
      if (score < threshold) row.missed++;
      return;
    }
    for (const person of first === second ? [first] : [first, second]) {
      const row = rows[person]!;
      row.impostor++;
      row.other += score;
      if (score >= threshold) row.matched++;
    }
  });
  const share = (errors: number, n: number): number => (n === 0 ? 0 : errors / n);
  return rows
    .map((row, person) => ({
      person,
      genuine: row.genuine,
      falseNonMatches: row.missed,
      impostor: row.impostor,
      falseMatches: row.matched,
      meanGenuine: row.genuine === 0 ? null : row.own / row.genuine,
      meanImpostor: row.impostor === 0 ? null : row.other / row.impostor,
    }))
    .filter(({ falseNonMatches, falseMatches }) => falseNonMatches + falseMatches > 0)
    .sort(
      (a, b) =>
        share(b.falseNonMatches, b.genuine) +
          share(b.falseMatches, b.impostor) -
          (share(a.falseNonMatches, a.genuine) + share(a.falseMatches, a.impostor)) || a.person - b.person,
    )
    .slice(0, most);
}

/** A comparison by its place. */
export interface WorstPair {
  readonly reference: number;
  readonly probe: number;
  readonly score: number;
}

/** The mated comparisons with the lowest scores and the non-mated ones with the highest. */
export function worstPairs(
  { scores, mated }: Pick<Comparisons, 'scores' | 'mated'>,
  pairs: ItemPairs,
  most = 12,
): { readonly mated: WorstPair[]; readonly nonMated: WorstPair[] } {
  const pick = (kind: number, sign: number): WorstPair[] => {
    const kept: number[] = [];
    for (let i = 0; i < scores.length; i++) {
      if (mated[i] !== kind) continue;
      if (kept.length === most && sign * scores[i]! >= sign * scores[kept.at(-1)!]!) continue;
      kept.push(i);
      kept.sort((a, b) => sign * (scores[a]! - scores[b]!) || a - b);
      if (kept.length > most) kept.pop();
    }
    return kept.map(i => ({ reference: pairs.reference[i]!, probe: pairs.probe[i]!, score: scores[i]! }));
  };
  return { mated: pick(1, 1), nonMated: pick(0, -1) };
}
