import type { AuditEvent } from '../audit/index.ts';
import type { AuditReport } from '../contracts/index.ts';
import { BiolensError } from '../errors.ts';
import { describeAudit } from './describe-audit.ts';
import { failedGates, type Gate } from './gate.ts';
import type { CliIo } from './io.ts';
import { printJson, work } from './work.ts';

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
  const { report, page, id } = await work(io, async ({ signal, progress }) => {
    let found: { readonly id: string; readonly path: string; readonly report: AuditReport } | undefined;
    let id = '';
    try {
      for await (const event of start(signal)) {
        if (event.type === 'run') id = event.id;
        else if (event.type === 'progress')
          progress.update({ stage: `${event.part}: ${event.step}`, done: event.done, total: event.total });
        else if (event.type === 'result') found = event;
        else progress.update({ stage: 'reading faces', done: event.done, total: event.total });
      }
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'interrupted' && id !== '')) throw error;
      throw new BiolensError('interrupted', `interrupted; biolens runs resume ${id} goes on`, { cause: error });
    }
    if (found === undefined) throw new BiolensError('external', 'the audit ended without a result');
    const { freezeRun } = await import('../studio/index.ts');
    const page = await freezeRun(found.path, {
      blur,
      signal,
      onProgress: (done, total) => progress.update({ stage: 'writing the report', done, total }),
    });
    return { ...found, page };
  });
  if (json) printJson(io, report);
  else {
    io.out(describeAudit(report));
    if (report.skipped.length > 0)
      io.out(`\n${report.skipped.length} images were skipped; the report says which and why.\n`);
    io.out(`\nReport: ${page}\nbiolens studio shows it with all pictures (run ${id}).\n`);
  }
  const failed = failedGates(report, gates);
  if (failed.length > 0) throw new BiolensError('gate', `--fail-on ${failed.join('; ')}`);
  return report;
}

/** Goes on with an interrupted audit. */
export async function resumeAuditWork(path: string, io: CliIo, options: AuditWorkOptions): Promise<void> {
  const { resumeAudit } = await import('../audit/index.ts');
  await followAudit(signal => resumeAudit(path, { signal }), io, options);
}

/** Repeats an audit from its recorded configuration. */
export async function rerunAuditWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: AuditWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { auditConfigurationSchema, auditRun } = await import('../audit/index.ts');
  const parsed = auditConfigurationSchema.safeParse(configuration);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('input', `run.json: configuration: "${issue?.path.join('.')}" ${issue?.message}`);
  }
  await followAudit(signal => auditRun(parsed.data, { signal, runsDir: options.runsDir }), io, options);
}
