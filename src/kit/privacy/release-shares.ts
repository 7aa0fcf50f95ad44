import { type Interval, type Metric, missingMetric, type PrivacyEvent } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { DEFAULT_CONFIDENCE, normalQuantile } from '../../ground/math/index.ts';
import { calibrateNoise } from './calibrate.ts';
import { checkPositive } from './check.ts';
import { openDiscreteGaussian } from './discrete-gaussian.ts';
import { type IntegerSampler, openDiscreteLaplace } from './discrete-laplace.ts';
import { privacyEvent } from './ledger.ts';
import { RandomIntegers } from './random-integers.ts';

/** How many members are of each class of each attribute; a member counts once in each attribute at most. */
export type AttributeCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface ReleaseOptions {
  readonly epsilon: number;
  /** With it normal noise, smaller for many attributes; without it a guarantee of δ = 0. */
  readonly delta?: number;
  /** Who sees it. */
  readonly to: string;
  readonly integers?: RandomIntegers;
}

/** Shares with noise, and what the ledger is to say of them before they leave. */
export interface SharesRelease {
  /** Shares of the noisy counts, with intervals for sampling and noise together. */
  readonly attributes: Readonly<Record<string, Readonly<Record<string, Metric>>>>;
  /** The noisy counts themselves: they may be negative. */
  readonly counts: AttributeCounts;
  readonly event: PrivacyEvent;
}

interface Noise {
  readonly sample: IntegerSampler;
  /** Deviation with which a normal interval covers the noise. */
  readonly deviation: number;
}

/** Noise for counts of which a member changes one in each of so many attributes, and its event. */
function openNoise(attributes: readonly string[], options: ReleaseOptions): Noise & { readonly event: PrivacyEvent } {
  const { epsilon, delta, to, integers } = options;
  const about = {
    unit: 'person',
    purpose: 'report',
    released: `shares of ${attributes.join(', ')}`.slice(0, 500),
    to,
  } as const;
  if (delta === undefined) {
    const sensitivity = attributes.length;
    const scale = sensitivity / epsilon;
    // An interval of normal noise with the variance of Laplace noise would be too narrow at 95 %.
    const z = -normalQuantile((1 - DEFAULT_CONFIDENCE) / 2);
    const deviation = (scale * -Math.log(1 - DEFAULT_CONFIDENCE)) / z;
    const event = privacyEvent({ ...about, mechanism: 'discrete-laplace', scale, sensitivity });
    return { sample: openDiscreteLaplace(scale, integers), deviation, event };
  }
  const sensitivity = Math.sqrt(attributes.length);
  const multiple = calibrateNoise(epsilon, { sampling: 'none', samplingRate: 1, steps: 1, delta }, 'rdp')!;
  const variance = (multiple * sensitivity) ** 2;
  const deviation = Math.sqrt(variance);
  const event = privacyEvent({ ...about, mechanism: 'discrete-gaussian', noiseStdDev: deviation, sensitivity });
  return { sample: openDiscreteGaussian(variance, integers), deviation, event };
}

/**
 * The interval of a share of noisy counts: all p at which the estimate is within z deviations, where its variance is that of sampling, p(1−p)/n,
 * and that of the noise on numerator and total, s²(1 − 2p + k·p²)/n². Wilson's interval where s = 0.
 */
export function noisyShareInterval(
  share: number,
  { n, classes, noiseStdDev }: { readonly n: number; readonly classes: number; readonly noiseStdDev: number },
): Interval {
  const z = -normalQuantile((1 - DEFAULT_CONFIDENCE) / 2);
  const sampling = (z * z) / n;
  const noise = ((z * noiseStdDev) / n) ** 2;
  // (share − p)² = sampling·p(1 − p) + noise·(1 − 2p + k·p²), a quadratic in p.
  const a = 1 + sampling - noise * classes;
  const b = -2 * share - sampling + 2 * noise;
  const c = share * share - noise;
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  const whole = a <= 0;
  return {
    low: whole ? 0 : Math.min(1, Math.max(0, (-b - root) / (2 * a))),
    high: whole ? 1 : Math.max(0, Math.min(1, (-b + root) / (2 * a))),
    confidence: DEFAULT_CONFIDENCE,
    method: 'wilson-with-noise',
  };
}

/** A total that is not this many deviations of its own noise away from zero tells nothing of shares. */
const LEAST_SIGNAL = 4;

function shareOf(
  noisy: number,
  { total, classes, deviation }: { total: number; classes: number; deviation: number },
): Metric {
  if (total < Math.max(1, LEAST_SIGNAL * deviation * Math.sqrt(classes)))
    return missingMetric('the noise is as large as the counts: a larger ε or more data is needed', Math.max(0, total));
  const value = Math.min(1, Math.max(0, noisy / total));
  return { value, n: total, interval: noisyShareInterval(value, { n: total, classes, noiseStdDev: deviation }) };
}

/**
 * Releases the shares of attributes' classes among private members: whole-number noise, sampled exactly, is added to each count, and shares and
 * intervals are made of what that gave. Without δ discrete Laplace noise of scale attributes/ε, with it discrete Gaussian noise.
 *
 * Adversary: sees the release and knows all members but one, added or removed. Leaks beside the counts: the names of classes, which are to be
 * known beforehand and not taken from the data.
 *
 * @param counts whole numbers, one for each class that there could be
 * @throws BiolensError `usage` without a class, for a count that is no whole number, or an ε that is not positive
 */
export function releaseShares(counts: AttributeCounts, options: ReleaseOptions): SharesRelease {
  checkPositive('epsilon', options.epsilon);
  const names = Object.keys(counts);
  if (names.length === 0) throw new BiolensError('usage', '"counts" expected an attribute');
  for (const [attribute, classes] of Object.entries(counts)) {
    if (Object.keys(classes).length < 2) throw new BiolensError('usage', `"${attribute}" expected two classes or more`);
    for (const [name, count] of Object.entries(classes))
      if (!Number.isSafeInteger(count) || count < 0)
        throw new BiolensError('usage', `"${attribute}": "${name}" expected a count, got ${count}`);
  }
  const integers = options.integers ?? new RandomIntegers();
  const { sample, deviation, event } = openNoise(names, { ...options, integers });
  const noisy = mapCounts(counts, count => count + sample());
  const attributes = Object.entries(noisy).map(([attribute, classes]) => {
    const values = Object.values(classes);
    const total = values.reduce((sum, count) => sum + count, 0);
    const context = { total, classes: values.length, deviation };
    const shares = Object.entries(classes).map(([name, count]) => [name, shareOf(count, context)] as const);
    return [attribute, Object.fromEntries(shares)] as const;
  });
  return { attributes: Object.fromEntries(attributes), counts: noisy, event };
}

function mapCounts(counts: AttributeCounts, change: (count: number) => number): AttributeCounts {
  return Object.fromEntries(
    Object.entries(counts).map(([attribute, classes]) => [
      attribute,
      Object.fromEntries(Object.entries(classes).map(([name, count]) => [name, change(count)])),
    ]),
  );
}
