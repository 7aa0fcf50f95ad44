import { type ReactNode, useEffect } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import type { ReportPage } from '../../src/ground/contracts/report.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { Copying } from './copying.tsx';
import { Method } from './method.tsx';
import { Overview, titleOf } from './overview.tsx';
import { Quality } from './quality.tsx';
import { Rounds } from './rounds.tsx';
import { Samples } from './samples.tsx';
import { Shares } from './shares.tsx';

export const MITIGATION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'samples', title: 'Samples' },
  { id: 'shares', title: 'Mix of people' },
  { id: 'copying', title: 'Copying' },
  { id: 'quality', title: 'Quality' },
  { id: 'rounds', title: 'Rounds' },
  { id: 'method', title: 'Method' },
];

/** The report of a mitigation: a model before and after it was tuned with rewards. */
export function MitigationPage({
  page,
  report,
}: {
  readonly page: ReportPage;
  readonly report: MitigationReport;
}): ReactNode {
  useEffect(() => {
    document.title = `${titleOf(report)} · biolens`;
  }, [report]);
  return (
    <>
      <Overview report={report} run={page.run} />
      <Samples report={report} />
      <Shares report={report} />
      <Copying report={report} />
      <Quality report={report} />
      <Rounds report={report} />
      <Method report={report} run={page.run} />
    </>
  );
}
