import type { ReactNode } from 'react';
import type { AnyReport, ReportPage } from '../src/ground/contracts/report.ts';
import { AUDIT_SECTIONS, AuditPage } from './audit/audit-page.tsx';
import { BenchPage, benchSections } from './bench/bench-page.tsx';
import type { PageSection } from './components/page-frame.tsx';
import { DIFFUSION_SECTIONS, DiffusionPage } from './diffusion/diffusion-page.tsx';
import { MITIGATION_SECTIONS, MitigationPage } from './mitigation/mitigation-page.tsx';
import { STUDY_SECTIONS, StudyPage } from './study/study-page.tsx';

export interface ReportView {
  readonly sections: readonly PageSection[];
  readonly content: ReactNode;
}

/** The page of each kind of report, by its `schema` tag; a new kind that has none here does not compile. */
export function viewOf(page: ReportPage, report: AnyReport): ReportView {
  switch (report.schema) {
    case 'biolens/audit@1':
      return { sections: AUDIT_SECTIONS, content: <AuditPage page={page} report={report} /> };
    case 'biolens/bench@1':
      return { sections: benchSections(report), content: <BenchPage page={page} report={report} /> };
    case 'biolens/mitigation@1':
      return { sections: MITIGATION_SECTIONS, content: <MitigationPage page={page} report={report} /> };
    case 'biolens/diffusion@1':
      return { sections: DIFFUSION_SECTIONS, content: <DiffusionPage page={page} report={report} /> };
    case 'biolens/study@1':
      return { sections: STUDY_SECTIONS, content: <StudyPage page={page} report={report} /> };
  }
}
