export { askAgain } from './ask-again.ts';
export {
  type BatchClient,
  type BatchEntry,
  type BatchRequest,
  type BatchResult,
  mayHaveArrived,
  openBatches,
} from './batch/index.ts';
export type { EndpointApi } from './chat-completions.ts';
export { type Environment, findKey, keyVariables } from './keys.ts';
export type {
  ModelRequest,
  ModelTool,
  Reply,
  ReplyFinish,
  RequestPart,
  TokenLogProbability,
  ToolCallRecord,
  VisionLanguageModel,
} from './model.ts';
export { ModelError, type ModelErrorKind } from './model-error.ts';
export { type OpenModelOptions, openModel } from './open.ts';
export { formatModelSpec, type ModelSpec, parseModelSpec, SPEC_FORMS } from './parse-spec.ts';
export { DEFAULT_IMAGE_RULE, type ImageRule, type PreparedImage, prepareImage } from './prepare-image.ts';
export type { RequestChange } from './request-form.ts';
