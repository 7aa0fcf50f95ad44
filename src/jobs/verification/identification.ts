import type { Metric } from '../../ground/contracts/metric.ts';
import { missingMetric } from '../../ground/contracts/metric.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, type Matrix, openStream, type RandomKey } from '../../ground/math/index.ts';
import { dotRows } from './embeddings.ts';
import { intervalOfShare, resamplesFor, takePeople } from './intervals.ts';
import { LEAST_ERRORS } from './rates.ts';

/** What one search of a gallery came to. */
export interface Search {
  /** Number of the probe's person, among all people of the searches. */
  readonly person: number;
  /** Place of the probe's person among the candidates, from 1; null where the gallery does not hold it. */
  readonly rank: number | null;
  /** Score of the best candidate who is another person; −∞ where there is none. */
  readonly bestOther: number;
  /** Score of the probe's own person; null without a mate. */
  readonly mate: number | null;
}

/** What is searched: one row a template; several templates may be of one person, whose best score counts. */
export interface GalleryOf {
  /** `[m, d]` of unit length. */
  readonly rows: Matrix;
  readonly person: ArrayLike<number>;
}

/**
 * Searches a gallery for each probe. A person with an equal score comes before the probe's own: ties are never to the system's credit.
 *
 * @param options.exclude leaves out a template of the gallery, such as the probe itself where both sets are one
 */
export function searchGallery(
  gallery: GalleryOf,
  probes: GalleryOf,
  { exclude = () => false }: { readonly exclude?: (probe: number, template: number) => boolean } = {},
): Search[] {
  const best = new Map<number, number>();
  return Array.from({ length: probes.rows.rows }, (_, probe): Search => {
    best.clear();
    for (let template = 0; template < gallery.rows.rows; template++) {
      if (exclude(probe, template)) continue;
      const score = dotRows(gallery.rows, template, probes.rows, probe);
      const person = gallery.person[template]!;
      if (score > (best.get(person) ?? Number.NEGATIVE_INFINITY)) best.set(person, score);
    }
    const person = probes.person[probe]!;
    const mate = best.get(person) ?? null;
    let bestOther = Number.NEGATIVE_INFINITY;
    let before = 0;
    for (const [candidate, score] of best) {
      if (candidate === person) continue;
      bestOther = Math.max(bestOther, score);
      if (mate !== null && score >= mate) before++;
    }
    return { person, rank: mate === null ? null : before + 1, bestOther, mate };
  });
}

/** Ranks at which the identification rate is reported. */
export const REPORTED_RANKS = [1, 5, 10] as const;
export const REPORTED_FPIRS = [1e-1, 1e-2] as const;
const MOST_RANKS = 50;

export interface IdentificationRates {
  /** Probes whose person is in the gallery, and those whose is not. */
  readonly probes: { readonly mated: number; readonly nonMated: number };
  /** Share of the mated probes whose person is among the first k candidates, by k. */
  readonly ranks: Readonly<Record<string, Metric>>;
  /** The same for every rank from 1. */
  readonly cmc: readonly number[];
  /** Share of the mated probes that are found first and at or above the threshold, by the share of non-mated ones that find anyone. */
  readonly dir: Readonly<Record<string, Metric>>;
  readonly dirThresholds: Readonly<Record<string, number | null>>;
}

/** Searches in falling order of the best other person. */
const byBestOther = (searches: readonly Search[]): Search[] => [...searches].sort((a, b) => b.bestOther - a.bestOther);

/**
 * The lowest threshold that at most a share of the non-mated searches reaches.
 *
 * @param falling by {@link byBestOther}
 */
function thresholdAtFpir(falling: readonly Search[], fpir: number, weightOf: (search: Search) => number): number {
  const total = falling.reduce((sum, search) => sum + weightOf(search), 0);
  const allowed = fpir * total * (1 + 1e-12);
  let reached = 0;
  let lowest: number | null = null;
  for (let at = 0; at < falling.length; ) {
    const score = falling[at]!.bestOther;
    while (at < falling.length && falling[at]!.bestOther === score) reached += weightOf(falling[at++]!);
    if (reached > allowed) {
      // Above this score: the next one that occurs, or the next number there is.
      return lowest ?? score + Math.max(Math.abs(score) * Number.EPSILON, Number.MIN_VALUE);
    }
    lowest = score;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Detection and identification rate, each search counted with a weight. */
function dirAt(
  mated: readonly Search[],
  falling: readonly Search[],
  { fpir, weightOf }: { readonly fpir: number; readonly weightOf: (search: Search) => number },
): number {
  const threshold = thresholdAtFpir(falling, fpir, weightOf);
  let sum = 0;
  let found = 0;
  for (const search of mated) {
    const weight = weightOf(search);
    sum += weight;
    if (search.rank === 1 && search.mate !== null && search.mate >= threshold) found += weight;
  }
  return found / sum;
}

const once = (): number => 1;

/** Share of numbers of the people that a resample took. */
function weighted(searches: readonly Search[], times: Float64Array, holds: (search: Search) => boolean): number {
  let sum = 0;
  let held = 0;
  for (const search of searches) {
    const weight = times[search.person]!;
    sum += weight;
    if (holds(search)) held += weight;
  }
  return sum === 0 ? Number.NaN : held / sum;
}

/**
 * Measures identification. With probes whose person is not in the gallery also the open-set rates: FPIR is the share of those that find
 * anyone, and a threshold is chosen by it (Grother and Ngan, NISTIR 8009, section 2).
 *
 * @param people how many people the searches' numbers are of
 * @throws BiolensError `input` where no probe's person is in the gallery
 */
export function measureIdentification(
  searches: readonly Search[],
  { people, key }: { readonly people: number; readonly key: RandomKey },
): IdentificationRates {
  const mated = searches.filter(({ rank }) => rank !== null);
  const nonMated = searches.filter(({ rank }) => rank === null);
  if (mated.length === 0) throw new BiolensError('input', 'no probe is of a person in the gallery');
  const falling = byBestOther(nonMated);
  const stream = openStream(foldIn(key, 'identification'));
  const times = new Float64Array(people);
  const resamples = people < 3 ? 0 : resamplesFor(20 * searches.length);
  const replicates = new Map<string, Float64Array>();
  const keep = (name: string, r: number, value: number): void => {
    if (!replicates.has(name)) replicates.set(name, new Float64Array(resamples));
    replicates.get(name)![r] = value;
  };
  const fpirs = REPORTED_FPIRS.map(fpir => ({ fpir, reason: whyNoFpir(fpir, nonMated.length) }));
  for (let r = 0; r < resamples; r++) {
    takePeople(people, stream, times);
    for (const k of REPORTED_RANKS)
      keep(
        `rank ${k}`,
        r,
        weighted(mated, times, ({ rank }) => rank! <= k),
      );
    if (fpirs.every(({ reason }) => reason !== null)) continue;
    const weightOf = ({ person }: Search): number => times[person]!;
    for (const { fpir } of fpirs) keep(`dir ${fpir}`, r, dirAt(mated, falling, { fpir, weightOf }));
  }
  const matedPeople = new Set(mated.map(({ person }) => person)).size;
  const metric = (name: string, value: number): Metric => {
    const drawn = replicates.get(name);
    const interval = drawn === undefined ? null : intervalOfShare(drawn, { value, people: matedPeople });
    return { value, n: mated.length, interval };
  };
  const cmc = Array.from(
    { length: Math.min(MOST_RANKS, people) },
    (_, k) => mated.filter(({ rank }) => rank! <= k + 1).length / mated.length,
  );
  return {
    probes: { mated: mated.length, nonMated: nonMated.length },
    ranks: Object.fromEntries(
      REPORTED_RANKS.map(k => [
        String(k),
        metric(`rank ${k}`, mated.filter(({ rank }) => rank! <= k).length / mated.length),
      ]),
    ),
    cmc,
    dir: Object.fromEntries(
      fpirs.map(({ fpir, reason }) => [
        String(fpir),
        reason === null
          ? metric(`dir ${fpir}`, dirAt(mated, falling, { fpir, weightOf: once }))
          : missingMetric(reason, mated.length),
      ]),
    ),
    dirThresholds: Object.fromEntries(
      fpirs.map(({ fpir, reason }) => [
        String(fpir),
        reason === null ? finite(thresholdAtFpir(falling, fpir, once)) : null,
      ]),
    ),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function whyNoFpir(fpir: number, nonMated: number): string | null {
  if (nonMated === 0)
    return 'no probe is of a person outside the gallery, so there is no false positive identification rate';
  if (fpir * nonMated >= LEAST_ERRORS * (1 - 1e-9)) return null;
  return `not measurable with ${nonMated} probes of people outside the gallery; it takes ${LEAST_ERRORS / fpir}`;
}
