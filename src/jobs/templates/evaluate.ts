import { type Metric, missingMetric } from '../../ground/contracts/metric.ts';
import { foldIn, type Matrix, openStream, type RandomKey, row } from '../../ground/math/index.ts';
import {
  allPairs,
  type Comparisons,
  countPairs,
  curveOf,
  equalErrorRate,
  type ItemPairs,
  measureCurve,
  type OperatingPoint,
  orderComparisons,
  type Persons,
  pointAtFmr,
  type ScoreHistogram,
  scoreHistogram,
  thinCurve,
  whyNotMeasurable,
} from '../verification/index.ts';
import { pause } from './pause.ts';
import { evaluationKey, itemsOf, type ProtectedSet, protectAll, protectByPerson } from './protected-set.ts';
import { cosine, type Scheme, type Template } from './scheme.ts';
import {
  checkLinkable,
  type LinkageDensities,
  linkabilityNullOfPeople,
  linkageDensities,
  maximalLinkability,
  splitCrossed,
  systemLinkability,
} from './unlinkability.ts';

/** Comparisons that are pooled over keys at most. */
const MOST_POOLED = 10_000_000;
const RESAMPLES = 200;
/** Keys that one face is protected under to see whether renewed templates match the old ones. */
const RENEWALS = 100;
/** Shares of an error: true match rates that are shown beside the equal error rate. */
const SHOWN_FMRS = [0.01, 0.001] as const;

/** Recognition in one situation. */
export interface Recognition {
  readonly eer: Metric;
  readonly tmr: Readonly<Record<string, Metric>>;
  readonly curve: readonly OperatingPoint[];
  readonly histogram: ScoreHistogram;
}

export interface Unlinkability {
  readonly dSys: number;
  /** 95 % quantile of D↔sys where mated and non-mated are dealt out at random. */
  readonly null95: number;
  readonly nullMean: number;
  readonly maximal: number;
  readonly mated: number;
  readonly nonMated: number;
  readonly densities: LinkageDensities;
}

export interface Renewability {
  readonly keys: number;
  /** Share of pairs of templates of one face under two keys that match at the working threshold. */
  readonly accepted: Metric;
}

export interface SchemeEvaluation {
  readonly unprotected: Recognition;
  readonly secretKey: Recognition;
  readonly stolenKey: Recognition;
  readonly keyOnly: Recognition;
  readonly unlinkability: Unlinkability;
  readonly renewability: Renewability;
  readonly cost: {
    readonly templateBytes: number;
    readonly embeddingBytes: number;
    readonly openKeyMs: number;
    readonly protectMs: number;
    readonly compareMs: number;
  };
  /** Keys that the stolen-key scores are of. */
  readonly keys: number;
  /** Threshold of the stolen-key scores at the working false match rate; null where that is not measurable. */
  readonly threshold: number | null;
}

export interface EvaluateOptions {
  /** `[n, d]` rows of unit length. */
  readonly unit: Matrix;
  readonly persons: Persons;
  /** Keys of the evaluation are derived from it. */
  readonly secret: Uint8Array;
  readonly keys: number;
  readonly key: RandomKey;
  /** False match rate of the working threshold. */
  readonly workingFmr: number;
  /** What {@link measureUnprotected} gave of the same rows and key, where several schemes are evaluated. */
  readonly unprotected?: Recognition | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Measures recognition of comparisons. */
export function measureRecognition(comparisons: Comparisons, key: RandomKey): Recognition {
  const { genuine, impostor } = countPairs(comparisons);
  const ordered = orderComparisons(comparisons);
  const reasons = SHOWN_FMRS.map(fmr => whyNotMeasurable(fmr, impostor));
  const metrics = measureCurve(
    comparisons,
    [
      { of: curve => equalErrorRate(curve).value, n: genuine + impostor },
      ...SHOWN_FMRS.map((fmr, i) => ({
        of: (curve: Parameters<typeof pointAtFmr>[0]) =>
          reasons[i] === null ? 1 - pointAtFmr(curve, fmr).fnmr : Number.NaN,
        n: genuine,
        ...(reasons[i] === null ? {} : { reason: reasons[i] }),
      })),
    ],
    { stream: openStream(key), resamples: RESAMPLES, ordered },
  );
  const curve = curveOf(ordered);
  return {
    eer: metrics[0]!,
    tmr: Object.fromEntries(SHOWN_FMRS.map((fmr, i) => [String(fmr), metrics[i + 1]!])),
    curve: curve === null ? [] : thinCurve(curve, 120),
    histogram: scoreHistogram(comparisons, 60),
  };
}

/** Comparisons of pairs of items by any score. */
export function comparisonsBy(
  pairs: ItemPairs,
  persons: Persons,
  scoreOf: (reference: number, probe: number) => number,
): Comparisons {
  const reference = pairs.reference.map(i => persons.of[i]!);
  const probe = pairs.probe.map(i => persons.of[i]!);
  return {
    scores: Float64Array.from(pairs.reference, (i, at) => scoreOf(i, pairs.probe[at]!)),
    mated: Uint8Array.from(reference, (who, at) => (who === probe[at] ? 1 : 0)),
    persons: { reference, probe },
    people: persons.names.length,
  };
}

/** Comparisons of all pairs of embeddings, without protection. */
export const comparePlain = (unit: Matrix, persons: Persons): Comparisons =>
  comparisonsBy(allPairs(unit.rows), persons, (i, j) => cosine(row(unit, i), row(unit, j)));

/** Recognition without protection. */
export const measureUnprotected = (unit: Matrix, persons: Persons, key: RandomKey): Recognition =>
  measureRecognition(comparePlain(unit, persons), foldIn(key, 'unprotected'));

/** Comparisons of the same pairs under several keys as one. */
function pooled(parts: readonly [Comparisons, ...Comparisons[]]): Comparisons {
  const [{ scores, mated, persons, people }] = parts;
  const n = scores.length;
  const all = new Float64Array(parts.length * n);
  parts.forEach((part, k) => {
    all.set(part.scores, k * n);
  });
  const repeat = <T extends Uint8Array | Uint32Array>(values: T, out: T): T => {
    for (let k = 0; k < parts.length; k++) out.set(values, k * n);
    return out;
  };
  const repeatPeople = (of: Uint32Array): Uint32Array => repeat(of, new Uint32Array(all.length));
  return {
    scores: all,
    mated: repeat(mated, new Uint8Array(all.length)),
    persons: persons && { reference: repeatPeople(persons.reference), probe: repeatPeople(persons.probe) },
    people,
  };
}

/** Whether a stranger is accepted for the right key alone: his face under the victim's key, against other keys. */
function keyOnlyComparisons(
  scheme: Scheme,
  secret: Comparisons,
  {
    set,
    unit,
    persons,
    key,
  }: { readonly set: ProtectedSet; readonly unit: Matrix; readonly persons: Persons; readonly key: RandomKey },
): Comparisons {
  const stream = openStream(foldIn(key, 'strangers'));
  const scores: number[] = [];
  const reference: number[] = [];
  const probe: number[] = [];
  for (let item = 0; item < unit.rows; item++) {
    const stranger = stream.integer(unit.rows);
    if (persons.of[stranger] === persons.of[item]) continue;
    scores.push(scheme.compare(set.templates[item]!, set.keyed(item).protect(row(unit, stranger))));
    reference.push(persons.of[item]!);
    probe.push(persons.of[stranger]!);
  }
  const others = [...secret.scores.keys()].filter(i => secret.mated[i] === 0);
  return {
    scores: Float64Array.from([...scores, ...others.map(i => secret.scores[i]!)]),
    mated: Uint8Array.from([...scores.map(() => 1), ...others.map(() => 0)]),
    persons: {
      reference: Uint32Array.from([...reference, ...others.map(i => secret.persons!.reference[i]!)]),
      probe: Uint32Array.from([...probe, ...others.map(i => secret.persons!.probe[i]!)]),
    },
    people: persons.names.length,
  };
}

function measureUnlinkability(
  scheme: Scheme,
  [first, second]: readonly [ProtectedSet, ProtectedSet],
  { persons, key }: { readonly persons: Persons; readonly key: RandomKey },
): Unlinkability {
  const n = persons.of.length;
  const items = itemsOf(persons);
  const scores = Float64Array.from({ length: n * n }, (_, at) =>
    scheme.compare(first.templates[Math.floor(at / n)]!, second.templates[at % n]!),
  );
  const own = items.map((_, person) => person);
  const { mated, nonMated } = splitCrossed({ scores, items }, own);
  const densities = linkageDensities(mated, nonMated);
  const chance = linkabilityNullOfPeople({ scores, items }, { stream: openStream(foldIn(key, 'null')) });
  return {
    dSys: systemLinkability(densities),
    null95: chance.q95,
    nullMean: chance.mean,
    maximal: maximalLinkability(mated, nonMated),
    mated: mated.length,
    nonMated: nonMated.length,
    densities,
  };
}

function measureRenewability(
  scheme: Scheme,
  { unit, secret }: EvaluateOptions,
  threshold: number | null,
): Renewability {
  if (threshold === null) return { keys: 0, accepted: missingMetric('there is no working threshold') };
  const templates = Array.from({ length: RENEWALS }, (_, set): Template => {
    const key = evaluationKey(secret, { scheme: scheme.name, set: 1000 + set, person: null });
    return scheme.open(key, unit.cols).protect(row(unit, 0));
  });
  let accepted = 0;
  let n = 0;
  for (let i = 0; i < RENEWALS; i++)
    for (let j = i + 1; j < RENEWALS; j++) {
      n++;
      if (scheme.compare(templates[i]!, templates[j]!) >= threshold) accepted++;
    }
  return { keys: RENEWALS, accepted: { value: accepted / n, n, interval: null } };
}

/** Milliseconds that a call takes, over some. */
function timeOf(work: (i: number) => void, calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) work(i);
  return (performance.now() - start) / calls;
}

/**
 * Evaluates one scheme in the situations that matter: unprotected; every person with a secret key; the key stolen, so that an impostor uses the
 * victim's; and the key alone, where a stranger has the right key, since keys by person alone make the error 0 and prove nothing. With
 * it unlinkability between two sets of keys, renewability and cost.
 *
 * @throws BiolensError `input` for fewer people or images than unlinkability can be told with; see {@link checkLinkable}
 */
export async function evaluateScheme(scheme: Scheme, options: EvaluateOptions): Promise<SchemeEvaluation> {
  const { unit, persons, secret, workingFmr, signal } = options;
  checkLinkable(itemsOf(persons));
  const key = foldIn(options.key, scheme.name);
  const pairs = allPairs(unit.rows);
  const keys = Math.max(1, Math.min(options.keys, Math.floor(MOST_POOLED / pairs.reference.length)));
  const byScheme = ({ templates }: ProtectedSet): Comparisons =>
    comparisonsBy(pairs, persons, (i, j) => scheme.compare(templates[i]!, templates[j]!));
  const parts: Comparisons[] = [];
  for (let set = 0; set < keys; set++) {
    await pause(signal);
    parts.push(byScheme(protectAll(scheme, unit, evaluationKey(secret, { scheme: scheme.name, set, person: null }))));
  }
  const stolen = pooled(parts as [Comparisons, ...Comparisons[]]);
  const [first, second] = [0, 1].map(set =>
    protectByPerson(scheme, unit, {
      person: persons.of,
      keyOf: person => evaluationKey(secret, { scheme: scheme.name, set: 100 + set, person }),
    }),
  ) as [ProtectedSet, ProtectedSet];
  await pause(signal);
  const secretScores = byScheme(first);
  await pause(signal);
  const curve = curveOf(orderComparisons(stolen));
  const measurable = whyNotMeasurable(workingFmr, countPairs(stolen).impostor) === null;
  const at = curve === null || !measurable ? null : pointAtFmr(curve, workingFmr).threshold;
  const threshold = at !== null && Number.isFinite(at) ? at : null;
  const [a, b] = [first.templates[0]!, first.templates[1]!];
  const one = evaluationKey(secret, { scheme: scheme.name, set: 0, person: null });
  const opened = scheme.open(one, unit.cols);
  const unprotected = options.unprotected ?? measureUnprotected(unit, persons, options.key);
  await pause(signal);
  const secretKey = measureRecognition(secretScores, foldIn(key, 'secret'));
  await pause(signal);
  const stolenKey = measureRecognition(stolen, foldIn(key, 'stolen'));
  await pause(signal);
  const keyOnly = measureRecognition(
    keyOnlyComparisons(scheme, secretScores, { set: first, unit, persons, key }),
    foldIn(key, 'key only'),
  );
  await pause(signal);
  const unlinkability = measureUnlinkability(scheme, [first, second], { persons, key });
  await pause(signal);
  return {
    unprotected,
    secretKey,
    stolenKey,
    keyOnly,
    unlinkability,
    renewability: measureRenewability(scheme, options, threshold),
    cost: {
      templateBytes: scheme.bytes(unit.cols),
      embeddingBytes: 4 * unit.cols,
      openKeyMs: timeOf(() => scheme.open(one, unit.cols), 3),
      protectMs: timeOf(i => opened.protect(row(unit, i % unit.rows)), 50),
      compareMs: timeOf(() => scheme.compare(a, b), 500),
    },
    keys,
    threshold,
  };
}
