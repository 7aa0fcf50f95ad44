import { z } from 'zod';
import { attackResultSchema } from '../../ground/contracts/index.ts';
import { field } from '../../kit/job/index.ts';
import { embeddingFields, labelFields, peopleFields } from '../verification/configuration-fields/index.ts';
import { SCHEMES } from './schemes.ts';

const names = SCHEMES.map(({ name }) => name) as [string, ...string[]];

const commonFields = () => ({
  ...peopleFields(),
  ...labelFields(),
  schemes: field(
    z
      .array(z.enum(names))
      .min(1)
      .default(SCHEMES.filter(({ byDefault }) => byDefault).map(({ name }) => name)),
    {
      flag: '--scheme <names>',
      help: `schemes: ${names.join(', ')}; polyprotect has a patent listed and is taken only where it is named`,
      commas: true,
    },
  ),
  workingFmr: field(z.number().gt(0).lt(1).default(0.001), {
    flag: '--at-fmr <rate>',
    help: 'false match rate of the thresholds that attacks and renewals are held against',
  }),
  targets: field(z.number().int().min(1).max(10_000).default(20), {
    flag: '--targets <n>',
    help: 'people who are attacked at most',
  }),
  budget: field(z.number().int().min(1).max(10_000_000).default(4000), {
    flag: '--budget <n>',
    help: 'questions to the service, or steps of a search, a target',
  }),
  ...embeddingFields(),
});

/** All that decides an evaluation of template protection. */
export const templateConfigurationSchema = z.strictObject({
  ...commonFields(),
  keys: field(z.number().int().min(1).max(1000).default(10), {
    flag: '--keys <n>',
    help: 'keys that the stolen-key scores are pooled over',
  }),
});
export type TemplateConfiguration = z.infer<typeof templateConfigurationSchema>;
export type TemplateConfigurationInput = z.input<typeof templateConfigurationSchema>;

/** All that decides attacks on templates. */
export const templateAttackConfigurationSchema = z.strictObject({
  ...commonFields(),
  attacks: field(z.array(attackResultSchema.shape.attack).min(1).optional(), {
    flag: '--attack <names>',
    help: `attacks: ${attackResultSchema.shape.attack.options.join(', ')}`,
    commas: true,
    otherwise: 'all',
  }),
});
export type TemplateAttackConfiguration = z.infer<typeof templateAttackConfigurationSchema>;
export type TemplateAttackConfigurationInput = z.input<typeof templateAttackConfigurationSchema>;
