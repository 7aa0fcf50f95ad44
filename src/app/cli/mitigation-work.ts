import type { MitigationReport, MitigationRound } from '../../ground/contracts/index.ts';
import type { MitigationEvent } from '../../jobs/mitigation/index.ts';
import { describeMitigation } from './describe-mitigation.ts';
import { followRun, parseRecorded } from './follow-run.ts';
import { checkGates, type Gate } from './gate.ts';
import type { CliIo } from './io.ts';
import { formatShare } from './text.ts';
import { printJson } from './work.ts';

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
  const { report, page, path, id } = await followRun(start, io, {
    what: 'mitigation',
    blur,
    show: (event, progress) => {
      if (event.type === 'round') progress.note(describeRound(event.round));
      else progress.update({ stage: event.stage, done: event.done, total: event.total });
    },
  });
  if (json) printJson(io, report);
  else
    io.out(
      `${describeMitigation(report)}\nModel: ${path}/${report.model.result}\nReport: ${page}\nbiolens studio shows it (run ${id}).\n`,
    );
  checkGates(report, gates);
  return report;
}

/** Goes on with an interrupted mitigation. */
export async function resumeMitigationWork(path: string, io: CliIo, options: MitigationWorkOptions): Promise<void> {
  const { resumeMitigation } = await import('../../jobs/mitigation/index.ts');
  await followMitigation(signal => resumeMitigation(path, { signal }), io, options);
}

/** Repeats a mitigation from its recorded configuration. */
export async function rerunMitigationWork(
  configuration: Readonly<Record<string, unknown>>,
  io: CliIo,
  options: MitigationWorkOptions & { readonly runsDir: string },
): Promise<void> {
  const { mitigationConfigurationSchema, mitigationRun } = await import('../../jobs/mitigation/index.ts');
  const recorded = parseRecorded(mitigationConfigurationSchema, configuration);
  await followMitigation(signal => mitigationRun(recorded, { signal, runsDir: options.runsDir }), io, options);
}
