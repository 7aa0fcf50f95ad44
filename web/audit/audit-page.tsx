import { type ReactNode, useEffect } from 'react';
import type { AuditReport } from '../../src/ground/contracts/audit.ts';
import type { ReportPage } from '../../src/ground/contracts/report.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { Bias } from './bias.tsx';
import { Copies } from './copies.tsx';
import { Duplicates } from './duplicates.tsx';
import { Measures } from './measures.tsx';
import { Method } from './method.tsx';
import { Overview, titleOf } from './overview.tsx';
import { Quality } from './quality.tsx';
import { Similarity } from './similarity.tsx';

export const AUDIT_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'copies', title: 'Copies' },
  { id: 'similarity', title: 'Similarity' },
  { id: 'duplicates', title: 'Duplicates' },
  { id: 'measures', title: 'Other measures' },
  { id: 'bias', title: 'Bias' },
  { id: 'quality', title: 'Quality' },
  { id: 'method', title: 'Method' },
];

/** The report of one audit. */
export function AuditPage({ page, report }: { readonly page: ReportPage; readonly report: AuditReport }): ReactNode {
  const { run } = page;
  const { training, generated } = report.sets;
  useEffect(() => {
    document.title = `${titleOf(report)} · biolens`;
  }, [report]);
  return (
    <>
      <Overview report={report} run={run} />
      <Copies
        replication={report.replication}
        pictured={training.kind === 'images' || generated.kind === 'images'}
        runId={run.id}
      />
      <Similarity replication={report.replication} />
      <Duplicates duplicates={report.replication.duplicates} pictured={training.kind === 'images'} />
      <Measures replication={report.replication} />
      <Bias attributes={report.bias.attributes} />
      <Quality quality={report.quality} />
      <Method report={report} run={run} />
    </>
  );
}
