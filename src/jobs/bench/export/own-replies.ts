import { BiolensError } from '../../../ground/errors.ts';
import { rotateOptions } from '../ask/posed-question.ts';
import { buildText } from '../ask/prompt.ts';
import type { ParserName } from '../parse/index.ts';
import { type BenchRunContent, scoreRun } from '../run/read-run.ts';
import type { Judgement } from '../score/judge.ts';
import { judgeAnswers, type ScoredModel } from '../score/score.ts';

/** A run as harnesses of others know one: one model in one setting, its replies in the order of the questions. */
export interface OwnReplies {
  readonly run: BenchRunContent;
  readonly parser: ParserName;
  readonly scored: ScoredModel;
  readonly replies: readonly Judgement[];
}

/**
 * The replies in the run's own setting; those of the control without tools are left out.
 *
 * @throws {BiolensError} `input` where no question has been answered
 */
export function ownReplies(run: BenchRunContent, parser: ParserName): OwnReplies {
  const [scored] = scoreRun(run, parser);
  if (scored === undefined) throw new BiolensError('input', `${run.record.id}: no question has been answered yet`);
  const place = new Map(run.questions.map(({ id }, i) => [id, i]));
  const own = run.answers.filter(({ setting }) => setting === scored.score.setting);
  const replies = judgeAnswers(run.questions, own, { parser }).toSorted(
    (a, b) =>
      place.get(a.question.id)! - place.get(b.question.id)! ||
      a.answer.repeat - b.answer.repeat ||
      a.answer.rotation - b.answer.rotation,
  );
  return { run, parser, scored, replies };
}

/** What was asked in words, with the options as they were shown. */
export function textOf({ question, answer }: Judgement): string {
  const { setting, rotation, repeat } = answer;
  return buildText({ question, setting, rotation, repeat, options: rotateOptions(question.options, rotation) });
}

/** What the model was told to sample with, as far as the run recorded it. */
export function sampling({ record }: BenchRunContent): { temperature?: number; maxTokens?: number; seed?: number } {
  const number = (name: string): number | undefined => {
    const value = record.configuration[name];
    return typeof value === 'number' ? value : undefined;
  };
  return Object.fromEntries(
    Object.entries({
      temperature: number('temperature'),
      maxTokens: number('maxOutputTokens'),
      seed: number('seed'),
    }).filter(([, value]) => value !== undefined),
  );
}
