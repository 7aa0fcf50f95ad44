import { z } from 'zod';
import { metricSchema } from './metric.ts';

const text = z.string().min(1).max(500);
const positive = z.number().positive().max(1e300);

/** How the members of a release were chosen, and how often it was repeated. */
const sampling = {
  /**
   * `poisson`: each member independently with probability `samplingRate`. `without-replacement`: a uniform subset of that share.
   * `none`: everybody, or a fixed cohort; nothing is amplified.
   */
  sampling: z.enum(['poisson', 'without-replacement', 'none']).default('none'),
  samplingRate: z.number().gt(0).max(1).default(1),
  /** Releases of this kind that the event stands for. */
  steps: z.number().int().min(1).max(1e9).default(1),
};

const described = {
  schema: z.literal('biolens/privacy-event@1').default('biolens/privacy-event@1'),
  /** Whose presence is protected: one example, one client with all its examples, one person. */
  unit: z.enum(['example', 'client', 'person']),
  /** What a neighbouring data set is: one member added or removed, or one exchanged for another. Sensitivities refer to it. */
  neighbours: z.enum(['add-remove', 'replace-one']).default('add-remove'),
  purpose: z.enum(['update', 'metric', 'clipping-quantile', 'report']),
  /** What left: such as `sum of clipped updates`, `accuracy`, `shares of gender`. */
  released: text,
  /** Who saw it: such as `server`, `public`. */
  to: text,
  /** Round of a federation or step of a training, where there is one. */
  round: z.number().int().nonnegative().optional(),
  at: z.iso.datetime().optional(),
};

interface Sampled {
  readonly sampling: 'poisson' | 'without-replacement' | 'none';
  readonly samplingRate: number;
  readonly neighbours: 'add-remove' | 'replace-one';
}

/** Amplification by sampling holds for one meaning of neighbours each. */
const fitsSampling = ({ sampling, neighbours }: Sampled): boolean =>
  sampling === 'none' || neighbours === (sampling === 'poisson' ? 'add-remove' : 'replace-one');
const FITTING = {
  path: ['neighbours'],
  error: 'expected add-remove with poisson sampling, replace-one with sampling without replacement',
};
const fitsRate = ({ sampling, samplingRate }: Sampled): boolean => sampling !== 'none' || samplingRate === 1;
const EVERYBODY = { path: ['samplingRate'], error: 'expected 1 where nothing is sampled' };

const noise = { noiseStdDev: positive, sensitivity: positive };
const discreteSampling = { ...sampling, sampling: z.enum(['poisson', 'none']).default('none') };

/**
 * One line of a privacy ledger: what was released, of what mechanism. The ε of a ledger is computed from its events and stored nowhere.
 *
 * - `gaussian`: normal noise of deviation `noiseStdDev` on a value of L2 sensitivity `sensitivity`, both in one unit.
 * - `discrete-gaussian`: the same of a whole-number noise; `noiseStdDev²` is the parameter of the distribution, in steps of the lattice.
 * - `distributed-discrete-gaussian`: the sum of `contributors` such noises, each of `noiseStdDev`, on `dimension` whole numbers.
 * - `discrete-laplace`: two-sided geometric noise of scale `scale` on a value of L1 sensitivity `sensitivity`.
 * - `none`: a value in clear. No ε covers it.
 */
export const privacyEventSchema = z.discriminatedUnion('mechanism', [
  z
    .strictObject({ ...described, ...sampling, ...noise, mechanism: z.literal('gaussian') })
    .refine(fitsSampling, FITTING)
    .refine(fitsRate, EVERYBODY),
  z
    .strictObject({ ...described, ...discreteSampling, ...noise, mechanism: z.literal('discrete-gaussian') })
    .refine(fitsSampling, FITTING)
    .refine(fitsRate, EVERYBODY),
  z
    .strictObject({
      ...described,
      ...discreteSampling,
      ...noise,
      mechanism: z.literal('distributed-discrete-gaussian'),
      /** Clients whose noise is in the sum: those who survived, never those who were invited. */
      contributors: z.number().int().min(1).max(1e7),
      dimension: z.number().int().min(1).max(1e10),
    })
    .refine(fitsSampling, FITTING)
    .refine(fitsRate, EVERYBODY),
  z.strictObject({
    ...described,
    steps: sampling.steps,
    mechanism: z.literal('discrete-laplace'),
    scale: positive,
    sensitivity: positive,
  }),
  z.strictObject({ ...described, mechanism: z.literal('none') }),
]);
export type PrivacyEvent = z.infer<typeof privacyEventSchema>;
/** An event as code writes it: what has a default may be left out. */
export type PrivacyEventInput = z.input<typeof privacyEventSchema>;

/** How much may be spent in all. */
export const privacyBudgetSchema = z.strictObject({
  epsilon: z.number().positive().max(1e6),
  delta: z.number().gt(0).lt(1),
});
export type PrivacyBudget = z.infer<typeof privacyBudgetSchema>;

const epsilonSchema = z.object({
  /** By Rényi differential privacy; null where nothing bounds it. */
  rdp: z.number().nullable(),
  /** By privacy loss distributions, tight; null where nothing bounds it, or where a release has none. */
  pld: z.number().nullable(),
});

/** What `biolens privacy account --json` prints. */
export const privacyAccountSchema = z.object({
  schema: z.literal('biolens/privacy-account@1'),
  /** Upper bounds, both valid. */
  epsilon: epsilonSchema,
  /** Why an ε is null. */
  reason: z.string().optional(),
  delta: z.number(),
  /** Rényi order that gives `epsilon.rdp`. */
  order: z.number().nullable(),
  steps: z.number().int(),
  neighbours: z.enum(['add-remove', 'replace-one']).nullable(),
  /** Noise as a multiple of the sensitivity: the one asked about, or the least one for the ε asked for. Not for a ledger. */
  noise: z.number().optional(),
  /** The least noise for the ε asked for, by each accountant. */
  leastNoise: epsilonSchema.optional(),
  sampling: z.enum(['poisson', 'without-replacement', 'none']).optional(),
  samplingRate: z.number().optional(),
  /** Of a ledger. */
  unit: z.enum(['example', 'client', 'person']).nullable().optional(),
  events: z.number().int().optional(),
  /** Releases of a ledger that no noise protects. */
  inClear: z.number().int().optional(),
  /** What a ledger's events released, equal ones together, with what they cost alone. */
  releases: z
    .array(
      z.object({
        released: z.string(),
        purpose: z.string(),
        to: z.string(),
        mechanism: z.string(),
        steps: z.number().int(),
        epsilon: epsilonSchema,
      }),
    )
    .optional(),
});
export type PrivacyAccount = z.infer<typeof privacyAccountSchema>;

/** What `biolens privacy release --json` prints. */
export const privacyReleaseSchema = z.object({
  schema: z.literal('biolens/privacy-release@1'),
  /** Attribute → class → share of the noisy counts; its interval covers sampling and noise together. */
  attributes: z.record(z.string(), z.record(z.string(), metricSchema)),
  /** Attribute → class → count with noise, as it was released: it may be negative. */
  counts: z.record(z.string(), z.record(z.string(), z.number().int())),
  /** What this release costs by itself. */
  epsilon: z.number(),
  delta: z.number(),
  /** As it stands in the ledger. */
  event: privacyEventSchema,
  ledger: z.object({
    file: z.string(),
    events: z.number().int(),
    /** ε of all that the ledger says was released, this one included, at `delta`; at 1e-6 where this release has none. Null: no bound. */
    epsilon: z.number().nullable(),
    delta: z.number(),
  }),
});
export type PrivacyRelease = z.infer<typeof privacyReleaseSchema>;
