import type { ReactNode } from 'react';
import type { AnyReport, ReportPage } from '../src/ground/contracts/report.ts';
import { AUDIT_SECTIONS, AuditPage } from './audit/audit-page.tsx';
import { AUDIT_MEDICAL_SECTIONS, AuditMedicalPage } from './audit-medical/audit-medical-page.tsx';
import { AuditTextPage, auditTextSections } from './audit-text/audit-text-page.tsx';
import { AUDIT_VIDEO_SECTIONS, AuditVideoPage } from './audit-video/audit-video-page.tsx';
import { BenchPage, benchSections } from './bench/bench-page.tsx';
import type { PageSection } from './components/page-frame.tsx';
import { FEDERATED_SECTIONS, FederatedPage } from './federated/federated-page.tsx';
import { FEDERATION_SECTIONS, FederationPage } from './federated/federation-page.tsx';
import { GENERATORS_SECTIONS, GeneratorsPage } from './generators/generators-page.tsx';
import { MITIGATION_SECTIONS, MitigationPage } from './mitigation/mitigation-page.tsx';
import { OtherPage, otherSections } from './other/other-page.tsx';
import { SELECTION_SECTIONS, SelectionPage } from './selection/selection-page.tsx';
import { STUDY_SECTIONS, StudyPage } from './study/study-page.tsx';
import {
  TEMPLATE_ATTACK_SECTIONS,
  TemplateAttackPage,
  TemplatePage,
  templateSections,
} from './templates/template-page.tsx';
import { IDENTIFICATION_SECTIONS, IdentificationPage } from './verification/identification-page.tsx';
import { VerificationPage, verificationSections } from './verification/verification-page.tsx';

export interface ReportView {
  readonly sections: readonly PageSection[];
  readonly content: ReactNode;
}

/** The page of each kind of report, by its `schema` tag; a new kind that has none here does not compile. */
export function viewOf(page: ReportPage, report: AnyReport): ReportView {
  const { run } = page;
  switch (report.schema) {
    case 'biolens/audit@1':
      return { sections: AUDIT_SECTIONS, content: <AuditPage report={report} run={run} /> };
    case 'biolens/audit-medical@1':
      return { sections: AUDIT_MEDICAL_SECTIONS, content: <AuditMedicalPage report={report} run={run} /> };
    case 'biolens/audit-text@1':
      return { sections: auditTextSections(report), content: <AuditTextPage report={report} run={run} /> };
    case 'biolens/audit-video@1':
      return { sections: AUDIT_VIDEO_SECTIONS, content: <AuditVideoPage report={report} run={run} /> };
    case 'biolens/bench@1':
      return { sections: benchSections(report), content: <BenchPage report={report} run={run} /> };
    case 'biolens/mitigation@1':
      return { sections: MITIGATION_SECTIONS, content: <MitigationPage report={report} run={run} /> };
    case 'biolens/selection@1':
      return { sections: SELECTION_SECTIONS, content: <SelectionPage report={report} run={run} /> };
    case 'biolens/diffusion@1':
      return { sections: GENERATORS_SECTIONS, content: <GeneratorsPage report={report} run={run} /> };
    case 'biolens/study@1':
      return { sections: STUDY_SECTIONS, content: <StudyPage report={report} run={run} /> };
    case 'biolens/verification@1':
      return { sections: verificationSections(report), content: <VerificationPage report={report} run={run} /> };
    case 'biolens/identification@1':
      return { sections: IDENTIFICATION_SECTIONS, content: <IdentificationPage report={report} run={run} /> };
    case 'biolens/federate@1':
      return { sections: FEDERATED_SECTIONS, content: <FederatedPage report={report} run={run} /> };
    case 'biolens/federation@1':
      return { sections: FEDERATION_SECTIONS, content: <FederationPage report={report} run={run} /> };
    case 'biolens/templates@1':
      return { sections: templateSections(report), content: <TemplatePage report={report} run={run} /> };
    case 'biolens/template-attack@1':
      return { sections: TEMPLATE_ATTACK_SECTIONS, content: <TemplateAttackPage report={report} run={run} /> };
    case 'biolens/other@1':
      return { sections: otherSections(report), content: <OtherPage report={report} run={run} /> };
  }
}
