import type { StudyReport } from '../contracts/index.ts';
import { BiolensError } from '../errors.ts';
import type { StudyEvent } from '../mitigation/index.ts';
import { describeStudy } from './describe-study.ts';
import { failedGates, type Gate } from './gate.ts';
import { type CliIo, printable } from './io.ts';
import { printJson, work } from './work.ts';

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
  const { report, page, id } = await work(io, async ({ signal, progress }) => {
    let found: { readonly id: string; readonly path: string; readonly report: StudyReport } | undefined;
    let id = '';
    try {
      for await (const event of start(signal)) {
        if (event.type === 'run') id = event.id;
        else if (event.type === 'refused') progress.note(`size ${event.size} is left out: ${printable(event.reason)}`);
        else if (event.type === 'result') found = event;
        else progress.update(event);
      }
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'interrupted' && id !== '')) throw error;
      throw new BiolensError('interrupted', `interrupted; biolens runs resume ${id} goes on`, { cause: error });
    }
    if (found === undefined) throw new BiolensError('external', 'the study ended without a result');
    const { freezeRun } = await import('../studio/index.ts');
    return { ...found, page: await freezeRun(found.path, { signal }) };
  });
  if (json) printJson(io, report);
  else {
    io.out(describeStudy(report));
    if (report.skipped.length > 0)
      io.out(`\n${report.skipped.length} images were skipped; the report says which and why.\n`);
    io.out(`\nReport: ${page}\nbiolens studio shows it (run ${id}).\n`);
  }
  const failed = failedGates(report, gates);
  if (failed.length > 0) throw new BiolensError('gate', `--fail-on ${failed.join('; ')}`);
  return report;
}

/** Goes on with an interrupted study. */
export async function resumeStudyWork(path: string, io: CliIo, options: StudyWorkOptions): Promise<void> {
  const { resumeStudy } = await import('../mitigation/index.ts');
  await followStudy(signal => resumeStudy(path, { signal }), io, options);
}

/** Repeats a study from its recorded configuration. */
export async function rerunStudyWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: StudyWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { studyConfigurationSchema, studyRun } = await import('../mitigation/index.ts');
  const parsed = studyConfigurationSchema.safeParse(configuration);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('input', `run.json: configuration: "${issue?.path.join('.')}" ${issue?.message}`);
  }
  await followStudy(signal => studyRun(parsed.data, { signal, runsDir: options.runsDir }), io, options);
}
