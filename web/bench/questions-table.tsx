import type { ReactNode } from 'react';
import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import { type ItemColumn, ItemTable } from '../components/item-table.tsx';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { OutcomeMark } from './outcome.tsx';
import type { AskedQuestion } from './question-view.ts';

export interface QuestionsTableProps {
  readonly questions: readonly AskedQuestion[];
  /** Opens the question with this position in `questions`. */
  readonly onOpen: (index: number) => void;
}

const ROW_HEIGHT = { wide: 52, narrow: 88 };
const LONGEST_TEXT = 300;

/** All questions, one row each, with what became of the first reply. */
export function QuestionsTable({ questions, onOpen }: QuestionsTableProps): ReactNode {
  return <ItemTable noun="question" items={questions} columns={COLUMNS} rowHeight={ROW_HEIGHT} onOpen={onOpen} />;
}

const COLUMNS: readonly ItemColumn<AskedQuestion>[] = [
  { id: 'outcome', title: 'Outcome', cell: asked => <Outcome asked={asked} /> },
  {
    id: 'text',
    title: 'Question',
    cell: ({ question, disputed, flagged }) => (
      <>
        <bdi className="one-line">{visibleText(question.text.slice(0, LONGEST_TEXT))}</bdi>
        {disputed && <span className="tag">parsers differ</span>}
        {flagged && <span className="tag">defective</span>}
      </>
    ),
  },
  {
    id: 'task',
    title: 'Task',
    look: 'one-line',
    cell: ({ question }) => visibleText(nameOfCode(question.task).slice(0, LONGEST_TEXT)),
  },
  { id: 'chosen', title: 'Chosen', cell: ({ items: [first] }) => first.strict.chosen ?? '–' },
  { id: 'right', title: 'Right', cell: ({ question }) => question.correct },
];

function Outcome({ asked: { items } }: { readonly asked: AskedQuestion }): ReactNode {
  if (items.length === 1) return <OutcomeMark outcome={items[0].strict.outcome} />;
  const right = items.filter(item => item.strict.outcome === 'correct').length;
  return (
    <span className="outcome">
      {formatCount(right)} of {formatCount(items.length)} right
    </span>
  );
}
