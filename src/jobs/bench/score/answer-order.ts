import type { Answer, Question } from '../../../ground/contracts/bench.ts';

/**
 * Answers in the order of their questions, rotations and repeats: in a run they stand as they came, and a run that was killed and resumed has
 * them in another order than one that was not.
 */
export function inQuestionOrder(questions: readonly Question[], answers: readonly Answer[]): Answer[] {
  const places = new Map(questions.map(({ id }, i) => [id, i]));
  const placeOf = ({ question }: Answer): number => places.get(question) ?? questions.length;
  return answers.toSorted((a, b) => placeOf(a) - placeOf(b) || a.rotation - b.rotation || a.repeat - b.repeat);
}
