import type { Metric } from '../../src/ground/contracts/metric.ts';
import { formatInterval, formatShare } from '../text/format.ts';

const PERCENT = '\u00a0%';
const bare = (share: number): string => formatShare(share).replace(PERCENT, '');

/** A difference of two shares: `3.1 points`. */
export const formatPoints = (difference: number): string => `${bare(difference)}\u00a0points`;

/** With its sign: `+3.1`. */
export const formatSigned = (difference: number): string =>
  difference > 0 ? `+${bare(difference)}` : bare(difference);

/** The interval of a difference, `1.2 to 4.9`; null where there is none. */
export const formatPointRange = ({ interval }: Metric): string | null =>
  interval === null ? null : formatInterval('share', interval).replaceAll(PERCENT, '');
