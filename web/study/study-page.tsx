import { type ReactNode, useEffect } from 'react';
import type { ReportPage } from '../../src/ground/contracts/report.ts';
import type { StudyReport } from '../../src/ground/contracts/study.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { Method } from './method.tsx';
import { Overview, titleOf } from './overview.tsx';
import { Samples } from './samples.tsx';
import { Shares } from './shares.tsx';

export const STUDY_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'shares', title: 'Shares by size' },
  { id: 'samples', title: 'Samples' },
  { id: 'method', title: 'Method' },
];

/** The report of a study of bias by the size of the training set. */
export function StudyPage({ page, report }: { readonly page: ReportPage; readonly report: StudyReport }): ReactNode {
  useEffect(() => {
    document.title = `${titleOf(report)} · biolens`;
  }, [report]);
  return (
    <>
      <Overview report={report} run={page.run} />
      <Shares report={report} />
      <Samples report={report} />
      <Method report={report} run={page.run} />
    </>
  );
}
