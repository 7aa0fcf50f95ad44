import {
  missingMetric,
  type TemplateAttackReport,
  type TemplateReport,
  templateAttackReportSchema,
  templateReportSchema,
} from '../../ground/contracts/index.ts';
import { faceItemSchema } from '../../kit/face-sets/items.ts';
import { defineJob, type JobEvent, type RunJobOptions, startJob } from '../../kit/job/index.ts';
import {
  type TemplateAttackConfigurationInput,
  type TemplateConfigurationInput,
  templateAttackConfigurationSchema,
  templateConfigurationSchema,
} from './configuration.ts';
import { describeAttacks, describeTemplates } from './describe.ts';
import type { TemplateStep } from './events.ts';

const lastPart = (path: string): string => path.split(/[\\/]/).findLast(part => part !== '') ?? path;
const news = () => ({
  tell: ({ stage, done, total }: TemplateStep) => ({ type: 'progress' as const, stage, done, total }),
});
const skippedLine = (skipped: readonly unknown[]): string =>
  skipped.length === 0 ? '' : `\n${skipped.length} images were skipped; the report says which and why.\n`;
const titled =
  (what: string) =>
  ({ images, embeddings }: Readonly<Record<string, unknown>>): string | null => {
    const source = [images, embeddings].find(value => typeof value === 'string');
    return source === undefined ? null : `${what} on ${lastPart(source)}`;
  };

/** What does template protection cost, and what does a thief get: every scheme measured and attacked. */
export const templateJob = defineJob({
  kind: 'templates',
  verb: 'template evaluate',
  noun: 'evaluation of templates',
  summary: 'what face template protection costs, and what a thief gets, scheme by scheme',
  configuration: templateConfigurationSchema,
  report: templateReportSchema,
  items: faceItemSchema,
  sharded: true,
  examples: [
    'biolens template evaluate people',
    'biolens template evaluate people --scheme biohash --centre others --json',
  ],
  gateExample: 'schemes.biohash.stolenKey.eer>0.03',
  nameOf: ({ images, embeddings }) => lastPart(images ?? embeddings ?? 'faces'),
  async *open(configuration, context) {
    const { openEvaluation } = await import('./run/node.ts');
    return yield* openEvaluation(configuration, context);
  },
  news,
  describe: (report: TemplateReport) => `${describeTemplates(report)}${skippedLine(report.skipped)}`,
  titleOf: titled('Template protection'),
  headline: ({ schemes, verdict }) => ({
    label: 'stolen-key EER',
    metric: Object.values(schemes)[0]?.stolenKey.eer ?? missingMetric('no scheme was evaluated'),
    unit: 'share',
    level: verdict[0]?.level ?? 'unknown',
  }),
});

/** Attacks on protected templates, each by itself and with a budget. */
export const templateAttackJob = defineJob({
  kind: 'template-attack',
  verb: 'template attack',
  noun: 'attack on templates',
  summary: 'attacks on protected face templates: inversion, leaks, linking, hill climbing, dictionaries',
  configuration: templateAttackConfigurationSchema,
  report: templateAttackReportSchema,
  items: faceItemSchema,
  sharded: true,
  examples: [
    'biolens template attack people --scheme biohash --centre others',
    'biolens template attack people --scheme biohash --attack decisions --budget 20000',
  ],
  gateExample: 'schemes.biohash.attacks.0.recognised>0.05',
  nameOf: ({ images, embeddings }) => lastPart(images ?? embeddings ?? 'faces'),
  async *open(configuration, context) {
    const { openAttacks } = await import('./run/node.ts');
    return yield* openAttacks(configuration, context);
  },
  news,
  describe: (report: TemplateAttackReport) => `${describeAttacks(report)}${skippedLine(report.skipped)}`,
  titleOf: titled('Attacks'),
  headline: ({ schemes, verdict }) => ({
    label: 'recognised after an attack',
    metric: Object.values(schemes)[0]?.attacks[0]?.recognised ?? missingMetric('no attack was run'),
    unit: 'share',
    level: verdict[0]?.level ?? 'unknown',
  }),
});

/** Evaluates template protection as a run; see {@link startJob}. */
export const templateRun = (
  input: TemplateConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<JobEvent<TemplateStep, TemplateReport>, TemplateReport> => startJob(templateJob, input, options);

/** Attacks protected templates as a run; see {@link startJob}. */
export const templateAttackRun = (
  input: TemplateAttackConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<JobEvent<TemplateStep, TemplateAttackReport>, TemplateAttackReport> =>
  startJob(templateAttackJob, input, options);
