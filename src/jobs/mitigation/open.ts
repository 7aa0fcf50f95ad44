import type { MitigationReport } from '../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import type { MitigationConfiguration } from './configuration.ts';
import { planMitigation } from './plan.ts';
import { prepare } from './prepare.ts';
import { workOn } from './work.ts';
import type { MitigationStep } from './workshop.ts';

/** Opens the model, folders and networks of a mitigation; see `mitigationJob`. */
export async function* openMitigation(
  configuration: MitigationConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<MitigationStep, OpenedJob<MitigationConfiguration, MitigationStep, MitigationReport>> {
  const prepared = await prepare(configuration, { signal });
  return {
    configuration,
    plan: planMitigation(prepared),
    work: run => workOn(run, prepared, signal),
    [Symbol.asyncDispose]: () => prepared[Symbol.asyncDispose](),
  };
}
