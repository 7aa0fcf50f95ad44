import type { ReactNode } from 'react';
import type { StudyReport } from '../../src/ground/contracts/study.ts';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
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
export function StudyPage({ report, run }: OfRun<StudyReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Shares report={report} />
      <Samples report={report} />
      <Method report={report} run={run} />
    </>
  );
}
