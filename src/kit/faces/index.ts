export {
  DEFAULT_MIN_SCORE,
  type FaceAnalyserOptions,
  openFaceAnalyser,
} from './analyser.ts';
export { type CardCheck, cardCheckPicture, checkCard } from './check-card.ts';
export { type Classified, type Classifier, openClassifier } from './classifier.ts';
export type { Detection } from './detections.ts';
export {
  collectEmbeddings,
  type EmbedEvent,
  type EmbedFolderOptions,
  embedFolder,
  type FolderEmbeddings,
} from './embed.ts';
export { APPEARANCE, type Embedder, openEmbedder } from './embedder.ts';
export { type Detector, openDetector } from './face-detector.ts';
export type {
  AnalyseOptions,
  Embedded,
  FaceAnalyser,
  FaceFinding,
  FacesPolicy,
  LargestFaceOptions,
  LocatedFace,
  NoFacePolicy,
} from './finding.ts';
export { hubModelPath, isHubModel } from './hub-model.ts';
export {
  type DetectEvent,
  type DetectFolderOptions,
  detectFolder,
  type LabelEvent,
  type LabelFolderOptions,
  labelFolder,
} from './label.ts';
export { type CardedModel, cardPathOf, type ModelKind, readCard, readModelCard } from './model-card.ts';
export { BUILT_IN, type OpenModelOptions } from './open-model.ts';
export type { ScanEvent, ScanOptions, ScanProgress } from './scan-folder.ts';
export { warpToTemplate } from './warp.ts';
