export { readMessage, type Training, writeMessage } from './coordinator/messages.ts';
export { type Learned, Participant, type ParticipantOptions } from './coordinator/participant.ts';
export { checkExamples, checkFiniteUpdate, flattenUpdate, type SentUpdate } from './rules/check-update.ts';
export { type Combination, checkCombination } from './rules/combinations.ts';
export { localSteps } from './rules/local-steps.ts';
export { combineUpdates, mostPoisoned, RULES, type Rule, rankByKrum } from './rules/robust.ts';
export { correctionOf, nextServerVariate, nextVariate } from './rules/scaffold.ts';
export {
  SERVER_DEFAULTS,
  SERVER_OPTIMISERS,
  type ServerMemory,
  type ServerOptimiser,
  type ServerOptimiserName,
  serverStep,
  startMemory,
} from './rules/server-optimiser.ts';
export { type ClientPolicy, DEFAULT_POLICY, SecureClient, type SecureClientOptions } from './secure/client.ts';
export { STEPS, type Step } from './secure/frames.ts';
export { addPacked, packBits, packedBytes } from './secure/packing.ts';
export {
  type CohortParameters,
  type CohortPlan,
  failureOf,
  parametersOf,
  planCohort,
  thresholdOf,
} from './secure/parameters.ts';
export { browserPrimitives, type KeyPair, type Primitives } from './secure/primitives.ts';
export { type DecodedSum, decodeSum, type Quantiser, quantise, sumBits, type Words } from './secure/quantise.ts';
export {
  checkRoster,
  contextOf,
  type Roster,
  type RoundRecord,
  readRecord,
  rosterDigest,
  writeRecord,
} from './secure/record.ts';
export { type LocalClient, type LocalRound, type LocalRoundOptions, runSecureRound } from './secure/round.ts';
export { SecureServer, type SecureServerOptions, type SecureSum } from './secure/server.ts';
export { MaskedSum, MaskHelper, type SealedSeed, splitVector } from './secure/two-servers.ts';
