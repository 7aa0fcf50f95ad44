import type { TaskCode } from '../../../../ground/contracts/bench-codes.ts';
import { makeAttributeQuestions, makeExpressionQuestions } from './analysis.ts';
import { makeDeepfakeQuestions, makeSpoofQuestions } from './authenticity.ts';
import type { TaskMaker } from './draft.ts';
import { makeCelebrityQuestions, makeRecognitionQuestions, makeSmallRecognitionQuestions } from './identity.ts';
import { makeCrowdQuestions, makePartQuestions, makePoseQuestions } from './localization.ts';
import { makeAgeQuestions, makeGenderQuestions, makeRaceQuestions } from './people.ts';
import { makeToolQuestions } from './tools.ts';

export const TASK_MAKERS: Readonly<Record<TaskCode, TaskMaker>> = {
  age: makeAgeQuestions,
  gender: makeGenderQuestions,
  race: makeRaceQuestions,
  hr_fr: makeRecognitionQuestions,
  lr_fr: makeSmallRecognitionQuestions,
  celebrity_identification: makeCelebrityQuestions,
  fas: makeSpoofQuestions,
  deepfakes: makeDeepfakeQuestions,
  attributes: makeAttributeQuestions,
  expression: makeExpressionQuestions,
  headpose: makePoseQuestions,
  crowd_counting: makeCrowdQuestions,
  segmentation: makePartQuestions,
  tools_retrieval: makeToolQuestions,
};
