import { missingMetric, type TextReplication } from '../../../ground/contracts/index.ts';
import { foldIn, proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import {
  callCopies,
  fitNullTail,
  NO_HELDOUT,
  noRelabelling,
  PairCounter,
  relabellingTest,
} from '../../audit/replication/index.ts';

/** Fewer held-out texts make no null. */
export const LEAST_HELDOUT = 60;

/** A run's length as the audit's similarity: what the fitted tails see (Fisher's z of it) is the logarithm of the length, in which runs of unrelated texts fall off evenly. */
export function similarityOf(length: number, shortest: number): number {
  return Math.tanh(Math.log1p(length / shortest));
}

/** The length of a run from its similarity. */
function lengthOf(similarity: number, shortest: number): number {
  return shortest * Math.expm1(Math.atanh(Math.min(similarity, 1 - 2 ** -24)));
}

const similarities = (lengths: readonly number[], shortest: number): Float32Array =>
  Float32Array.from(lengths, length => similarityOf(length, shortest));

export interface HeldoutScores {
  /** Longest rare run of each held-out text in the training corpus. */
  readonly inTraining: readonly number[];
  /** Longest rare run of each generated text in the held-out corpus. */
  readonly generatedInHeldout: readonly number[];
  readonly trainingDocuments: number;
  readonly heldoutDocuments: number;
}

export interface CallSettings {
  readonly shortest: number;
  readonly copyLength: number;
  readonly falseMatchRate: number;
  readonly falseDiscoveryRate: number;
}

export type Calls = Pick<TextReplication, 'threshold' | 'calibration' | 'control' | 'callable' | 'copied'> & {
  readonly pValues: readonly (number | null)[];
  readonly qValues: readonly (number | null)[];
  readonly copies: readonly boolean[];
};

const NO_CONTROL = 'none: a held-out set is needed; a text is called by the length of its longest rare run alone';

/** The shortest length that a held-out text exceeds at most at this rate. */
function thresholdOf(heldout: readonly number[], { shortest, falseMatchRate }: CallSettings): number {
  const tail = fitNullTail(similarities(heldout, shortest));
  let [low, high] = [shortest, shortest];
  while (high < 2 ** 22 && tail.pValue(similarityOf(high, shortest)) > falseMatchRate) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (tail.pValue(similarityOf(middle, shortest)) > falseMatchRate) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Which generated texts are copies: those whose longest rare run is an outlier against that of held-out texts in the same corpus, and against their own in
 * the held-out corpus, at the false discovery rate; see `callCopies`. Without a held-out set a length decides, and there are no p-values.
 *
 * @param lengths longest rare run of each generated text, in characters
 */
export function callTexts(lengths: readonly number[], heldout: HeldoutScores | null, settings: CallSettings): Calls {
  const { shortest, copyLength, falseDiscoveryRate } = settings;
  const counted = (copies: readonly boolean[]) => proportionMetric(copies.filter(Boolean).length, copies.length);
  if (heldout === null || heldout.inTraining.length < LEAST_HELDOUT) {
    const copies = lengths.map(length => length >= copyLength);
    const none = lengths.map(() => null);
    const control =
      heldout === null
        ? NO_CONTROL
        : `none: ${heldout.inTraining.length} usable held-out texts, ${LEAST_HELDOUT} are needed`;
    return {
      threshold: copyLength,
      calibration: 'given',
      control,
      callable: copyLength,
      copied: counted(copies),
      pValues: none,
      qValues: none,
      copies,
    };
  }
  const threshold = thresholdOf(heldout.inTraining, settings);
  const calls = callCopies(similarities(lengths, shortest), {
    real: {
      top1: similarities(heldout.inTraining, shortest),
      pairs: new PairCounter(),
      training: heldout.trainingDocuments,
    },
    heldout: {
      top1: similarities(heldout.generatedInHeldout, shortest),
      heldout: heldout.heldoutDocuments,
      training: heldout.trainingDocuments,
    },
  });
  const { pValues, qValues } = calls;
  const copies = lengths.map(
    (length, i) => length >= threshold && qValues !== null && qValues[i]! <= falseDiscoveryRate,
  );
  const callable = calls.callableFrom(similarityOf(threshold, shortest), falseDiscoveryRate);
  return {
    threshold,
    calibration: 'heldout-to-training',
    control: calls.method.replaceAll('images', 'texts'),
    callable: callable === null ? null : Math.ceil(lengthOf(callable, shortest)),
    copied: counted(copies),
    pValues: [...(pValues ?? lengths.map(() => null))],
    qValues: [...(qValues ?? lengths.map(() => null))],
    copies,
  };
}

const STATISTIC = 'mean logarithm of the longest run';

/** A document in which a generated text has a match. */
export interface DocumentMatch {
  /** Tells documents of both corpora apart. */
  readonly document: string;
  readonly training: boolean;
  readonly length: number;
}

/**
 * Relabelling test of training against held-out documents: whether it matters to the generated texts which documents were trained on. Documents in which no text
 * has a match count with the rest of their corpus.
 *
 * @param lists matches of each generated text, longest first
 */
export function relabelDocuments(
  lists: readonly (readonly DocumentMatch[])[],
  options: {
    readonly units: { readonly training: number; readonly heldout: number };
    readonly shortest: number;
    readonly permutations: number;
    readonly key: RandomKey;
    readonly signal?: AbortSignal | undefined;
  },
): TextReplication['permutation'] {
  const { units, shortest, permutations, key, signal } = options;
  const numbers = new Map<string, number>();
  let [training, heldout] = [0, units.training];
  for (const list of lists)
    for (const one of list)
      if (!numbers.has(one.document)) numbers.set(one.document, one.training ? training++ : heldout++);
  const known = lists.map(list =>
    list.map(
      ({ document, length }) =>
        [numbers.get(document)!, length < shortest ? 0 : Math.log1p(length / shortest)] as const,
    ),
  );
  const test = relabellingTest(
    {
      name: STATISTIC,
      evaluate(isTraining) {
        let sum = 0;
        for (const list of known) sum += list.find(([number]) => isTraining[number] === 1)?.[1] ?? 0;
        return sum / known.length;
      },
    },
    { ...units, permutations, key: foldIn(key, 'relabel'), signal },
  );
  return { ...test, units };
}

/** Why there is no relabelling test. */
export const NO_RELABELLING: TextReplication['permutation'] = {
  ...noRelabelling(NO_HELDOUT),
  statistic: STATISTIC,
};

export const NO_OVERLAP = missingMetric(NO_HELDOUT);
