import type { MitigationReport, MitigationRound } from '../contracts/index.ts';
import { BiolensError } from '../errors.ts';
import type { MitigationEvent } from '../mitigation/index.ts';
import { describeMitigation } from './describe-mitigation.ts';
import { failedGates, type Gate } from './gate.ts';
import type { CliIo } from './io.ts';
import { formatShare } from './text.ts';
import { printJson, work } from './work.ts';

export interface MitigationWorkOptions {
  readonly json?: boolean;
  readonly blur?: boolean;
  readonly gates?: readonly Gate[];
}

/** A round in a line. */
function describeRound({ index, shares, replication, quality, reward }: MitigationRound): string {
  const mixes = Object.entries(shares).map(([attribute, { reported, corrected }]) => {
    const classes = Object.entries(corrected ?? reported).map(
      ([name, { value }]) => `${name} ${value === null ? '?' : (100 * value).toFixed(0)}`,
    );
    return `${attribute} ${classes.join(', ')} %`;
  });
  const fid = quality.fid.value === null ? [] : [`FID ${quality.fid.value.toPrecision(3)}`];
  return `round ${index}: ${[...mixes, `copies ${formatShare(replication.copied)}`, ...fid, `reward ${reward.mean.toPrecision(3)}`].join('; ')}`;
}

/** Follows a mitigation to its end: progress, the page, the result as text or JSON, the gates. */
export async function followMitigation(
  start: (signal: AbortSignal) => AsyncIterable<MitigationEvent>,
  io: CliIo,
  { json = false, blur = false, gates = [] }: MitigationWorkOptions,
): Promise<MitigationReport> {
  const { report, page, path, id } = await work(io, async ({ signal, progress }) => {
    let found: { readonly id: string; readonly path: string; readonly report: MitigationReport } | undefined;
    let id = '';
    try {
      for await (const event of start(signal)) {
        if (event.type === 'run') id = event.id;
        else if (event.type === 'round') progress.note(describeRound(event.round));
        else if (event.type === 'result') found = event;
        else progress.update({ stage: event.stage, done: event.done, total: event.total });
      }
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'interrupted' && id !== '')) throw error;
      throw new BiolensError('interrupted', `interrupted; biolens runs resume ${id} goes on`, { cause: error });
    }
    if (found === undefined) throw new BiolensError('external', 'the mitigation ended without a result');
    const { freezeRun } = await import('../studio/index.ts');
    const page = await freezeRun(found.path, {
      blur,
      signal,
      onProgress: (done, total) => progress.update({ stage: 'writing the report', done, total }),
    });
    return { ...found, page };
  });
  if (json) printJson(io, report);
  else
    io.out(
      `${describeMitigation(report)}\nModel: ${path}/${report.model.result}\nReport: ${page}\nbiolens studio shows it (run ${id}).\n`,
    );
  const failed = failedGates(report, gates);
  if (failed.length > 0) throw new BiolensError('gate', `--fail-on ${failed.join('; ')}`);
  return report;
}

/** Goes on with an interrupted mitigation. */
export async function resumeMitigationWork(path: string, io: CliIo, options: MitigationWorkOptions): Promise<void> {
  const { resumeMitigation } = await import('../mitigation/index.ts');
  await followMitigation(signal => resumeMitigation(path, { signal }), io, options);
}

/** Repeats a mitigation from its recorded configuration. */
export async function rerunMitigationWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: MitigationWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { mitigationConfigurationSchema, mitigationRun } = await import('../mitigation/index.ts');
  const parsed = mitigationConfigurationSchema.safeParse(configuration);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('input', `run.json: configuration: "${issue?.path.join('.')}" ${issue?.message}`);
  }
  await followMitigation(signal => mitigationRun(parsed.data, { signal, runsDir: options.runsDir }), io, options);
}
