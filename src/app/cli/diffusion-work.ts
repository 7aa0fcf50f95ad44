import type { DiffusionReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { TrainEvent } from '../../jobs/generators/index.ts';
import { describeDiffusion } from './describe-diffusion.ts';
import { followRun, parseRecorded } from './follow-run.ts';
import { type CliIo, printable } from './io.ts';
import { printJson } from './work.ts';

export interface TrainingWorkOptions {
  readonly json?: boolean;
}

/** Steps that a loss is averaged over when it is told. */
const RECENT_STEPS = 50;

function describeMeans(recent: ReadonlyMap<string, readonly number[]>): string {
  const means = [...recent].map(([name, values]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return `${name === 'loss' ? name : `${name} loss`} ${mean.toPrecision(3)}`;
  });
  return means.length === 0 ? '' : `${means.join(', ')}; `;
}

/** Short memory can be mended, and the last state is kept: such a run goes on too. */
function explainEnd(error: BiolensError, id: string): BiolensError {
  if (error.code !== 'interrupted' && error.code !== 'external') return error;
  const what = error.code === 'interrupted' ? 'interrupted' : error.message;
  return new BiolensError(error.code, `${what}; biolens runs resume ${id} goes on`, { cause: error });
}

/** Follows the training of a generator to its end: progress, sheets as they are made, the page, the result as text or JSON. */
export async function followTraining(
  start: (signal: AbortSignal) => AsyncIterable<TrainEvent>,
  io: CliIo,
  { json = false }: TrainingWorkOptions,
): Promise<DiffusionReport> {
  const recent = new Map<string, number[]>();
  const { report, page, id, model } = await followRun(start, io, {
    what: 'training',
    explain: explainEnd,
    show: (event, progress) => {
      if (event.type === 'reading') progress.update({ stage: 'reading images', done: event.done, total: event.total });
      else if (event.type === 'sheet') {
        progress.note(`step ${event.step}: ${describeMeans(recent)}samples in ${printable(event.path)}`);
        recent.clear();
      } else {
        for (const [name, value] of Object.entries(event.values))
          recent.set(name, [...(recent.get(name) ?? []), value].slice(-RECENT_STEPS));
        progress.update({ stage: 'training', done: event.done, total: event.total });
      }
    },
  });
  if (json) printJson(io, report);
  else {
    io.out(describeDiffusion(report));
    io.out(`\nModel: ${printable(model)}\n`);
    io.out(`Report: ${page}\nbiolens diffusion sample --model ${printable(model)} -n 100 -o samples (run ${id})\n`);
  }
  return report;
}

/** Goes on with the training of a generator. */
export async function resumeTrainingWork(path: string, io: CliIo, options: TrainingWorkOptions): Promise<void> {
  const { resumeTraining } = await import('../../jobs/generators/index.ts');
  await followTraining(signal => resumeTraining(path, { signal }), io, options);
}

/** Repeats the training of a generator from its recorded configuration, into a run of its own. */
export async function rerunTrainingWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: TrainingWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { trainConfigurationSchema, trainRun } = await import('../../jobs/generators/index.ts');
  const recorded = parseRecorded(trainConfigurationSchema, configuration);
  await followTraining(signal => trainRun(recorded, { signal, runsDir: options.runsDir }), io, options);
}
