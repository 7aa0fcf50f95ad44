import type { ReactNode } from 'react';
import type { AuditReport } from '../../src/ground/contracts/audit.ts';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
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
export function AuditPage({ report, run }: OfRun<AuditReport>): ReactNode {
  const { training, generated } = report.sets;
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Copies
        replication={report.replication}
        pictured={training.kind === 'images' || generated.kind === 'images'}
        runId={run.id}
      />
      <Similarity replication={report.replication} />
      <Duplicates
        duplicates={report.replication.duplicates}
        generated={report.replication.generatedDuplicates}
        pictured={{ training: training.kind === 'images', generated: generated.kind === 'images' }}
      />
      <Measures replication={report.replication} />
      <Bias attributes={report.bias.attributes} />
      <Quality quality={report.quality} />
      <Method report={report} run={run} />
    </>
  );
}
