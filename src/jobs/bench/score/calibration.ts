import type { Answer } from '../../../ground/contracts/bench.ts';
import type { Calibration } from '../../../ground/contracts/bench-score.ts';
import { bootstrap, foldIn, openStream, randomKey } from '../../../ground/math/index.ts';
import { clusteredShare } from './clustered-share.ts';
import type { Clusters } from './clusters.ts';
import type { Judgement } from './judge.ts';

const BINS = 10;
const RESAMPLES = 1000;
/** Probability that must lie on letters of options at the place of the answer, for it to be the place of the answer. */
const LEAST_MASS = 0.5;

/**
 * The probabilities that a model gave to the shown letters at the token with which it answered, made to sum to 1; null where its
 * log-probabilities do not tell. Letters beyond the alternatives that the server sent count as 0.
 */
export function letterProbabilities(
  { logProbabilities }: Pick<Answer, 'logProbabilities'>,
  { shown, letters }: { readonly shown: string; readonly letters: readonly string[] },
): ReadonlyMap<string, number> | null {
  const place = logProbabilities?.findLast(({ token }) => letterOf(token) === shown);
  if (place === undefined) return null;
  const byToken = new Map(
    [...place.alternatives, place].map(({ token, logProbability }) => [token, Math.exp(logProbability)]),
  );
  const masses = new Map(letters.map(letter => [letter, 0]));
  for (const [token, mass] of byToken) {
    const letter = letterOf(token);
    if (letter !== null && masses.has(letter)) masses.set(letter, masses.get(letter)! + mass);
  }
  const total = [...masses.values()].reduce((sum, mass) => sum + mass, 0);
  if (total < LEAST_MASS) return null;
  return new Map([...masses].map(([letter, mass]) => [letter, mass / total]));
}

/** The letter that a token is, with the blanks and brackets that tokenisers put around it. */
function letterOf(token: string): string | null {
  return /^[\s▁Ġ("'*[]*([A-Z])[\s)."'*\]:]*$/u.exec(token)?.[1] ?? null;
}

interface Sure {
  readonly confidence: number;
  readonly correct: number;
  /** Σ over options of (probability − right)². */
  readonly brier: number;
  readonly cluster: number;
}

/** Calibration of the replies that have log-probabilities; null where none has. */
export function scoreCalibration(judgements: readonly Judgement[], clusters: Clusters): Calibration | null {
  const sure = judgements.flatMap(({ answer, question, shown, shownCorrect }): Sure[] => {
    if (shown === null) return [];
    const probabilities = letterProbabilities(answer, { shown, letters: question.options.map(option => option.label) });
    if (probabilities === null) return [];
    const brier = [...probabilities].reduce(
      (sum, [letter, p]) => sum + (p - (letter === shownCorrect ? 1 : 0)) ** 2,
      0,
    );
    return [
      {
        confidence: probabilities.get(shown) ?? 0,
        correct: shown === shownCorrect ? 1 : 0,
        brier,
        cluster: clusters.of.get(question.id) ?? -1,
      },
    ];
  });
  if (sure.length === 0) return null;
  const groups = [...Map.groupBy(sure, ({ cluster }) => cluster).values()];
  const overGroups = (name: string, statistic: (replies: readonly Sure[]) => number): Calibration['ece'] => ({
    ...bootstrap(groups.length, {
      statistic: indices => statistic(Array.from(indices).flatMap(i => groups[i]!)),
      stream: openStream(foldIn(randomKey(0), name)),
      resamples: RESAMPLES,
    }),
    n: sure.length,
  });
  const bins = binned(sure).map((replies, i) => ({
    low: i / BINS,
    high: (i + 1) / BINS,
    confidence: replies.length === 0 ? null : average(replies, ({ confidence }) => confidence),
    accuracy: clusteredShare(replies.map(({ correct, cluster }) => ({ value: correct, cluster }))),
  }));
  return {
    ece: overGroups('ece', expectedError),
    brier: overGroups('brier', replies => average(replies, ({ brier }) => brier)),
    bins,
  };
}

const average = (replies: readonly Sure[], of: (reply: Sure) => number): number =>
  replies.reduce((sum, reply) => sum + of(reply), 0) / replies.length;

function binned(replies: readonly Sure[]): Sure[][] {
  const bins = Array.from({ length: BINS }, (): Sure[] => []);
  for (const reply of replies) bins[Math.min(BINS - 1, Math.floor(reply.confidence * BINS))]!.push(reply);
  return bins;
}

function expectedError(replies: readonly Sure[]): number {
  let error = 0;
  for (const bin of binned(replies)) {
    if (bin.length === 0) continue;
    error +=
      bin.length * Math.abs(average(bin, ({ correct }) => correct) - average(bin, ({ confidence }) => confidence));
  }
  return error / replies.length;
}
