import type { Metric } from '../../ground/contracts/index.ts';
import { printable } from './io.ts';

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
