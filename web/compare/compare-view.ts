import type { ComparedMetric, MetricDifference, RunComparison } from '../../src/ground/contracts/comparison.ts';
import type { Interval } from '../../src/ground/contracts/metric.ts';
import { formatMeasured, formatPEquals } from '../text/format.ts';

/** Differences called real by q at most this are chance in so many cases. */
export const FALSE_DISCOVERY_RATE = 0.05;

/** The runs are spoken of by letters, the first as A. */
export const letterOf = (run: number): string => String.fromCharCode(65 + run);

type Unit = ComparedMetric['unit'];

function numberText(value: number, unit: Unit): string {
  const sign = value < 0 ? '\u2212' : '+';
  const text = unit === 'share' ? (100 * Math.abs(value)).toFixed(1) : formatMeasured(Math.abs(value));
  return Number(text) === 0 ? text : `${sign}${text}`;
}

/** Such as `+1.2`, in points where it is of shares. */
export const differenceText = (value: number, unit: Unit): string =>
  `${numberText(value, unit)}${unit === 'share' ? ' points' : ''}`;

export const intervalText = ({ low, high }: Interval, unit: Unit): string =>
  `${numberText(low, unit)} to ${numberText(high, unit)}`;

export const isReal = (difference: MetricDifference | null): boolean =>
  difference !== null && difference.q !== null && difference.q <= FALSE_DISCOVERY_RATE;

/** What the headline says of a later run against the first. */
export function headlineSentence({ runs, metrics }: RunComparison, later: number): string {
  const label = runs[0]?.headline?.label ?? 'the result';
  const [headline] = metrics;
  const found = headline?.differences[later - 1] ?? null;
  const name = letterOf(later);
  if (headline === undefined || found === null || found.difference.value === null)
    return `A and ${name} cannot be compared by ${label}.`;
  const { value, interval } = found.difference;
  const said = differenceText(value, headline.unit);
  if (interval === null || found.p === null)
    return `${name} against A in ${label}: ${said}. There is no interval, so chance is not ruled out.`;
  const sure = found.p <= 1 - interval.confidence;
  const numbers = `${said}, ${100 * interval.confidence}\u00a0% interval ${intervalText(interval, headline.unit)}, ${formatPEquals(found.p)}`;
  const basis = found.paired ? ', on the same items' : '';
  return sure
    ? `${name} is ${value < 0 ? 'lower' : 'higher'} than A in ${label}: ${numbers}${basis}.`
    : `No difference between A and ${name} in ${label} is shown: ${numbers}${basis}.`;
}

/** Metrics whose path holds a text. */
export function selectMetrics(
  metrics: readonly ComparedMetric[],
  { text, onlyReal }: { readonly text: string; readonly onlyReal: boolean },
): readonly ComparedMetric[] {
  const wanted = text.trim().toLowerCase();
  return metrics.filter(
    ({ path, of, differences }) =>
      `${path} ${of}`.toLowerCase().includes(wanted) && (!onlyReal || differences.some(isReal)),
  );
}
