export { readCardConfusions } from './card-confusions.ts';
export { acceptanceRates, confusionOfKept, KeptCounts } from './compare/acceptance.ts';
export {
  biasTargetSchema,
  METHODS,
  type MitigationConfiguration,
  type MitigationConfigurationInput,
  mitigationConfigurationSchema,
  REGULARISERS,
} from './configuration.ts';
export { mitigationItemSchema } from './items.ts';
export {
  type MitigationEvent,
  type MitigationRunOptions,
  mitigationJob,
  mitigationRun,
  resumeMitigation,
} from './job.ts';
export type {
  SampleRequest,
  TunableGenerator,
  TuneProgress,
  TuneRequest,
  TuningResult,
} from './loop/generator.ts';
export {
  type Judge,
  type Judgement,
  type LoopEvent,
  type LoopJournal,
  type LoopOptions,
  type LoopResult,
  type RoundRecord,
  runLoop,
} from './loop/loop.ts';
export { planBatches, type TuningBatch, type TuningMix } from './loop/tuning-batches.ts';
export { frechetChange } from './quality-change.ts';
export { biasRewards, READINGS, type Reading } from './rewards/bias.ts';
export {
  COMBINATIONS,
  type Combination,
  combineRewards,
  type GoalRewards,
  normaliseRewards,
  rewardLoss,
} from './rewards/combine.ts';
export { DEGREES, type Degree, replicationDegrees, replicationRewards } from './rewards/replication.ts';
export { openRewardModel, type RewardModel } from './rewards/reward-model.ts';
export { type ResolvedTarget, resolveTargets } from './targets.ts';
