import type { AnyReport, AuditReport, Metric } from '../contracts/index.ts';
import { printable } from './io.ts';
import { formatTable } from './table.ts';

const MARKS = { good: 'ok', warning: 'look', bad: 'BAD', unknown: '?' } as const;

const share = (value: number) => `${(100 * value).toFixed(1)} %`;

/** A metric with its interval, or why there is none. */
function formatShare(metric: Metric | undefined): string {
  if (metric === undefined) return '';
  if (metric.value === null) return `not known: ${metric.reason}`;
  const { interval } = metric;
  return interval === null
    ? share(metric.value)
    : `${share(metric.value)} [${(100 * interval.low).toFixed(1)}, ${(100 * interval.high).toFixed(1)}]`;
}

function wrap(text: string, width: number, indent: string): string {
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

function describeVerdict(report: AuditReport): string {
  return report.verdict
    .map(
      ({ level, headline, certainty }) =>
        `${wrap(`${MARKS[level]}: ${headline}`, 80, '')}\n${wrap(certainty, 80, '    ')}\n`,
    )
    .join('');
}

function describePairs({ replication }: AuditReport): string {
  const called = replication.pairs.filter(({ copy }) => copy).slice(0, 5);
  if (called.length === 0) return '';
  const rows = called.map(({ generated, training, similarity, qValue }) => [
    generated,
    training,
    similarity.toFixed(3),
    qValue === null ? '' : qValue.toPrecision(2),
  ]);
  return `\n${formatTable(
    [
      { title: 'copy', maxWidth: 28 },
      { title: 'of', maxWidth: 28 },
      { title: 'similarity', align: 'right' },
      { title: 'q', align: 'right' },
    ],
    rows,
  )}`;
}

function describeBias({ bias }: AuditReport): string {
  return Object.entries(bias.attributes)
    .map(([attribute, { classes, training, generated }]) => {
      const rows = classes.map(name => [name, formatShare(training[name]), formatShare(generated[name])]);
      return `\n${formatTable([{ title: attribute, maxWidth: 20 }, { title: 'training' }, { title: 'generated' }], rows)}`;
    })
    .join('');
}

/** The result of an audit for a terminal of 80 columns: verdict, the first copies, the shares. */
export function describeAudit(report: AnyReport): string {
  return `${describeVerdict(report)}${describePairs(report)}${describeBias(report)}`;
}
