import type { Question } from '../../src/ground/contracts/bench.ts';
import type { BenchItem, BenchReport } from '../../src/ground/contracts/bench-report.ts';
import type { Outcome } from '../../src/ground/contracts/bench-score.ts';
import type { Entry } from './entries.ts';

/** A question with the replies of one model, the plain order first. */
export interface AskedQuestion {
  readonly question: Question;
  readonly items: readonly [BenchItem, ...BenchItem[]];
  /** The parsers differ on a reply. */
  readonly disputed: boolean;
  /** The linter found a defect in it, so that it is left out of the numbers without defects. */
  readonly flagged: boolean;
  /** All that the text filter looks at, in lower case. */
  readonly text: string;
}

export interface QuestionQuery {
  /** Code of a task; empty for all. */
  readonly task: string;
  readonly outcome: Outcome | '';
  readonly text: string;
  readonly onlyDisputed: boolean;
  readonly onlyFlagged: boolean;
}

export const FIRST_QUERY: QuestionQuery = { task: '', outcome: '', text: '', onlyDisputed: false, onlyFlagged: false };

export const isFiltered = (query: QuestionQuery): boolean =>
  query.task !== '' || query.outcome !== '' || query.text !== '' || query.onlyDisputed || query.onlyFlagged;

/** The questions that a model was asked, in the benchmark's order. */
export function askedQuestions({ items, questions }: Entry, lint: BenchReport['lint']): readonly AskedQuestion[] {
  const flagged = new Set(
    (lint?.findings ?? []).filter(({ severity }) => severity !== 'info').map(({ question }) => question),
  );
  const byQuestion = Map.groupBy(items, item => item.question);
  return questions.flatMap((question): AskedQuestion[] => {
    const own = [...(byQuestion.get(question.id) ?? [])].sort((a, b) => a.repeat - b.repeat || a.rotation - b.rotation);
    const [first, ...rest] = own;
    if (first === undefined) return [];
    return [
      {
        question,
        items: [first, ...rest],
        disputed: own.some(
          ({ strict, official }) => strict.outcome !== official.outcome || strict.chosen !== official.chosen,
        ),
        flagged: flagged.has(question.id),
        text: [
          question.id,
          question.text,
          question.dataset,
          ...question.options.map(option => option.text),
          ...own.map(item => item.raw ?? item.error ?? ''),
        ]
          .join('\n')
          .toLowerCase(),
      },
    ];
  });
}

/** Questions that a query asks for; the outcome is that of any reply, read strictly. */
export function selectQuestions(asked: readonly AskedQuestion[], query: QuestionQuery): readonly AskedQuestion[] {
  const wanted = query.text.trim().toLowerCase();
  return asked.filter(
    ({ question, items, disputed, flagged, text }) =>
      (query.task === '' || question.task === query.task) &&
      (query.outcome === '' || items.some(item => item.strict.outcome === query.outcome)) &&
      (!query.onlyDisputed || disputed) &&
      (!query.onlyFlagged || flagged) &&
      (wanted === '' || text.includes(wanted)),
  );
}

/** The options in the order in which a rotation showed them, each with the label it had there. */
export function shownOptions(
  question: Question,
  rotation: number,
): readonly { readonly label: string; readonly own: string; readonly text: string }[] {
  const { options } = question;
  return options.map(({ label }, i) => {
    const option = options[(i + rotation) % options.length];
    return { label, own: option?.label ?? label, text: option?.text ?? '' };
  });
}
