import { z } from 'zod';
import { aggregationCohortSchema, FEDERATED_MODELS } from './federate.ts';
import { metricSchema } from './metric.ts';

/** One client of a round that it was invited to. */
export const invitedClientSchema = z.object({
  /** Its number in the roster. */
  client: z.number().int().nonnegative(),
  /** Whether what it has learned is in the model. */
  summed: z.boolean(),
  bytesUp: z.number().int(),
  bytesDown: z.number().int(),
});
export type InvitedClient = z.infer<typeof invitedClientSchema>;

/** One round of a federation of real clients. */
export const servedRoundSchema = z.object({
  /** Counts from 1. */
  round: z.number().int().positive(),
  /** `aborted`: there is no new model, and `reason` says why. */
  status: z.enum(['done', 'aborted']),
  reason: z.string().nullable(),
  /** Share of the test images that the model has right after the round. */
  accuracy: metricSchema,
  /** Clients whose updates are in the model. */
  clients: z.number().int(),
  invited: z.number().int(),
  /** Names of those who were invited and are not in the model. */
  lost: z.array(z.string()),
  /** Bytes that all clients sent, and were sent. */
  bytesUp: z.number().int(),
  bytesDown: z.number().int(),
  seconds: z.number(),
  /** ε of a client by the end of the round; null without noise, or where nothing bounds it. */
  epsilon: z.number().nullable(),
  /** SHA-256 of the model's weights after the round. */
  digest: z.string(),
});
export type ServedRound = z.infer<typeof servedRoundSchema>;

/** A client of the roster, by all rounds so far. */
export const federationMemberSchema = z.object({
  name: z.string(),
  /** `never`: it has not come since the coordinator was started. */
  state: z.enum(['here', 'away', 'never']),
  /** Rounds whose model has what it learned. */
  summed: z.number().int(),
  /** Rounds that it was invited to and was lost from. */
  lost: z.number().int(),
  bytesUp: z.number().int(),
  bytesDown: z.number().int(),
});
export type FederationMember = z.infer<typeof federationMemberSchema>;

/** `report.json` of a federation of real clients, what `biolens federate serve --json` prints, and while it goes on its `live.json`. */
export const federationReportSchema = z.object({
  schema: z.literal('biolens/federation@1'),
  /** In hexadecimal. */
  session: z.string(),
  /** Where it listens, or listened. */
  address: z.string(),
  model: z.object({ name: z.enum(FEDERATED_MODELS), parameters: z.number().int(), file: z.string().nullable() }),
  /** Rounds that it is to play. */
  planned: z.number().int(),
  members: z.array(federationMemberSchema),
  rounds: z.array(servedRoundSchema),
  /** What it is at; null when it is over. */
  now: z
    .object({
      round: z.number().int(),
      /** `waiting`: for enough clients. */
      step: z.string(),
      /** Names of those whose answers are missing. */
      awaited: z.array(z.string()),
      /** Clients with which a round begins. */
      least: z.number().int(),
    })
    .nullable(),
  accuracy: metricSchema,
  /** What hides single updates; null where a robust rule reads them. */
  aggregation: aggregationCohortSchema.nullable(),
  /** The rule that reads single updates; null where they are summed. */
  rule: z.object({ name: z.string(), poisoned: z.number().int() }).nullable().default(null),
  /** ε at δ of all rounds; null without noise. */
  epsilon: z.number().nullable(),
  privacy: z
    .object({
      delta: z.number(),
      /** In clipping norms. */
      noise: z.number(),
      clip: z.number(),
      budget: z.number().nullable(),
      /** The budget ended it before its last round. */
      spent: z.boolean(),
      ledger: z.string(),
    })
    .nullable(),
  /** SHA-256 of the weights, float32 little-endian. */
  digest: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
export type FederationReport = z.infer<typeof federationReportSchema>;
