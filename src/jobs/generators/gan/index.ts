export type { GanState } from './checkpoint.ts';
export {
  AUGMENTATIONS,
  type GanConfiguration,
  type GanConfigurationInput,
  type GanTraining,
  type GanTrainingInput,
  ganConfigurationSchema,
  ganTrainingSchema,
} from './configuration.ts';
export { type GanModel, isGanFolder, readGanFolder, writeGanFolder } from './folder.ts';
export { createGan, type Gan } from './gan.ts';
export { type GanSampler, openGanSampler } from './sampler.ts';
export { type GanStepResult, type GanTrainer, type GanTrainerOptions, openGanTrainer } from './trainer.ts';
