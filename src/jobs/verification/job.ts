import {
  type IdentificationReport,
  identificationReportSchema,
  type VerificationReport,
  verificationReportSchema,
} from '../../ground/contracts/index.ts';
import { faceItemSchema } from '../../kit/face-sets/items.ts';
import {
  defineJob,
  imageInFolder,
  type JobEvent,
  type NamedImage,
  type ResumeJobOptions,
  type RunJobOptions,
  resumeJob,
  startJob,
} from '../../kit/job/index.ts';
import {
  type IdentificationConfigurationInput,
  identificationConfigurationSchema,
  type VerificationConfigurationInput,
  verificationConfigurationSchema,
} from './configuration.ts';
import { describeIdentification, describeVerification } from './describe.ts';
import type { VerificationStep } from './events.ts';

const lastPart = (path: string): string => path.split(/[\\/]/).findLast(part => part !== '') ?? path;
const skippedLine = (skipped: readonly unknown[]): string =>
  skipped.length === 0 ? '' : `\n${skipped.length} images were skipped; the report says which and why.\n`;
const news = () => ({
  tell: ({ stage, done, total }: VerificationStep) => ({ type: 'progress' as const, stage, done, total }),
});
const ofPeople = (file: string): NamedImage => ({ set: 'people', file });

/** How well does an embedder recognise people: error rates of verification over all pairs, a list of pairs, templates, or scores made elsewhere. */
export const verificationJob = defineJob({
  kind: 'verification',
  verb: 'faces verify',
  noun: 'verification',
  summary: 'how well does an embedder tell people apart: error rates with intervals over people',
  configuration: verificationConfigurationSchema,
  report: verificationReportSchema,
  items: faceItemSchema,
  sharded: true,
  examples: [
    'biolens faces verify people',
    'biolens faces verify lfw --pairs pairs.txt --centre congress --json',
    'biolens faces verify --embeddings faces.npy --labels faces.csv --group gender',
    'biolens faces verify --scores scores.txt --score-kind distance',
  ],
  gateExample: 'eer>0.02',
  nameOf: ({ images, embeddings, scores }) => lastPart(images ?? embeddings ?? scores ?? 'faces'),
  async *open(configuration, context) {
    const { openVerification } = await import('./run/node.ts');
    return yield* openVerification(configuration, context);
  },
  news,
  describe: (report: VerificationReport) => `${describeVerification(report)}${skippedLine(report.skipped)}`,
  titleOf: ({ images, embeddings, scores }) => {
    const source = [images, embeddings, scores].find(value => typeof value === 'string');
    return source === undefined ? null : `Verification on ${lastPart(source)}`;
  },
  images: {
    list: ({ worst, compared }: VerificationReport, { pairs }) =>
      compared === 'scores' || compared === 'templates'
        ? []
        : [...worst.nonMated, ...worst.mated]
            .slice(0, pairs)
            .flatMap(({ reference, probe }) => [ofPeople(reference), ofPeople(probe)]),
    sourceOf: ({ source, embedder }: VerificationReport, set) =>
      set === 'people' && embedder !== null ? source : null,
    open: async ({ report: { source, embedder } }: { readonly report: VerificationReport }, { set, file }) =>
      set === 'people' && embedder !== null ? await imageInFolder(source, file) : null,
  },
  headline: ({ eer, verdict }) => ({
    label: 'equal error rate',
    metric: eer,
    unit: 'share',
    level: verdict[0]?.level ?? 'unknown',
  }),
});

/** Does an embedder find people in a gallery, and whom does it take strangers for. */
export const identificationJob = defineJob({
  kind: 'identification',
  verb: 'faces identify',
  noun: 'identification',
  summary: 'does a search of a gallery find the right person, and whom are strangers taken for',
  configuration: identificationConfigurationSchema,
  report: identificationReportSchema,
  items: faceItemSchema,
  sharded: true,
  examples: ['biolens faces identify --gallery enrolled --probes visitors'],
  gateExample: 'ranks.1<0.95',
  nameOf: ({ gallery }) => lastPart(gallery),
  async *open(configuration, context) {
    const { openIdentification } = await import('./run/identify/node.ts');
    return yield* openIdentification(configuration, context);
  },
  news,
  describe: (report: IdentificationReport) => `${describeIdentification(report)}${skippedLine(report.skipped)}`,
  titleOf: ({ gallery }) => (typeof gallery === 'string' ? `Identification in ${lastPart(gallery)}` : null),
  headline: ({ ranks, verdict }) => ({
    label: 'rank 1',
    metric: ranks['1']!,
    unit: 'share',
    level: verdict[0]?.level ?? 'unknown',
  }),
});

export type VerificationEvent = JobEvent<VerificationStep, VerificationReport>;
export type IdentificationEvent = JobEvent<VerificationStep, IdentificationReport>;

/**
 * Verifies faces as a run; see {@link startJob}.
 *
 * @param input what to verify and how; defaults are those of `verificationConfigurationSchema`
 */
export const verificationRun = (
  input: VerificationConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<VerificationEvent, VerificationReport> => startJob(verificationJob, input, options);

/** Identifies faces as a run; see {@link startJob}. */
export const identificationRun = (
  input: IdentificationConfigurationInput,
  options?: RunJobOptions,
): AsyncGenerator<IdentificationEvent, IdentificationReport> => startJob(identificationJob, input, options);

/** Resumes a verification that was interrupted or killed; see {@link resumeJob}. */
export const resumeVerification = (
  path: string,
  options?: ResumeJobOptions,
): AsyncGenerator<VerificationEvent, VerificationReport> => resumeJob(verificationJob, path, options);
