import type { Answer, Question } from '../../../ground/contracts/bench.ts';
import type { Outcome } from '../../../ground/contracts/bench-score.ts';
import { rotateOptions } from '../ask/posed-question.ts';
import { type ParserName, parserOf } from '../parse/index.ts';

/** An answer as it was read. */
export interface Judgement {
  readonly question: Question;
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** Label of the chosen option as the question has it, whatever the rotation; null where none was chosen. */
  readonly chosen: string | null;
  /** Label under which the chosen option, and the right one, were shown. */
  readonly shown: string | null;
  readonly shownCorrect: string;
  /** What in the reply decided. */
  readonly how: string;
}

/** The label under which a rotation shows an option. */
function shownLabel({ options }: Question, label: string, rotation: number): string {
  const at = options.findIndex(option => option.label === label);
  const n = options.length;
  return options[(((at - rotation) % n) + n) % n]!.label;
}

/** Reads an answer by a parser and compares it with the key. */
export function judgeAnswer(
  question: Question,
  answer: Answer,
  { parser }: { readonly parser: ParserName },
): Judgement {
  const shownCorrect = shownLabel(question, question.correct, answer.rotation);
  const none = { question, answer, chosen: null, shown: null, shownCorrect };
  if (answer.raw === null) return { ...none, outcome: 'error', how: answer.error?.message ?? 'no reply' };
  const parsed = parserOf(parser)(answer.raw, rotateOptions(question.options, answer.rotation));
  if (parsed.kind === 'label') {
    const at = question.options.findIndex(option => option.label === parsed.label);
    const chosen = question.options[(at + answer.rotation) % question.options.length]!.label;
    const outcome = chosen === question.correct ? 'correct' : 'wrong';
    return { ...none, outcome, chosen, shown: parsed.label, how: parsed.how };
  }
  if (answer.refused === true || answer.finishReason === 'content-filter')
    return { ...none, outcome: 'refused', how: 'declined by the server' };
  const cut = answer.finishReason === 'length' ? ', cut off at the token limit' : '';
  return { ...none, outcome: parsed.kind, how: `${parsed.how}${cut}` };
}
