export { AGE_GROUP, type AttributeOptions, resolveAttributes, type SetAttributes } from './attributes.ts';
export { type AuditFindings, type AuditOptions, auditEmbeddings } from './audit.ts';
export {
  AGE_GROUPS,
  type AttributeLabels,
  ageGroupOf,
  compareCounts,
  countConfusion,
  GIVEN_LABELS,
  type LabelledSet,
  type Labels,
  measureAttribute,
  measureBias,
  targetOf,
} from './bias.ts';
export {
  type AuditConfiguration,
  type AuditConfigurationInput,
  auditConfigurationSchema,
} from './configuration.ts';
export { checkSets, type EmbeddedSets, type SetNames } from './embedded-sets.ts';
export { type FaceReader, type FaceReading, openFaceReader } from './face-reader.ts';
export { type GatheredSets, gatherSets, type OpenedSources, openSources } from './gather.ts';
export { auditItemSchema } from './items.ts';
export { type AuditEvent, type AuditRunOptions, auditJob, auditRun, resumeAudit } from './job.ts';
export { amplification } from './metrics/amplification.ts';
export { authPct } from './metrics/auth-pct.ts';
export { CARLINI_DEFAULTS, type CarliniResult, carlini } from './metrics/carlini.ts';
export {
  type Accuracies,
  type ClassTrial,
  cleam,
  correctShare,
  correctShares,
  solveOnSimplex,
} from './metrics/cleam.ts';
export { DATA_COPYING_DEFAULTS, dataCopying, zU } from './metrics/data-copying.ts';
export { compareDistributions, type Distances, normalisedEntropy } from './metrics/discrepancy.ts';
export { frechetDistance } from './metrics/fid.ts';
export { type FldResult, featureLikelihoodDivergence } from './metrics/fld.ts';
export { groupJackknifeInterval } from './metrics/group-jackknife.ts';
export { kernelDistance } from './metrics/kid.ts';
export { type Prdc, prdc } from './metrics/prdc.ts';
export { type SplitProduct, splitProduct } from './metrics/split-product.ts';
export { type Vendi, vendi, vendiOfKernel } from './metrics/vendi.ts';
export { enginePairwise, type Pairwise, plainPairwise } from './pairwise.ts';
export { planAudit } from './plan.ts';
export type { AuditProgress } from './progress.ts';
export { measureQuality, measureQualityParts } from './quality.ts';
export type { ReadEvent } from './read-faces.ts';
export { BLIND_SIMILARITY } from './replication/blind.ts';
export { clusterLinks } from './replication/duplicates.ts';
export * from './replication/index.ts';
export { nearestSimilarities } from './replication/nearest.ts';
export { measureReplication, type ReplicationSettings } from './replication.ts';
export { SAMPLED } from './sampled.ts';
export type { SamplingStep } from './sampling.ts';
export { openSource, type SetSource } from './sources.ts';
export { writeVerdict } from './verdict.ts';
