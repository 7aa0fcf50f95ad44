export {
  ATTACKS,
  type AttackName,
  type AttackOptions,
  type AttackResult,
  attackScheme,
} from './attacks/attack-scheme.ts';
export { type Climbed, climbDecisions, climbScores, climbService, type Decided } from './attacks/climb.ts';
export { invert, type Leaked } from './attacks/inversion.ts';
export { ADVERSARIES, type Adversary, CLAIM_TESTS, type Claim, claimsOf } from './claims.ts';
export {
  type EvaluateOptions,
  evaluateScheme,
  measureUnprotected,
  type Recognition,
  type Renewability,
  type SchemeEvaluation,
  type Unlinkability,
} from './evaluate.ts';
export { GEOMETRIC_TRANSFORMS, type GeometricTransform, type Pixels, transformImage } from './geometric.ts';
export { KeyStream } from './key-stream.ts';
export { deriveKey, newSecret, randomBytes } from './keys.ts';
export { openProtector, type Protector, type ProtectorOptions } from './protector.ts';
export {
  type AuxiliaryData,
  auxiliaryDataSchema,
  digestCentre,
  digestHex,
  openRecord,
  type PseudonymousIdentifier,
  parseRecord,
  pseudonymousIdentifierSchema,
  sealRecord,
  type TemplateRecord,
} from './record.ts';
export type { KeyedScheme, Scheme, Template } from './scheme.ts';
export { biohashOf } from './schemes/biohash.ts';
export { findScheme, SCHEMES } from './schemes.ts';
export {
  type CrossedScores,
  checkLinkable,
  type LinkabilityNull,
  type LinkageDensities,
  linkabilityNull,
  linkabilityNullOfPeople,
  linkageDensities,
  localLinkability,
  maximalLinkability,
  splitCrossed,
  systemLinkability,
} from './unlinkability.ts';
