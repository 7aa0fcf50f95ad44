import type { Observation } from '../score/clustered-share.ts';
import type { QuestionScore, ScoredModel } from '../score/score.ts';

/** How much better the first did on each question that both answered, −1 to 1. */
export function differencesOf(first: ScoredModel, second: ScoredModel): Observation[] {
  const others = new Map<string, QuestionScore>(second.questions.map(score => [score.question.id, score]));
  return first.questions.flatMap(({ question, value, cluster }): Observation[] => {
    const other = others.get(question.id)?.value ?? null;
    return value === null || other === null ? [] : [{ value: value - other, cluster }];
  });
}
