import { z } from 'zod';
import { field, pathSchema } from '../../kit/job/index.ts';
import { embeddingFields, labelFields, peopleFields } from './configuration-fields/index.ts';

const rate = z.number().gt(0).lt(1);

/** All that decides a verification: recorded with the run, and enough to repeat it. */
export const verificationConfigurationSchema = z.strictObject({
  ...peopleFields(),
  scores: field(pathSchema.optional(), {
    flag: '--scores <file>',
    help: 'scores made elsewhere instead: mark and score, or the four or five columns of bob',
    is: 'text-file',
  }),
  scoreKind: field(z.enum(['similarity', 'distance']).optional(), {
    flag: '--score-kind <kind>',
    help: 'what those scores are; it cannot be told from the numbers',
  }),
  ...labelFields(),
  pairs: field(pathSchema.optional(), {
    flag: '--pairs <file>',
    help: 'compare the pairs of a list in the form of LFW (pairs.txt, pairsDevTest.txt)',
    is: 'text-file',
    otherwise: 'all pairs',
  }),
  template: field(z.string().min(1).max(200).optional(), {
    flag: '--template <column>',
    help: 'column of the labels that says which images are joined to one template',
    otherwise: 'every image is one',
  }),
  quality: field(z.string().min(1).max(200).optional(), {
    flag: '--quality <column>',
    help: 'quality of each image, a column of the labels or "norm" (length of the embedding): error against discard',
  }),
  weighted: field(z.boolean().default(false), {
    flag: '--weighted',
    help: 'weigh the images of a template by their quality',
  }),
  group: field(z.string().min(1).max(200).optional(), {
    flag: '--group <column>',
    help: 'column of the labels by whose values error rates are reported, such as gender',
  }),
  groupPeople: field(z.number().int().min(2).max(1_000_000).default(10), {
    flag: '--group-people <n>',
    help: 'people that a group needs to be ranked',
  }),
  workingFmr: field(rate.default(0.001), {
    flag: '--at-fmr <rate>',
    help: 'false match rate of the threshold that groups, people and quality are looked at with',
  }),
  thresholds: field(pathSchema.optional(), {
    flag: '--thresholds <file>',
    help: 'report.json of another verification, whose thresholds are applied as they are',
    is: 'text-file',
  }),
  countFailures: field(z.boolean().default(false), {
    flag: '--count-failures',
    help: 'report false accept and false reject rates, with failures to enrol counted in',
  }),
  ...embeddingFields(),
});
export type VerificationConfiguration = z.infer<typeof verificationConfigurationSchema>;
export type VerificationConfigurationInput = z.input<typeof verificationConfigurationSchema>;

/** All that decides an identification. */
export const identificationConfigurationSchema = z.strictObject({
  gallery: field(pathSchema, {
    flag: '--gallery <path>',
    help: 'people who are enrolled: a folder for each person, or embeddings',
    is: 'images-or-embeddings',
  }),
  probes: field(pathSchema, {
    flag: '--probes <path>',
    help: 'people who are searched for, likewise; those not in the gallery make the test an open-set one',
    is: 'images-or-embeddings',
  }),
  galleryLabels: field(pathSchema.optional(), {
    flag: '--gallery-labels <csv>',
    help: 'table that names the people of the gallery',
    is: 'label-table',
    otherwise: 'a folder for each person',
  }),
  probeLabels: field(pathSchema.optional(), {
    flag: '--probe-labels <csv>',
    help: 'table that names the people of the probes',
    is: 'label-table',
    otherwise: 'a folder for each person',
  }),
  identity: labelFields().identity,
  templates: field(z.enum(['person', 'image']).default('person'), {
    flag: '--templates <of>',
    help: 'enrol one template a person, the mean of its unit embeddings, or one an image',
  }),
  probeTemplates: field(z.enum(['person', 'image']).default('image'), {
    flag: '--probe-templates <of>',
    help: 'search with one template a person, or with each image',
  }),
  ...embeddingFields(),
});
export type IdentificationConfiguration = z.infer<typeof identificationConfigurationSchema>;
export type IdentificationConfigurationInput = z.input<typeof identificationConfigurationSchema>;
