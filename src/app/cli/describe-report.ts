import type { AnyReport } from '../../ground/contracts/index.ts';
import { describeAudit } from './describe-audit.ts';
import { describeBench } from './describe-bench.ts';
import { describeDiffusion } from './describe-diffusion.ts';
import { describeMitigation } from './describe-mitigation.ts';
import { describeStudy } from './describe-study.ts';

/** A report of any kind in a few lines for a terminal. */
export function describeReport(report: AnyReport): string {
  switch (report.schema) {
    case 'biolens/audit@1':
      return describeAudit(report);
    case 'biolens/bench@1':
      return describeBench(report);
    case 'biolens/mitigation@1':
      return describeMitigation(report);
    case 'biolens/diffusion@1':
      return describeDiffusion(report);
    case 'biolens/study@1':
      return describeStudy(report);
    default:
      return report satisfies never;
  }
}
