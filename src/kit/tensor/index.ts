export { elementsToFloat32, float32ToHalves } from './elements.ts';
export * from './graph.ts';
export * from './matrix-source.ts';
export * from './neighbours.ts';
export { readNpy, readNpyHeader, writeNpy, writeNpyHeader } from './npy.ts';
export { type ModelInfo, type ModelNode, readModelInfo } from './onnx/read.ts';
export * from './ops/convolution.ts';
export * from './ops/detection.ts';
export * from './ops/elementwise.ts';
export * from './ops/linear.ts';
export * from './ops/normalisation.ts';
export * from './ops/pixel-blocks.ts';
export * from './ops/pooling.ts';
export { type LstmWeights, lastStep, lstm, type RecurrentState } from './ops/recurrent.ts';
export * from './ops/reduction.ts';
export * from './ops/structure.ts';
export * from './ops/upsample-convolution.ts';
export * from './pairs-above.ts';
export { runInParts } from './parts.ts';
export * from './products.ts';
export * from './run-batched.ts';
export * from './runtime.ts';
export { readSafetensors, writeSafetensors } from './safetensors.ts';
export * from './similarity-histogram.ts';
export * from './training/example-gradients.ts';
export * from './training/gradients.ts';
export * from './training/layers.ts';
export * from './training/losses.ts';
export * from './training/optimisers.ts';
export * from './training/parameters.ts';
export * from './training/schedules.ts';
export * from './training/trainer.ts';
export * from './training/training-state.ts';
export {
  type BatchInput,
  buildTrainingStep,
  type Objective,
  type TrainingStep,
  type TrainingStepOptions,
} from './training/training-step.ts';
export * from './types.ts';
