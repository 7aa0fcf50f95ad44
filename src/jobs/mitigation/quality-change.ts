import { type Metric, type MitigationSide, missingMetric } from '../../ground/contracts/index.ts';
import { groupJackknifeInterval } from '../audit/index.ts';

type Measured = Pick<MitigationSide, 'quality' | 'fidWithout'>;

const differences = (after: readonly number[], before: readonly number[]): number[] =>
  after.map((value, i) => value - before[i]!);

/** The interval of a difference of two values with intervals of their own, taken as independent. */
function spread(before: Metric, after: Metric, value: number): Metric['interval'] {
  if (before.interval === null || after.interval === null) return null;
  const half = ({ low, high }: { readonly low: number; readonly high: number }) => (high - low) / 2;
  const reach = Math.hypot(half(before.interval), half(after.interval));
  return { low: value - reach, high: value + reach, confidence: after.interval.confidence, method: 'independent' };
}

/**
 * By how much the Fréchet distance grew, with the interval of the difference: a delete-group jackknife of the same samples, in which each group of
 * reference images is left out of both distances, and the groups of samples that begin with the same noise are left out together.
 *
 * Sides of reports of earlier versions do not keep the distances without a group: there the two intervals are taken as independent, which the common
 * reference only makes too wide.
 */
export function frechetChange(before: Measured, after: Measured): Metric {
  if (before.quality.fid.value === null || after.quality.fid.value === null)
    return missingMetric(after.quality.fid.reason ?? before.quality.fid.reason ?? 'not measured', after.quality.fid.n);
  const value = after.quality.fid.value - before.quality.fid.value;
  const n = Math.min(before.quality.fid.n, after.quality.fid.n);
  const [earlier, later] = [before.fidWithout, after.fidWithout];
  const match =
    earlier?.reference.length === later?.reference.length && earlier?.generated.length === later?.generated.length;
  if (earlier === undefined || later === undefined || !match)
    return { value, n, interval: spread(before.quality.fid, after.quality.fid, value) };
  const parts = [differences(later.reference, earlier.reference), differences(later.generated, earlier.generated)];
  return { value, n, interval: groupJackknifeInterval(value, parts) };
}
