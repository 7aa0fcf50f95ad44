import type { Observation } from '../score/clustered-share.ts';
import { type Links, linkByPictures } from '../score/linked-share.ts';
import type { QuestionScore, ScoredModel } from '../score/score.ts';

export interface QuestionDifferences {
  /** How much better the first did on each question that both answered, −1 to 1. */
  readonly differences: readonly Observation[];
  /** Those of questions with an image in common. */
  readonly links: Links;
}

/** Holds two models against each other, question by question. */
export function differencesOf(first: ScoredModel, second: ScoredModel): QuestionDifferences {
  const others = new Map<string, QuestionScore>(second.questions.map(score => [score.question.id, score]));
  const both = first.questions.flatMap(({ question, value, cluster }) => {
    const other = others.get(question.id)?.value ?? null;
    return value === null || other === null ? [] : [{ question, value: value - other, cluster }];
  });
  return {
    differences: both.map(({ value, cluster }) => ({ value, cluster })),
    links: linkByPictures(both.map(({ question }) => question)),
  };
}
