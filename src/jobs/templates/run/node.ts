import type { TemplateAttackReport, TemplateReport } from '../../../ground/contracts/index.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import type { TemplateAttackConfiguration, TemplateConfiguration } from '../configuration.ts';
import type { TemplateStep } from '../events.ts';
import { attack } from './attack.ts';
import { evaluate } from './evaluate.ts';
import { openPeople, planOf } from './prepare.ts';

/** Opens the sets and networks of an evaluation; see `templateJob`. */
export async function* openEvaluation(
  configuration: TemplateConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TemplateStep, OpenedJob<TemplateConfiguration, TemplateStep, TemplateReport>> {
  const settings = { configuration, signal };
  const opened = await openPeople(settings);
  return {
    configuration,
    plan: planOf(configuration, opened),
    work: run => evaluate(run, opened, settings),
    [Symbol.asyncDispose]: opened.close,
  };
}

/** Opens the sets and networks of attacks; see `templateAttackJob`. */
export async function* openAttacks(
  configuration: TemplateAttackConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TemplateStep, OpenedJob<TemplateAttackConfiguration, TemplateStep, TemplateAttackReport>> {
  const settings = { configuration, signal };
  const opened = await openPeople(settings);
  return {
    configuration,
    plan: planOf(configuration, opened),
    work: run => attack(run, opened, settings),
    [Symbol.asyncDispose]: opened.close,
  };
}
