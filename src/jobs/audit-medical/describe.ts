import type { AuditMedicalReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';

/** The result of an audit of medical images for a terminal of 80 columns. */
export function describeAuditMedical({ verdict, replication }: AuditMedicalReport): string {
  const table = formatTable(
    [
      { title: 'generated' },
      { title: 'training' },
      { title: replication.similarity === 'cosine' ? 'cosine' : 'correlation', align: 'right' },
      { title: 'q', align: 'right' },
      { title: '' },
    ],
    replication.pairs
      .slice(0, 8)
      .map(({ generated, training, similarity, qValue, copy }) => [
        generated.slice(0, 22),
        training.slice(0, 22),
        similarity.toFixed(3),
        qValue === null ? '' : qValue.toPrecision(2),
        copy ? 'copy' : '',
      ]),
  );
  return `${describeVerdict(verdict)}\n${table}`;
}
