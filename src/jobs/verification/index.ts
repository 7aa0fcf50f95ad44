export {
  asGiven,
  type Comparisons,
  checkComparisons,
  type ScoreMeaning,
  similaritiesOf,
  splitScores,
} from './comparisons.ts';
export { type DiscardPoint, errorAgainstDiscard } from './discard.ts';
export {
  allPairs,
  cosineScores,
  dotRows,
  type ItemPairs,
  meanFace,
  meanTemplates,
  numberPersons,
  type Persons,
  unitRows,
} from './embeddings.ts';
export { type GroupRates, LEAST_GROUP_PEOPLE, measureGroups, type RatesByGroup } from './groups.ts';
export {
  type GalleryOf,
  type IdentificationRates,
  measureIdentification,
  type Search,
  searchGallery,
} from './identification.ts';
export { type CurveStatistic, measureCurve, measureShare } from './intervals.ts';
export {
  bestThreshold,
  type FoldResult,
  foldAccuracy,
  imageStem,
  type ListedImage,
  type ListedPair,
  type PairList,
  parsePairList,
} from './lfw.ts';
export {
  curveOf,
  equalErrorRate,
  type OperatingPoint,
  type OrderedComparisons,
  orderComparisons,
  pointAtFmr,
  type RateCurve,
  thinCurve,
} from './rate-curve.ts';
export {
  countPairs,
  LEAST_ERRORS,
  type MeasuredPoint,
  measureRates,
  REPORTED_FMRS,
  ratesAtThreshold,
  type ScoreHistogram,
  scoreHistogram,
  type VerificationRates,
  whyNotMeasurable,
} from './rates.ts';
export { parseScores, type ScoreColumns } from './score-files.ts';
export { hardestPeople, type PersonErrors, type WorstPair, worstPairs } from './zoo.ts';
