import type { ReactNode } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
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
  { id: 'shares', title: 'Distribution of people' },
  { id: 'copying', title: 'Copying' },
  { id: 'quality', title: 'Quality' },
  { id: 'rounds', title: 'Rounds' },
  { id: 'method', title: 'Method' },
];

/** The report of a mitigation: a model before and after it was fine-tuned with rewards. */
export function MitigationPage({ report, run }: OfRun<MitigationReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      <Samples report={report} />
      <Shares report={report} />
      <Copying report={report} />
      <Quality report={report} />
      <Rounds report={report} />
      <Method report={report} run={run} />
    </>
  );
}
