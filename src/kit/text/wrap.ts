import type { Metric } from '../../ground/contracts/index.ts';
import { printable } from './printable.ts';

const share = (value: number) => `${(100 * value).toFixed(1)} %`;

/** A metric with its interval, or why there is none. */
export function formatShare(metric: Metric | undefined): string {
  if (metric === undefined) return '';
  if (metric.value === null) return `not known: ${metric.reason}`;
  const { interval } = metric;
  return interval === null
    ? share(metric.value)
    : `${share(metric.value)} [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`;
}

/** A metric as a share in per cent or as a number, with its interval, or why there is none. */
export function formatMetric(metric: Metric, unit: 'share' | 'number'): string {
  if (unit === 'share' || metric.value === null) return formatShare(metric);
  const { value, interval } = metric;
  const number = value.toPrecision(3);
  return interval === null ? number : `${number} [${interval.low.toPrecision(3)}, ${interval.high.toPrecision(3)}]`;
}

/** Words in lines of at most `width` characters, each after the indent. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width - indent.length) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map(one => indent + one).join('\n');
}
