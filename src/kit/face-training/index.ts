export {
  TRAINING_DEFAULTS,
  type TrainClassifierEvent,
  type TrainClassifierOptions,
  type TrainedClassifier,
  trainClassifier,
} from './train-classifier.ts';
export {
  type FittedWhitening,
  fitWhitening,
  type WhiteningEvent,
  type WhiteningOptions,
} from './whiten.ts';
