export { MODE_CLAIMS } from './claims.ts';
export { type DecideOptions, decide, type Match } from './decide.ts';
export { type Channel, Envelopes, type Kind } from './envelope.ts';
export {
  type MatchMode,
  MODES,
  type Mode,
  PACKINGS,
  type Packing,
  type Plan,
  planMatching,
  SCHEMES,
  type Scheme,
  type Setting,
} from './plan.ts';
export { DEFAULT_SCALE, quantise, quantiseRows } from './quantise.ts';
export type { MatchClient, MatchServer } from './roles.ts';
export type { Proof } from './scales.ts';
export { BUILT_IN_THRESHOLD, type Threshold, thresholdOfGallery } from './threshold.ts';
