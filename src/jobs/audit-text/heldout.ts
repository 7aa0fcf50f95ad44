import { missingMetric, type TextReplication } from '../../ground/contracts/index.ts';
import { proportionMetric, type RandomKey } from '../../ground/math/index.ts';
import type { Work } from './audited-sets.ts';
import type { Scanned } from './corpus/scan-corpus.ts';
import { type CollectedTexts, collectTexts } from './documents/collect-texts.ts';
import { type AuditTextStep, step } from './events.ts';
import { longestOf, type MeasuredText } from './measure/measure-text.ts';
import type { HeldoutScores } from './measure/statistics.ts';
import type { Matches } from './search/findings.ts';

/** Held-out texts that are looked for, at least; no more than there are generated ones otherwise. */
const HELDOUT_TEXTS = 300;
/** Share of a held-out text in one run from which it is taken for a training text. */
const SAME_TEXT = 0.8;

/** What held-out texts share with the corpora. */
export interface Heldout {
  readonly scanned: Scanned;
  readonly matches: Matches;
  readonly scores: HeldoutScores;
  readonly measured: readonly MeasuredText[];
  /** Places of those among the held-out texts. */
  readonly used: readonly number[];
  readonly overlap: TextReplication['heldoutOverlap'];
}

/** Held-out texts of the lengths that the generated ones have. */
export async function* sampleHeldout(
  { sets, signal }: Work,
  key: RandomKey,
): AsyncGenerator<AuditTextStep, CollectedTexts | null> {
  if (sets.heldout === null) return null;
  yield step('choosing held-out texts');
  const { texts } = sets.generated;
  const lengths = texts.map(({ bytes }) => bytes.length).filter(length => length > 0);
  const most = Math.max(HELDOUT_TEXTS, texts.length);
  return collectTexts(sets.heldout.source, {
    layout: sets.layout,
    sample: { most, lengths: lengths.length === 0 ? [1] : lengths, key },
    signal,
  });
}

/** What held-out texts share with the training corpus, those left out that stand in it. */
export function scoreHeldout(measured: readonly MeasuredText[], rest: Omit<HeldoutScores, 'inTraining'>) {
  const isSame = (one: MeasuredText): boolean => one.characters > 0 && longestOf(one) >= SAME_TEXT * one.characters;
  const used = [...measured.keys()].filter(i => measured[i]!.characters > 0 && !isSame(measured[i]!));
  const kept = used.map(i => measured[i]!);
  const overlap =
    measured.length === 0
      ? missingMetric('there are no held-out texts')
      : proportionMetric(measured.filter(isSame).length, measured.length);
  return { measured: kept, used, overlap, scores: { inTraining: kept.map(({ longestRare }) => longestRare), ...rest } };
}
