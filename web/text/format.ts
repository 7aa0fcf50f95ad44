import type { Interval } from '../../src/ground/contracts/metric.ts';

/**
 * How a number is written: a share of 0 to 1 as per cent, a percentage of 0 to 100 as it is, a very small share per million, a
 * similarity with three decimals, a factor with its sign, anything else by its size.
 */
export type NumberKind = 'share' | 'percentage' | 'perMillion' | 'similarity' | 'factor' | 'number';

const MINUS = '\u2212';
const PERCENT = '\u00a0%';
const sign = (text: string): string => text.replace('-', MINUS);

export const formatCount = (count: number): string => sign(count.toLocaleString('en-US'));

/** Small ones keep two figures, so that what is not nothing does not read as 0 %. */
function formatPercentage(percent: number): string {
  const size = Math.abs(percent);
  if (size === 0) return `0${PERCENT}`;
  if (size < 0.001) return `${percent < 0 ? MINUS : ''}<0.001${PERCENT}`;
  const digits = size < 0.01 ? 3 : size < 1 ? 2 : 1;
  return `${sign(percent.toFixed(digits))}${PERCENT}`;
}

export const formatShare = (share: number): string => formatPercentage(share * 100);

/** A setting or another exact number: about three figures, no zeros behind the last one that counts. */
export const formatNumber = (value: number): string => figures(value, 1);

/** A measured number: three figures, zeros too, so that a column and an interval read alike. */
export const formatMeasured = (value: number): string => figures(value, 3);

function figures(value: number, least: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1000) return formatCount(Math.round(value));
  if (size < 0.001) return formatPower(value);
  const most = size >= 100 ? 4 : 3;
  return sign(value.toLocaleString('en-US', { minimumSignificantDigits: least, maximumSignificantDigits: most }));
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Such as 3.1 × 10⁻⁵. */
function formatPower(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential(1).split('e');
  const raised = [...exponent.replace('+', '')].map(c => (c === '-' ? '⁻' : (SUPERSCRIPTS[Number(c)] ?? ''))).join('');
  const factor = digits.replace('.0', '');
  return factor === '1' ? `10${raised}` : `${sign(factor)}\u00a0×\u00a010${raised}`;
}

export function formatAs(kind: NumberKind, value: number): string {
  switch (kind) {
    case 'share':
      return formatShare(value);
    case 'percentage':
      return formatPercentage(value);
    case 'perMillion':
      return `${formatMeasured(value * 1e6)} per million`;
    case 'similarity':
      return sign(value.toFixed(3));
    case 'factor':
      return `${formatMeasured(value)}\u00a0×`;
    case 'number':
      return formatMeasured(value);
  }
}

/** A p- or q-value; those below 0.0001 are not told apart, as no audit rests on so many draws. */
export function formatP(p: number | null): string {
  if (p === null) return '–';
  if (p < 0.0001) return '<\u00a00.0001';
  return p < 0.001 ? p.toFixed(4) : p.toFixed(3);
}

/** `p = 0.012` or `p < 0.0001`. */
export const formatPEquals = (p: number): string =>
  p < 0.0001 ? `p\u00a0${formatP(p)}` : `p\u00a0=\u00a0${formatP(p)}`;

/** A setting such as a rate of 0.05, without the zeros that a measured share would have. */
export const formatRate = (rate: number): string => `${formatNumber(rate * 100)}${PERCENT}`;

/** Such as `1.2 % to 3.4 %`, at the usual confidence; another is said. A unit that stands behind the value is not repeated. */
export function formatInterval(kind: NumberKind, { low, high, confidence }: Interval): string {
  const scale = kind === 'perMillion' ? 1e6 : 1;
  const bare = kind === 'perMillion' || kind === 'factor' ? 'number' : kind;
  const range = `${formatAs(bare, low * scale)} to ${formatAs(bare, high * scale)}`;
  return confidence === USUAL_CONFIDENCE ? range : `${range} (${formatRate(confidence)})`;
}

/** Of every interval that does not say otherwise; the method section says so. */
export const USUAL_CONFIDENCE = 0.95;

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' });
}

/** `1 min 12 s`, `3 h 4 min`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export const formatBytes = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${formatNumber(bytes / 2 ** 30)} GiB` : `${formatNumber(bytes / 2 ** 20)} MiB`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`;
