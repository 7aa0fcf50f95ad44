import type { FederationReport } from '../../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import type { FederationConfiguration } from './configuration.ts';
import { planFederation, prepareFederation } from './prepare.ts';
import { type FederationStep, serveFederation, tidyFederation } from './work/node.ts';

export type { FederationStep } from './work/node.ts';

/** Reads the roster and what else a coordinator is given, and checks that it fits; see `federationJob`. */
export async function* openFederation(
  given: FederationConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<FederationStep, OpenedJob<FederationConfiguration, FederationStep, FederationReport>> {
  const prepared = await prepareFederation(given);
  return {
    configuration: given,
    plan: planFederation(prepared),
    work: run => serveFederation(run, prepared, signal),
    finish: tidyFederation,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
