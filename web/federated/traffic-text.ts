import { formatNumber, plural } from '../text/format.ts';

/** Below so many, bytes are counted one by one. */
const FEW_BYTES = 10_000;
const MEGA = 1e6;

/** Bytes that went over a connection. */
export const trafficText = (bytes: number): string =>
  bytes < FEW_BYTES ? plural(bytes, 'byte') : `${formatNumber(bytes / MEGA)} MB`;
