import type { Comparisons } from './comparisons.ts';
import type { ItemPairs } from './embeddings.ts';

/** What is left of the errors once the comparisons of lowest quality are discarded. */
export interface DiscardPoint {
  /** Share of the mated comparisons that were discarded. */
  readonly discarded: number;
  /** False non-match rate of those that are left. */
  readonly fnmr: number;
}

/** Shares of the mated comparisons that are discarded, up to a half. */
const SHARES = Array.from({ length: 21 }, (_, i) => i / 40);

/**
 * Error against discard (Grother and Tabassi, PAMI 29(4), 2007; ISO/IEC 29794-1): false non-match rate at one threshold as the mated
 * comparisons whose worse image has the lowest quality are discarded. A quality score that says something makes it fall; one at random
 * leaves it flat. Comparisons of equal quality go or stay together.
 *
 * @param quality of each item; larger is better
 */
export function errorAgainstDiscard(
  comparisons: Comparisons,
  pairs: ItemPairs,
  { quality, threshold }: { readonly quality: ArrayLike<number>; readonly threshold: number },
): DiscardPoint[] {
  const mated: { readonly quality: number; readonly missed: boolean }[] = [];
  comparisons.scores.forEach((score, i) => {
    if (comparisons.mated[i] !== 1) return;
    const worse = Math.min(quality[pairs.reference[i]!]!, quality[pairs.probe[i]!]!);
    mated.push({ quality: worse, missed: score < threshold });
  });
  mated.sort((a, b) => a.quality - b.quality);
  const points: DiscardPoint[] = [];
  for (const share of SHARES) {
    let cut = Math.floor(share * mated.length);
    while (cut > 0 && cut < mated.length && mated[cut]!.quality === mated[cut - 1]!.quality) cut--;
    const left = mated.slice(cut);
    if (left.length === 0) break;
    const discarded = cut / mated.length;
    if (discarded === points.at(-1)?.discarded) continue;
    points.push({ discarded, fnmr: left.filter(({ missed }) => missed).length / left.length });
  }
  return points;
}
