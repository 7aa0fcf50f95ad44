import type { SelectionReport } from '../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import { planAudit } from '../audit/index.ts';
import type { SelectionConfiguration } from './configuration.ts';
import { prepare } from './prepare.ts';
import { type SelectionStep, workOn } from './work.ts';

/** Opens the sets, networks and generator of a selection; see `selectionJob`. */
export async function* openSelection(
  configuration: SelectionConfiguration,
  context: OpenContext,
): AsyncGenerator<SelectionStep, OpenedJob<SelectionConfiguration, SelectionStep, SelectionReport>> {
  const prepared = await prepare(configuration, context);
  const { audit, sources, maker } = prepared;
  const { output } = configuration;
  const plan = planAudit(audit, sources.sources, { width: sources.reader?.width ?? 0, maker });
  return {
    configuration,
    plan: { ...plan, writes: output === undefined ? [] : [{ what: 'images', path: output }] },
    work: run => workOn(run, prepared, context.signal),
    [Symbol.asyncDispose]: () => prepared[Symbol.asyncDispose](),
  };
}
