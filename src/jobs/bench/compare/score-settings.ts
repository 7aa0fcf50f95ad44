import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import type { ToolUse } from '../../../ground/contracts/bench-score.ts';
import { inQuestionOrder } from '../score/answer-order.ts';
import { type ScoredModel, type ScoreOptions, scoreModel } from '../score/score.ts';
import { testPaired } from './paired.ts';
import { differencesOf } from './question-differences.ts';

/**
 * Scores answers by model and setting, in the order of their first answers; of one model, the tools setting before the questions that
 * were asked without tools to tell what these change.
 *
 * @throws {BiolensError} as `scoreModel` does.
 */
export function scoreSettings(
  questions: readonly Question[],
  answers: readonly Answer[],
  options: ScoreOptions = {},
): ScoredModel[] {
  const groups = Map.groupBy(answers, ({ model, setting }) => JSON.stringify([model, setting]));
  const models = [...groups.values()].map(group => scoreModel(questions, inQuestionOrder(questions, group), options));
  return models
    .map(model => withChange(model, models))
    .sort((a, b) =>
      a.score.model === b.score.model ? Number(b.score.tools !== null) - Number(a.score.tools !== null) : 0,
    );
}

/** Says what tools changed, where the same model was asked the same questions without them. */
function withChange(model: ScoredModel, models: readonly ScoredModel[]): ScoredModel {
  const { score } = model;
  if (score.tools === null) return model;
  const plain = models.find(other => other.score.model === score.model && other.score.setting === 'zero-shot');
  if (plain === undefined) return model;
  const { differences, links } = differencesOf(model, plain);
  if (differences.length === 0) return model;
  const { difference, p, firstBetter, secondBetter } = testPaired(differences, links);
  const changed: ToolUse['changed'] = { difference, p, gained: firstBetter, lost: secondBetter };
  return { ...model, score: { ...score, tools: { ...score.tools, changed } } };
}
