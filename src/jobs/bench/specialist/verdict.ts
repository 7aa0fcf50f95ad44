import type { OptionForm, Range } from './option-forms.ts';

/** How well each option fits what was seen: natural logarithms of probabilities, up to a constant that all share. */
export interface Verdict {
  readonly scores: readonly number[];
  /** What was seen, in one line. */
  readonly why: string;
}

/** For "None of the above" and what could not be read: right more seldom than by chance. */
const OTHER = Math.log(0.02);
/** No network is more certain than this of anything. */
const SURE = 0.999;

const clamp = (p: number): number => Math.min(SURE, Math.max(1 - SURE, p));

/**
 * Distribution of the number of successes among independent trials with these probabilities (Poisson binomial), by
 * convolution.
 */
export function countDistribution(probabilities: readonly number[]): number[] {
  let distribution = [1];
  for (const given of probabilities) {
    const p = clamp(given);
    const next = Array.from({ length: distribution.length + 1 }, () => 0);
    for (const [k, mass] of distribution.entries()) {
      next[k]! += mass * (1 - p);
      next[k + 1]! += mass * p;
    }
    distribution = next;
  }
  return distribution;
}

/**
 * Scores options from the probability that each image (or face) has what is asked for; null where the options ask for
 * something else.
 */
export function judgeByTrait(
  probabilities: readonly number[],
  { form, why }: { readonly form: OptionForm; readonly why: string },
): Verdict | null {
  switch (form.kind) {
    case 'counts': {
      const distribution = countDistribution(probabilities);
      return { scores: form.values.map(k => (k === null ? OTHER : Math.log(distribution[k] ?? 1e-6))), why };
    }
    case 'ranges': {
      const distribution = countDistribution(probabilities);
      const mass = ({ low, high }: Range): number =>
        distribution.reduce((sum, p, k) => sum + (k >= low && k <= high ? p : 0), 1e-6);
      return { scores: form.values.map(range => (range === null ? OTHER : Math.log(mass(range)))), why };
    }
    case 'pictures':
      return { scores: form.values.map(set => (set === null ? OTHER : setScore(probabilities, set))), why };
    case 'yes-no': {
      const yes = clamp(probabilities[0] ?? 0.5);
      return { scores: form.values.map(value => (value === null ? OTHER : Math.log(value ? yes : 1 - yes))), why };
    }
    case 'words':
      return null;
  }
}

/** Log-probability that exactly the images of `set` have the trait. */
function setScore(probabilities: readonly number[], set: readonly number[]): number {
  return probabilities.reduce((sum, p, i) => sum + Math.log(set.includes(i) ? clamp(p) : clamp(1 - p)), 0);
}

/** Scores options from a number that was estimated with a normal error; null where the options are no numbers. */
export function judgeByNumber(
  estimate: number,
  { form, deviation, why }: { readonly form: OptionForm; readonly deviation: number; readonly why: string },
): Verdict | null {
  if (form.kind === 'counts') {
    const score = (k: number | null): number => (k === null ? OTHER : -0.5 * ((k - estimate) / deviation) ** 2);
    return { scores: form.values.map(score), why };
  }
  if (form.kind !== 'ranges') return null;
  const mass = ({ low, high }: Range): number => inRange(estimate, { range: { low, high }, deviation });
  return {
    scores: form.values.map(range => (range === null ? OTHER : Math.log(Math.max(1e-12, mass(range))))),
    why,
  };
}

/** Probability that the true value lies in a range of whole numbers, both ends included, for a normal error. */
export function inRange(
  estimate: number,
  { range, deviation }: { readonly range: Range; readonly deviation: number },
): number {
  const below = (x: number): number => normalCdf((x - estimate) / deviation);
  return Math.max(0, below(range.high + 0.5) - below(range.low - 0.5));
}

/** Logistic approximation of the normal distribution function, within 0.01 of it (scale 1.702). */
function normalCdf(z: number): number {
  return 1 / (1 + Math.exp(-1.702 * z));
}

/** The best option; of those that are equally good, the one whose turn `pick` says it is. */
export function bestOption({ scores }: Verdict, pick: (count: number) => number): number {
  const best = Math.max(...scores);
  const ties = scores.flatMap((score, i) => (score >= best - 1e-9 ? [i] : []));
  return ties[pick(ties.length)]!;
}
