import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import type { Accuracy, BenchScore, Outcomes } from '../../../ground/contracts/bench-score.ts';
import type { Metric } from '../../../ground/contracts/metric.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { ParserName } from '../parse/index.ts';
import { scoreCalibration } from './calibration.ts';
import { clusteredShare, type Observation } from './clustered-share.ts';
import { type Clusters, clusterByPictures } from './clusters.ts';
import { type Judgement, judgeAnswer } from './judge.ts';
import { scoreLetters } from './letters.ts';
import { linkByPictures, linkedShare } from './linked-share.ts';
import { scoreRotations } from './rotation.ts';
import { scoreTools } from './tools.ts';
import { sumUsage } from './usage.ts';

export interface ScoreOptions {
  /** Default `strict`. */
  readonly parser?: ParserName;
  /** Ids of questions to leave out of the second score, as `flaggedQuestions` gives them. */
  readonly flagged?: ReadonlySet<string>;
}

/**
 * Reads answers by a parser.
 *
 * @throws {BiolensError} `input` where an answer is to a question that is not there.
 */
export function judgeAnswers(
  questions: readonly Question[],
  answers: Iterable<Answer>,
  options: { readonly parser: ParserName },
): Judgement[] {
  const byId = new Map(questions.map(question => [question.id, question]));
  return Array.from(answers, answer => {
    const question = byId.get(answer.question);
    if (question === undefined)
      throw new BiolensError('input', `answer to question "${answer.question}", which is not in the benchmark`);
    return judgeAnswer(question, answer, options);
  });
}

/** How right a question was answered: the share of its replies, errors left out; null where there is none. */
export interface QuestionScore {
  readonly question: Question;
  readonly cluster: number;
  readonly value: number | null;
}

/** Scores by question, in the order of the questions; those that were never asked are left out. */
export function scoreQuestions(judgements: readonly Judgement[], clusters: Clusters): QuestionScore[] {
  const tallies = new Map<string, { readonly question: Question; replies: number; right: number }>();
  for (const { question, outcome } of judgements) {
    const tally = tallies.get(question.id) ?? { question, replies: 0, right: 0 };
    tallies.set(question.id, tally);
    if (outcome === 'error') continue;
    tally.replies++;
    if (outcome === 'correct') tally.right++;
  }
  return [...tallies.values()].map(({ question, replies, right }) => ({
    question,
    cluster: clusters.of.get(question.id) ?? -1,
    value: replies === 0 ? null : right / replies,
  }));
}

/** Accuracy over questions, of which those with an image in common depend on each other. */
function shareRight(scores: readonly QuestionScore[]): Metric {
  const answered = scores.flatMap(({ question, value }) => (value === null ? [] : [{ question, value }]));
  return linkedShare(
    answered.map(({ value }) => value),
    linkByPictures(answered.map(({ question }) => question)),
  );
}

/** Accuracy as a whole and by group. */
export function accuracyOf(scores: readonly QuestionScore[]): Accuracy {
  const by = (keyOf: (question: Question) => string): Record<string, Metric> =>
    Object.fromEntries(
      [...Map.groupBy(scores, score => keyOf(score.question))].map(([key, group]) => [key, shareRight(group)]),
    );
  return {
    overall: shareRight(scores),
    byCategory: by(question => question.category),
    byTask: by(question => question.task),
    byDataset: by(question => question.dataset),
    byImageCount: by(question => question.imageCount),
  };
}

function countOutcomes(judgements: readonly Judgement[]): Outcomes {
  const outcomes = { correct: 0, wrong: 0, refused: 0, unparsed: 0, error: 0 };
  for (const { outcome } of judgements) outcomes[outcome]++;
  return outcomes;
}

/** A model's score, and how right it answered each question. */
export interface ScoredModel {
  readonly score: BenchScore;
  readonly questions: readonly QuestionScore[];
}

/** As `scoreModel`, without the scores by question. */
export function scoreAnswers(
  questions: readonly Question[],
  answers: readonly Answer[],
  options: ScoreOptions = {},
): BenchScore {
  return scoreModel(questions, answers, options).score;
}

/**
 * Scores the answers of one model, usually in one setting: what was asked in several settings is pooled, and `bySetting` parts it.
 *
 * @param questions all of the benchmark; images count as shared where their references carry the same digest, or are the same file.
 * @param answers one for every time a question was asked (`latestAnswers` of a run).
 * @throws {BiolensError} `input` for answers of several models, or to questions that are not there.
 */
export function scoreModel(
  questions: readonly Question[],
  answers: readonly Answer[],
  options: ScoreOptions = {},
): ScoredModel {
  const { parser = 'strict', flagged } = options;
  const judgements = judgeAnswers(questions, answers, { parser });
  const models = [...new Set(answers.map(answer => answer.model))];
  if (models.length > 1)
    throw new BiolensError('input', `answers of one model expected, got those of ${models.slice(0, 3).join(', ')}`);
  const clusters = clusterByPictures(questions);
  const scores = scoreQuestions(judgements, clusters);
  const settings = Map.groupBy(judgements, judgement => judgement.answer.setting);
  const committed = judgements.flatMap(({ question, outcome, chosen }): Observation[] =>
    chosen === null ? [] : [{ value: outcome === 'correct' ? 1 : 0, cluster: clusters.of.get(question.id) ?? -1 }],
  );
  const [setting = null] = settings.keys();
  const score: BenchScore = {
    parser,
    model: models[0] ?? '',
    setting: settings.size > 1 ? 'mixed' : setting,
    ...accuracyOf(scores),
    bySetting: Object.fromEntries(
      [...settings].map(([name, group]) => [name, shareRight(scoreQuestions(group, clusters))]),
    ),
    outcomes: countOutcomes(judgements),
    committed: clusteredShare(committed),
    counts: {
      questions: questions.length,
      unasked: questions.length - scores.length,
      failed: scores.filter(score => score.value === null).length,
      answers: answers.length,
      cutOff: answers.filter(answer => answer.finishReason === 'length').length,
      drawn: answers.filter(answer => answer.fallback === true).length,
      clusters: clusters.count,
    },
    withoutFlagged:
      flagged === undefined
        ? null
        : {
            ...accuracyOf(scores.filter(score => !flagged.has(score.question.id))),
            flagged: questions.filter(question => flagged.has(question.id)).length,
          },
    rotation: scoreRotations(judgements, clusters),
    letters: scoreLetters(judgements, clusters),
    calibration: scoreCalibration(judgements, clusters),
    tools: scoreTools(judgements, clusters),
    usage: sumUsage(answers),
  };
  return { score, questions: scores };
}
