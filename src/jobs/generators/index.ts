export * from './denoising-trainer.ts';
export { checkModelOutput, readModelFolder, writeModelFolder } from './folder.ts';
export * from './gan/index.ts';
export * from './generator/index.ts';
export { toImages } from './images.ts';
export { resumeTraining, type TrainEvent, type TrainRunOptions, trainingJob, trainRun } from './job.ts';
export { createModel, type DiffusionModel, type ModelOptions } from './model.ts';
export { drawNoise } from './noise/draw.ts';
export * from './noise/prediction.ts';
export * from './noise/schedule.ts';
export { readNoiseSchedule, SCHEDULER_CLASSES, writeNoiseSchedule } from './noise/scheduler-file.ts';
export * from './noise/solver.ts';
export { openOnnxGenerator } from './outside/onnx-generator.ts';
export { callSampleCommand, parseSampleCommand, type SampleCommand } from './outside/sample-command.ts';
export { openSampleMaker, type SampleMaker, type SampleMakerSettings } from './outside/sample-maker.ts';
export {
  type Correction,
  type Guide,
  type GuideContext,
  openSampler,
  type SampleRequest,
  type Sampler,
  type SamplerOptions,
} from './sampler.ts';
export {
  PRESETS,
  type ResolvedTraining,
  type TrainConfiguration,
  type TrainConfigurationInput,
  trainConfigurationSchema,
} from './train/configuration.ts';
export { type StepSize, secondsOfSample, secondsOfStep } from './train/seconds.ts';
export { readUNetConfig, type StageConfig, type UNetConfig, writeUNetConfig } from './unet/config.ts';
export type { UNetContext } from './unet/layers.ts';
export { buildUNet, timeFeatures, timeFeatureWidth, type UNetInputs, unetParameters } from './unet/network.ts';
export { writeFolder } from './write-folder.ts';
export { type WriteSamplesEvent, type WriteSamplesOptions, writeSamples } from './write-samples.ts';
