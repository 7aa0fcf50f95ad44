export { type AdaptiveLimit, createAdaptiveLimit, type LimitChange } from './adaptive-limit.ts';
export {
  answerKey,
  type Journal,
  journalOf,
  latestAnswers,
  type MergeResult,
  mergeAnswers,
  parseAnswers,
} from './answer-log.ts';
export { type Answerer, createModelAnswerer, type GivenReply, type ToolsFor } from './answerer.ts';
export { askAll } from './ask-all.ts';
export type { AskOptions } from './asking.ts';
export { createFrequentAnswerer, createRandomAnswerer } from './baselines.ts';
export type { AskEvent, AskNews, AskProgress } from './events.ts';
export type { ImageSource } from './picture-store.ts';
export { countPosings, type PosedQuestion, posings, rotateOptions } from './posed-question.ts';
export { buildParts, buildText, REASONING_INSTRUCTION, TOOLS_INSTRUCTION } from './prompt.ts';
export { type AskSettings, askSettings, askSettingsSchema } from './settings.ts';
export { inShard, parseShard, type Shard } from './shard.ts';
export type { BudgetStop, Spent } from './spending.ts';
