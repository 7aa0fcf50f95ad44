import type { ReactNode } from 'react';
import type { AuditTextReport } from '../../src/ground/contracts/audit-text.ts';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { Exhibits } from './exhibits.tsx';
import { Method } from './method.tsx';
import { Overview, titleOf } from './overview.tsx';
import { Prefixes } from './prefixes.tsx';
import { Runs } from './runs.tsx';
import { Texts } from './texts.tsx';

/** The parts of the page; the curve only where a model was asked. */
export const auditTextSections = ({ continuations }: AuditTextReport): readonly PageSection[] => [
  { id: 'overview', title: 'Overview' },
  ...(continuations === null ? [] : [{ id: 'prefixes', title: 'By prefix' }]),
  { id: 'exhibits', title: 'Side by side' },
  { id: 'runs', title: 'All runs' },
  { id: 'texts', title: 'Texts' },
  { id: 'method', title: 'Method' },
];

/** The report of an audit of texts. */
export function AuditTextPage({ report, run }: OfRun<AuditTextReport>): ReactNode {
  usePageTitle(titleOf(report));
  return (
    <>
      <Overview report={report} run={run} />
      {report.continuations !== null && <Prefixes report={report} continuations={report.continuations} />}
      <Exhibits report={report} />
      <Runs report={report} />
      <Texts report={report} />
      <Method report={report} run={run} />
    </>
  );
}
