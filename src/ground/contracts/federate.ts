import { z } from 'zod';
import { metricSchema } from './metric.ts';

export const FEDERATED_MODELS = ['2nn', 'cnn', 'lenet-5'] as const;
/** Recurrent networks that say the next character or word. */
export const TEXT_MODELS = ['char-lstm', 'char-lstm-small', 'word-lstm'] as const;
export const FEDERATED_TASKS = ['mnist', 'characters', 'words'] as const;
export const PARTITIONS = ['iid', 'shards', 'roles'] as const;
export const AGGREGATIONS = ['plain', 'secure', 'two-aggregators'] as const;

/** Of secure aggregation: how many neighbours hold a client's shares, how many of them are needed, and what a cohort stands. */
export const aggregationCohortSchema = z.object({
  neighbours: z.number().int(),
  threshold: z.number().int(),
  corrupt: z.number().int(),
  mayDrop: z.number().int(),
  smallestSum: z.number().int(),
});

/** One round of a federation. */
export const federatedRoundSchema = z.object({
  /** Counts from 1. */
  round: z.number().int().positive(),
  /** `aborted`: too few clients were left, and the model stayed as it was. */
  status: z.enum(['done', 'aborted']),
  /** Share of the test examples that the model has right after the round. */
  accuracy: metricSchema,
  /** Share that is right among the model's first three answers; null where one answer is all. */
  topThree: metricSchema.nullable().default(null),
  /** Mean loss of the clients' local steps. */
  loss: z.number().nullable(),
  /** Clients whose updates are in the model. */
  clients: z.number().int(),
  /** Clients that were invited and are not. */
  dropped: z.number().int(),
  /** Bytes that all clients sent, and were sent. */
  bytesUp: z.number().int(),
  bytesDown: z.number().int(),
  /** Share of the entries of updates that were beyond the quantiser's range. */
  cut: z.number(),
  /** Norm that updates were clipped to; null without privacy. */
  clip: z.number().nullable(),
  /** ε spent by the end of the round; null without privacy, or where nothing bounds it. */
  epsilon: z.number().nullable(),
  /** SHA-256 of the model's weights after the round. */
  digest: z.string(),
  /** Of local training, of all that the protocol adds, and of testing. */
  seconds: z.object({ training: z.number(), protocol: z.number(), testing: z.number() }),
  /** Clients that were set aside or left, and why. */
  faults: z.array(z.string()),
});
export type FederatedRound = z.infer<typeof federatedRoundSchema>;

/** `report.json` of a simulated federation, and what `biolens federate simulate --json` prints. */
export const federateReportSchema = z.object({
  schema: z.literal('biolens/federate@1'),
  task: z.string(),
  data: z.object({ source: z.string(), training: z.number().int(), test: z.number().int() }),
  model: z.object({
    name: z.enum([...FEDERATED_MODELS, ...TEXT_MODELS]),
    parameters: z.number().int(),
    file: z.string(),
  }),
  clients: z.object({
    total: z.number().int(),
    /** Invited to a round; with Poisson sampling on average. */
    each: z.number(),
    examples: z.object({ least: z.number().int(), most: z.number().int() }),
    partition: z.enum(PARTITIONS),
  }),
  aggregation: z.object({
    mode: z.enum(AGGREGATIONS),
    /** Bits of an entry on the wire. */
    bits: z.number().int(),
    /** Of secure aggregation, in a cohort of the invited. */
    cohort: aggregationCohortSchema.nullable(),
  }),
  rounds: z.array(federatedRoundSchema),
  accuracy: metricSchema,
  topThree: metricSchema.nullable().default(null),
  /** First round whose accuracy reached the target; null where there is no target or none did. */
  reached: z.object({ target: z.number(), round: z.number().int().nullable() }).nullable(),
  /** ε at δ of all rounds; null without privacy. */
  epsilon: z.number().nullable(),
  privacy: z
    .object({
      delta: z.number(),
      noiseMultiplier: z.number(),
      /** Where the budget ended the run before its last round. */
      stoppedAt: z.number().int().nullable(),
      budget: z.number().nullable(),
      /** Whose presence is protected, and among which neighbouring sets. */
      unit: z.literal('client'),
      ledger: z.string(),
    })
    .nullable(),
  /** SHA-256 of the final weights, float32 little-endian. */
  digest: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type FederateReport = z.infer<typeof federateReportSchema>;
