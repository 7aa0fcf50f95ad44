import type { VerificationReport } from '../../../ground/contracts/index.ts';
import { missingMetric } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, type Matrix, proportionMetric, type RandomKey } from '../../../ground/math/index.ts';
import { asGiven, type Comparisons, type ScoreMeaning } from '../comparisons.ts';
import { errorAgainstDiscard } from '../discard.ts';
import { allPairs, cosineScores, type ItemPairs, type Persons } from '../embeddings.ts';
import { measureGroups } from '../groups.ts';
import { measureIdentification, searchGallery } from '../identification.ts';
import { measureRates, ratesAtThreshold, scoreHistogram, type VerificationRates } from '../rates.ts';
import { hardestPeople, worstPairs } from '../zoo.ts';

/** Comparisons with what is known of them. */
export interface NamedComparisons {
  readonly comparisons: Comparisons;
  /** Which items each is of, and what those are called; null where scores came alone. */
  readonly pairs: ItemPairs | null;
  readonly itemNames: readonly string[];
  readonly personNames: readonly string[];
  readonly meaning: ScoreMeaning;
}

/** Comparisons of every two items, or of the pairs given. @param unit rows of unit length */
export function compareItems(
  unit: Matrix,
  {
    persons,
    itemNames,
    pairs = allPairs(unit.rows),
  }: { readonly persons: Persons; readonly itemNames: readonly string[]; readonly pairs?: ItemPairs },
): NamedComparisons & { readonly pairs: ItemPairs } {
  const reference = pairs.reference.map(i => persons.of[i]!);
  const probe = pairs.probe.map(i => persons.of[i]!);
  return {
    comparisons: {
      scores: cosineScores(unit, unit, pairs),
      mated: Uint8Array.from(reference, (person, i) => (person === probe[i] ? 1 : 0)),
      persons: { reference, probe },
      people: persons.names.length,
    },
    pairs,
    itemNames,
    personNames: persons.names,
    meaning: 'similarity',
  };
}

/** A threshold of another run, and the rate that it was chosen for; null for the equal error rate. */
export interface FrozenThreshold {
  readonly target: number | null;
  readonly threshold: number;
}

export interface MeasureOptions {
  readonly key: RandomKey;
  readonly workingFmr: number;
  readonly group?: {
    readonly attribute: string;
    readonly of: readonly (string | null)[];
    readonly leastPeople: number;
  } | null;
  readonly quality?: { readonly name: string; readonly of: ArrayLike<number> } | null;
  readonly frozen?: { readonly source: string; readonly points: readonly FrozenThreshold[] } | null;
  /** Share of images that failed, to be counted into false accept and false reject rates. */
  readonly failureRate?: number | null;
}

export type MeasuredPart = Pick<
  VerificationReport,
  | 'pairs'
  | 'eer'
  | 'eerThreshold'
  | 'tmr'
  | 'points'
  | 'curve'
  | 'histogram'
  | 'working'
  | 'groups'
  | 'discard'
  | 'hardest'
  | 'worst'
  | 'frozen'
>;

/** The point that is worked with: that of the rate asked for, of the least rate that is measurable where that is not, else of equal errors. */
function workingPoint(rates: VerificationRates, wanted: number): { target: number | null; threshold: number | null } {
  const measured = rates.points.filter(({ threshold }) => threshold !== null);
  const point = measured.findLast(({ target }) => target >= wanted * (1 - 1e-9)) ?? measured[0];
  return point === undefined
    ? { target: null, threshold: rates.eerThreshold }
    : { target: point.target, threshold: point.threshold };
}

/** A metric with something done to its value and the ends of its interval. */
function mapped(metric: VerificationReport['eer'], change: (value: number) => number): VerificationReport['eer'] {
  const { value, interval } = metric;
  if (value === null) return metric;
  return {
    ...metric,
    value: change(value),
    interval: interval && { ...interval, low: change(interval.low), high: change(interval.high) },
  };
}

/** Measures comparisons: rates, curves, groups, people and pairs that stand out. */
export function measureComparisons(named: NamedComparisons, options: MeasureOptions): MeasuredPart {
  const { comparisons, pairs, itemNames, personNames, meaning } = named;
  const { key, workingFmr, group = null, quality = null, frozen = null, failureRate = null } = options;
  const rates = measureRates(comparisons, { key, more: [workingFmr] });
  if (rates.pairs.genuine === 0 || rates.pairs.impostor === 0)
    throw new BiolensError(
      'input',
      `there are ${rates.pairs.genuine} mated and ${rates.pairs.impostor} non-mated pairs, verification needs both`,
    );
  const working = workingPoint(rates, workingFmr);
  const at = working.threshold ?? Number.POSITIVE_INFINITY;
  const given = (threshold: number | null): number | null => (threshold === null ? null : asGiven(threshold, meaning));
  const { edges, genuine, impostor } = scoreHistogram(comparisons);
  const worst = pairs === null ? { mated: [], nonMated: [] } : worstPairs(comparisons, pairs);
  const namePair = ({ reference, probe, score }: (typeof worst.mated)[number]) => ({
    reference: itemNames[reference]!,
    probe: itemNames[probe]!,
    score: asGiven(score, meaning),
  });
  return {
    pairs: rates.pairs,
    eer: rates.eer,
    eerThreshold: given(rates.eerThreshold),
    tmr: rates.tmr,
    points: rates.points.map(point => ({
      ...point,
      threshold: given(point.threshold),
      ...(failureRate === null
        ? {}
        : {
            far: mapped(point.fmr, value => value * (1 - failureRate)),
            frr: mapped(point.fnmr, value => failureRate + (1 - failureRate) * value),
          }),
    })),
    curve: rates.curve.map(({ threshold, fmr, fnmr }) => ({
      threshold: Number.isFinite(threshold) ? asGiven(threshold, meaning) : null,
      fmr,
      fnmr,
    })),
    histogram:
      meaning === 'distance'
        ? { edges: edges.map(edge => -edge).reverse(), genuine: genuine.toReversed(), impostor: impostor.toReversed() }
        : { edges: [...edges], genuine: [...genuine], impostor: [...impostor] },
    working: { target: working.target, threshold: given(working.threshold) },
    groups: group && {
      attribute: group.attribute,
      leastPeople: group.leastPeople,
      ...withoutThreshold(
        measureGroups(comparisons, group.of, {
          threshold: at,
          key: foldIn(key, 'groups'),
          leastPeople: group.leastPeople,
        }),
      ),
    },
    discard:
      quality === null || pairs === null
        ? null
        : {
            quality: quality.name,
            points: errorAgainstDiscard(comparisons, pairs, { quality: quality.of, threshold: at }),
          },
    hardest: hardestPeople(comparisons, at).map(({ person, ...errors }) => ({
      person: personNames[person]!,
      ...errors,
      meanGenuine: errors.meanGenuine === null ? null : asGiven(errors.meanGenuine, meaning),
      meanImpostor: errors.meanImpostor === null ? null : asGiven(errors.meanImpostor, meaning),
    })),
    worst: { mated: worst.mated.map(namePair), nonMated: worst.nonMated.map(namePair) },
    frozen: frozen && {
      source: frozen.source,
      points: frozen.points.map(({ target, threshold }) => {
        const { fmr, fnmr } = ratesAtThreshold(comparisons, meaning === 'distance' ? -threshold : threshold, {
          key: foldIn(key, 'frozen'),
        });
        return { target, threshold, fmr, fnmr };
      }),
    },
  };
}

function withoutThreshold({ groups, crossed, worstToGeometricMean }: ReturnType<typeof measureGroups>) {
  return { groups: [...groups], crossed: [...crossed], worstToGeometricMean };
}

/** Every item as a probe against all others; null where fewer than two people could be found. */
export function identifyWithin(
  unit: Matrix,
  persons: Persons,
  { key }: { readonly key: RandomKey },
): VerificationReport['identification'] {
  const set = { rows: unit, person: persons.of };
  const searches = searchGallery(set, set, { exclude: (probe, template) => probe === template });
  // Whoever has one image alone has no mate to be found.
  const mated = searches.filter(({ rank }) => rank !== null);
  if (mated.length === 0) return null;
  const { ranks, cmc } = measureIdentification(mated, { people: persons.names.length, key });
  return { ranks, cmc: [...cmc] };
}

/** Share of the images that could not be embedded. */
export function failureToEnrol(failures: number, images: number): VerificationReport['failureToEnrol'] {
  return images === 0 ? missingMetric('no images were read') : proportionMetric(failures, images);
}
