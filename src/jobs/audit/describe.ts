import type { AuditReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare } from '../../kit/text/wrap.ts';

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
export function describeAudit(report: AuditReport): string {
  return `${describeVerdict(report.verdict)}${describePairs(report)}${describeBias(report)}`;
}
