// What calls, thresholds and relabelling rest on: numbers alone, so that jobs without images load no networks with it.
export { type Called, callCopies } from './calls.ts';
export { fitNullTail, type NullTail } from './null-tail.ts';
export { PairCounter, type PairHistogram } from './pair-histogram.ts';
export { type NearestList, NO_HELDOUT, noRelabelling, RELABELLING_LISTED, relabelLists } from './relabel-lists.ts';
export {
  inauthenticStatistic,
  meanTop1Statistic,
  type RelabellingStatistic,
  type RelabellingTest,
  relabellingTest,
  shareAboveStatistic,
} from './relabelling.ts';
export { calibrateThreshold, duplicateThreshold } from './threshold.ts';
