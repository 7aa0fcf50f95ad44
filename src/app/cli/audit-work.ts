import type { AuditReport } from '../../ground/contracts/index.ts';
import type { AuditEvent } from '../../jobs/audit/index.ts';
import { describeAudit } from './describe-audit.ts';
import { followRun, parseRecorded } from './follow-run.ts';
import { checkGates, type Gate } from './gate.ts';
import type { CliIo } from './io.ts';
import { printJson } from './work.ts';

export interface AuditWorkOptions {
  readonly json?: boolean;
  readonly blur?: boolean;
  readonly gates?: readonly Gate[];
}

/** Follows an audit to its end: progress, the page, the result as text or JSON, the gates. */
export async function followAudit(
  start: (signal: AbortSignal) => AsyncIterable<AuditEvent>,
  io: CliIo,
  { json = false, blur = false, gates = [] }: AuditWorkOptions,
): Promise<AuditReport> {
  const { report, page, id } = await followRun(start, io, {
    what: 'audit',
    blur,
    show: (event, progress) => {
      const stage = event.type === 'progress' ? `${event.part}: ${event.step}` : 'reading faces';
      progress.update({ stage, done: event.done, total: event.total });
    },
  });
  if (json) printJson(io, report);
  else {
    io.out(describeAudit(report));
    if (report.skipped.length > 0)
      io.out(`\n${report.skipped.length} images were skipped; the report says which and why.\n`);
    io.out(`\nReport: ${page}\nbiolens studio shows it with all pictures (run ${id}).\n`);
  }
  checkGates(report, gates);
  return report;
}

/** Goes on with an interrupted audit. */
export async function resumeAuditWork(path: string, io: CliIo, options: AuditWorkOptions): Promise<void> {
  const { resumeAudit } = await import('../../jobs/audit/index.ts');
  await followAudit(signal => resumeAudit(path, { signal }), io, options);
}

/** Repeats an audit from its recorded configuration. */
export async function rerunAuditWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: AuditWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { auditConfigurationSchema, auditRun } = await import('../../jobs/audit/index.ts');
  const recorded = parseRecorded(auditConfigurationSchema, configuration);
  await followAudit(signal => auditRun(recorded, { signal, runsDir: options.runsDir }), io, options);
}
