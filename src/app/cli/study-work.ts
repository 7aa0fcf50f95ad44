import type { StudyReport } from '../../ground/contracts/index.ts';
import type { StudyEvent } from '../../jobs/study/index.ts';
import { describeStudy } from './describe-study.ts';
import { followRun, parseRecorded } from './follow-run.ts';
import { checkGates, type Gate } from './gate.ts';
import { type CliIo, printable } from './io.ts';
import { printJson } from './work.ts';

export interface StudyWorkOptions {
  readonly json?: boolean;
  readonly gates?: readonly Gate[];
}

/** Follows a study to its end: progress, the page, the result as text or JSON, the gates. */
export async function followStudy(
  start: (signal: AbortSignal) => AsyncIterable<StudyEvent>,
  io: CliIo,
  { json = false, gates = [] }: StudyWorkOptions,
): Promise<StudyReport> {
  const { report, page, id } = await followRun(start, io, {
    what: 'study',
    show: (event, progress) => {
      if (event.type === 'refused') progress.note(`size ${event.size} is left out: ${printable(event.reason)}`);
      else progress.update(event);
    },
  });
  if (json) printJson(io, report);
  else {
    io.out(describeStudy(report));
    if (report.skipped.length > 0)
      io.out(`\n${report.skipped.length} images were skipped; the report says which and why.\n`);
    io.out(`\nReport: ${page}\nbiolens studio shows it (run ${id}).\n`);
  }
  checkGates(report, gates);
  return report;
}

/** Goes on with an interrupted study. */
export async function resumeStudyWork(path: string, io: CliIo, options: StudyWorkOptions): Promise<void> {
  const { resumeStudy } = await import('../../jobs/study/index.ts');
  await followStudy(signal => resumeStudy(path, { signal }), io, options);
}

/** Repeats a study from its recorded configuration. */
export async function rerunStudyWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: StudyWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { studyConfigurationSchema, studyRun } = await import('../../jobs/study/index.ts');
  const recorded = parseRecorded(studyConfigurationSchema, configuration);
  await followStudy(signal => studyRun(recorded, { signal, runsDir: options.runsDir }), io, options);
}
