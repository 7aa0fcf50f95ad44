import type { SelectionReport, SelectionSide } from '../../ground/contracts/index.ts';
import { openStream, type RandomKey } from '../../ground/math/index.ts';
import { acceptanceRates, KeptCounts, type ResolvedTarget } from '../mitigation/index.ts';

/** A sample that could be read, as a selection sees it. */
export interface Candidate {
  readonly file: string;
  /** Row among all samples of the run that could be read. */
  readonly row: number;
  /** Digest of its file. */
  readonly content: string | undefined;
  /** Attribute → predicted class. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Similarity to the nearest training and held-out image; the latter is null without a held-out set. */
  readonly toTraining: number;
  readonly toHeldout: number | null;
}

type Selection = SelectionReport['selection'];

export interface Selected {
  readonly kept: readonly Candidate[];
  readonly looked: number;
  readonly rejected: Omit<Selection['rejected'], 'unreadable'>;
  /** How many of each predicted class were kept. */
  readonly counts: KeptCounts;
}

/** Attribute → predicted class → probability that a candidate of it is kept, by the shares that were measured before. */
export function ratesBefore(
  { bias }: Pick<SelectionSide, 'bias'>,
  targets: readonly ResolvedTarget[],
): Selection['rates'] {
  return Object.fromEntries(
    targets.map(({ attribute, classes, shares }) => {
      const found = bias.attributes[attribute];
      const measured = found?.corrected?.generated ?? found?.generated ?? {};
      const rates = acceptanceRates(
        classes.map(name => measured[name]?.value ?? 0),
        shares,
        found?.corrected?.confusion ?? null,
      );
      return [attribute, Object.fromEntries(classes.map((name, i) => [name, rates[i]!]))];
    }),
  );
}

/**
 * Keeps candidates in the order given until there are enough: none that repeats another one, none that is too alike to a real image, and of each class as many
 * as are wanted.
 *
 * A candidate near a held-out image is rejected like one near a training image. So what is kept says the same of both sets where nothing was copied, and the
 * relabelling test of the audit stays exact; a selection that looked at the training images alone would hide from it what it missed.
 *
 * @param limit similarity from which a candidate is rejected; null where copies are kept
 */
export function selectCandidates(
  candidates: readonly Candidate[],
  {
    keep,
    limit,
    rates,
    key,
  }: {
    readonly keep: number;
    readonly limit: number | null;
    readonly rates: Selection['rates'];
    readonly key: RandomKey;
  },
): Selected {
  const stream = openStream(key);
  const counts = new KeptCounts();
  const seen = new Set<string>();
  const kept: Candidate[] = [];
  const rejected = { repeated: 0, nearTraining: 0, nearHeldout: 0, shares: 0 };
  let looked = 0;
  const reasonOf = ({ content, toTraining, toHeldout, attributes }: Candidate): keyof typeof rejected | null => {
    let rate = 1;
    for (const [attribute, byClass] of Object.entries(rates)) rate *= byClass[attributes[attribute] ?? ''] ?? 0;
    // A number is drawn for every candidate, so that what is kept does not depend on what else is asked for.
    const wanted = stream.uniform() < rate;
    if (content !== undefined && seen.has(content)) return 'repeated';
    if (content !== undefined) seen.add(content);
    if (limit !== null && toTraining >= limit && toTraining >= (toHeldout ?? -1)) return 'nearTraining';
    if (limit !== null && toHeldout !== null && toHeldout >= limit) return 'nearHeldout';
    return wanted ? null : 'shares';
  };
  for (const candidate of candidates) {
    if (kept.length === keep) break;
    looked++;
    const reason = reasonOf(candidate);
    counts.count(candidate.attributes, reason === null);
    if (reason === null) kept.push(candidate);
    else rejected[reason]++;
  }
  return { kept, looked, rejected, counts };
}
