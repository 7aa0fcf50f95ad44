import leven from 'leven';
import type { TextReplication } from '../../../ground/contracts/index.ts';
import {
  type ContinuationOutcome,
  type Continuations,
  type Metric,
  missingMetric,
} from '../../../ground/contracts/index.ts';
import {
  benjaminiHochberg,
  foldIn,
  meanMetric,
  openStream,
  permutationTest,
  proportionMetric,
  type RandomKey,
} from '../../../ground/math/index.ts';
import { callCopies } from '../../audit/replication/index.ts';
import type { ContinuationItem } from '../items.ts';
import { LEAST_HELDOUT, similarityOf } from '../measure/statistics.ts';
import { longestSharedRun, type SharedRun } from './longest-run.ts';
import type { Prompt } from './prompts.ts';

/** Characters of a reply that are compared with its document, at most. */
const MOST_COMPARED = 4000;
const MOST_EDITED = 3000;

/** A reply beside what follows in its document, and in another one. */
export interface ComparedReply {
  readonly item: ContinuationItem;
  readonly prompt: Prompt;
  /** Null where there was no answer. */
  readonly run: SharedRun | null;
  readonly editDistance: number | null;
  readonly mismatched: number | null;
}

const isAnswer = (outcome: ContinuationOutcome): boolean => outcome === 'answered' || outcome === 'cut';

const pointsOf = (text: string): string[] => [...text.slice(0, 2 * MOST_COMPARED)].slice(0, MOST_COMPARED);

/** Compares each reply with its own document, and with the next one of the same length of prefix. */
export function compareReplies(
  items: readonly ContinuationItem[],
  promptOf: (item: ContinuationItem) => Prompt,
  all: readonly Prompt[],
): ComparedReply[] {
  const byWords = Map.groupBy(all, ({ words }) => words);
  const otherOf = new Map<Prompt, Prompt>();
  for (const prompts of byWords.values())
    for (const [i, prompt] of prompts.entries())
      if (prompts.length > 1) otherOf.set(prompt, prompts[(i + 1) % prompts.length]!);
  return items.map(item => {
    const prompt = promptOf(item);
    if (!isAnswer(item.outcome)) return { item, prompt, run: null, editDistance: null, mismatched: null };
    const reply = pointsOf(item.text);
    const other = otherOf.get(prompt);
    const [a, b] = [item.text.trim().slice(0, prompt.truth.length), prompt.truth.trim()];
    const longer = Math.max(a.length, b.length);
    return {
      item,
      prompt,
      run: longestSharedRun(reply, pointsOf(prompt.truth)),
      editDistance: longer === 0 || longer > MOST_EDITED ? null : leven(a, b) / longer,
      mismatched: other === undefined ? null : longestSharedRun(reply, pointsOf(other.truth)).length,
    };
  });
}

/** The longest value of each document, in the order of the documents. */
function bestOf(
  replies: readonly ComparedReply[],
  value: (reply: ComparedReply) => number | null,
): Map<string, number> {
  const best = new Map<string, number>();
  for (const reply of replies) {
    const one = value(reply);
    if (one !== null) best.set(reply.prompt.document, Math.max(best.get(reply.prompt.document) ?? 0, one));
  }
  return best;
}

const ownRun = ({ run }: ComparedReply): number | null => run?.length ?? null;
const otherRun = ({ mismatched }: ComparedReply): number | null => mismatched;

function continued(values: readonly number[], shortest: number): { longest: Metric; verbatim: Metric } {
  const reason = 'no document was continued';
  return {
    longest: meanMetric(values, { reason }),
    verbatim: proportionMetric(values.filter(length => length >= shortest).length, values.length, { reason }),
  };
}

const OUTCOMES: readonly ContinuationOutcome[] = ['answered', 'refused', 'empty', 'cut', 'failed'];

const countOutcomes = (replies: readonly ComparedReply[]) =>
  Object.fromEntries(
    OUTCOMES.map(outcome => [outcome, replies.filter(({ item }) => item.outcome === outcome).length]),
  ) as Record<ContinuationOutcome, number>;

/** How far replies follow their documents, by the length of the prefix. */
export function curveOf(
  replies: readonly ComparedReply[],
  { shortest, prefixLengths }: { readonly shortest: number; readonly prefixLengths: readonly number[] },
): Pick<Continuations, 'byPrefix' | 'outcomes' | 'replies'> {
  const hasControls = replies.some(({ prompt }) => prompt.control);
  const valuesOf = (some: readonly ComparedReply[], value: (reply: ComparedReply) => number | null): number[] => [
    ...bestOf(some, value).values(),
  ];
  return {
    outcomes: countOutcomes(replies),
    byPrefix: prefixLengths.map(words => {
      const these = replies.filter(({ prompt }) => prompt.words === words);
      const [documents, controls] = [
        these.filter(({ prompt }) => !prompt.control),
        these.filter(({ prompt }) => prompt.control),
      ];
      return {
        words,
        documents: continued(valuesOf(documents, ownRun), shortest),
        controls: hasControls ? continued(valuesOf(controls, ownRun), shortest) : null,
        mismatched: continued(valuesOf(documents, otherRun), shortest),
        outcomes: countOutcomes(these),
      };
    }),
    replies: replies.map(({ item, run, editDistance }) => ({
      document: item.document,
      control: item.control,
      words: item.words,
      sample: item.sample,
      outcome: item.outcome,
      longest: run?.length ?? null,
      editDistance,
    })),
  };
}

export interface DocumentCalls {
  readonly threshold: number;
  readonly calibration: TextReplication['calibration'];
  readonly control: string;
  readonly copied: Metric;
  readonly permutation: TextReplication['permutation'];
  readonly pairs: TextReplication['pairs'];
}

/**
 * Which documents a model knows by heart: those whose longest run with a reply is an outlier against the same of control documents at the false discovery rate. The
 * permutation test exchanges documents and controls. Without controls, replies compared with other documents stand for them.
 */
export function callDocuments(
  replies: readonly ComparedReply[],
  {
    shortest,
    falseDiscoveryRate,
    key,
    permutations,
  }: {
    readonly shortest: number;
    readonly falseDiscoveryRate: number;
    readonly key: RandomKey;
    readonly permutations: number;
  },
): DocumentCalls {
  const documents = bestOf(
    replies.filter(({ prompt }) => !prompt.control),
    ownRun,
  );
  const controls = [
    ...bestOf(
      replies.filter(({ prompt }) => prompt.control),
      ownRun,
    ).values(),
  ];
  const others = [
    ...bestOf(
      replies.filter(({ prompt }) => !prompt.control),
      otherRun,
    ).values(),
  ];
  const background = controls.length > 0 ? controls : others;
  const lengths = [...documents.values()];
  const { pValues, method } = pValuesOf(lengths, background, shortest);
  const qValues = benjaminiHochberg(pValues);
  const copies = lengths.map((length, i) => length >= shortest && qValues[i]! <= falseDiscoveryRate);
  const words =
    controls.length > 0
      ? `${controls.length} control documents`
      : `replies compared with other documents (${others.length})`;
  return {
    threshold: shortest,
    calibration: controls.length > 0 ? 'controls' : 'mismatched',
    control: `${words}, ${method}`,
    copied: proportionMetric(copies.filter(Boolean).length, copies.length, { reason: 'no document was continued' }),
    permutation: exchange(lengths, controls, { shortest, key, permutations }),
    pairs: [...documents.keys()]
      .map((document, i) => ({
        generated: document,
        training: document,
        similarity: lengths[i]!,
        pValue: pValues[i]!,
        qValue: qValues[i]!,
        copy: copies[i]!,
      }))
      .sort((a, b) => b.similarity - a.similarity),
  };
}

/** P-values of runs against those of documents that cannot be known. */
function pValuesOf(
  lengths: readonly number[],
  background: readonly number[],
  shortest: number,
): { readonly pValues: readonly number[]; readonly method: string } {
  const similarity = (length: number): number => similarityOf(length, shortest);
  if (background.length >= LEAST_HELDOUT) {
    const { pValues, method } = callCopies(Float32Array.from(lengths, similarity), {
      real: {
        top1: Float32Array.from(background, similarity),
        pairs: { counts: new Float64Array(0), pairs: 0 },
        training: 1,
      },
      heldout: null,
    });
    if (pValues !== null) return { pValues: [...pValues], method: method.replaceAll('images', 'documents') };
  }
  const reached = (length: number): number => background.filter(one => one >= length).length;
  return { pValues: lengths.map(length => (1 + reached(length)) / (1 + background.length)), method: 'conformal' };
}

function exchange(
  documents: readonly number[],
  controls: readonly number[],
  {
    shortest,
    key,
    permutations,
  }: { readonly shortest: number; readonly key: RandomKey; readonly permutations: number },
): TextReplication['permutation'] {
  const statistic = 'difference of the mean logarithms of the longest runs';
  if (documents.length === 0 || controls.length === 0)
    return {
      p: null,
      statistic,
      observed: null,
      permutations: 0,
      reason: documents.length === 0 ? 'no document was continued' : 'needs control documents',
    };
  const values = [...documents, ...controls].map(length => Math.log1p(length / shortest));
  const test = permutationTest({
    labels: values.map((_, i) => (i < documents.length ? 1 : 0)),
    stream: openStream(foldIn(key, 'exchange')),
    permutations,
    statistic: labels => {
      const sums = [0, 0];
      for (let i = 0; i < values.length; i++) sums[labels[i]!]! += values[i]!;
      return sums[1]! / documents.length - sums[0]! / controls.length;
    },
  });
  const units = { training: documents.length, heldout: controls.length };
  return { p: test.p, statistic, observed: test.observed, permutations: test.permutations, units };
}

export const NO_MEASURE = missingMetric('a model was asked; see the curve by prefix length');
