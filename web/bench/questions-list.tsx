import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import { useMediaQuery } from '../state/preferences.ts';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { OutcomeMark } from './outcome.tsx';
import type { AskedQuestion } from './question-view.ts';

export interface QuestionsListProps {
  readonly questions: readonly AskedQuestion[];
  /** Opens the question with this position in `questions`. */
  readonly onOpen: (index: number) => void;
}

const WIDE_ROW = 52;
const NARROW_ROW = 88;
const LONGEST_TEXT = 300;
const COLUMNS = ['Outcome', 'Question', 'Task', 'Chosen', 'Right'];

/** All questions, one row each, with rows as high as the window's width asks for. */
export function QuestionsList(props: QuestionsListProps): ReactNode {
  const narrow = useMediaQuery('(max-width: 720px)');
  const rowHeight = narrow ? NARROW_ROW : WIDE_ROW;
  return <Rows key={rowHeight} rowHeight={rowHeight} {...props} />;
}

/**
 * Only the rows in sight are in the page. One row can be tabbed to; the arrow keys, Page Up and Down, Home and End move it,
 * Enter opens it.
 */
function Rows({ questions, onOpen, rowHeight }: QuestionsListProps & { readonly rowHeight: number }): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const focusWanted = useRef(false);
  const last = questions.length - 1;
  const current = Math.min(active, Math.max(last, 0));

  const virtualizer = useVirtualizer({
    count: questions.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    // The row that can be tabbed to stays in the page when it is scrolled out of sight.
    rangeExtractor: useCallback(
      (range: Parameters<typeof defaultRangeExtractor>[0]) =>
        [...new Set([...defaultRangeExtractor(range), ...(range.count > 0 ? [current] : [])])].sort((a, b) => a - b),
      [current],
    ),
  });

  useEffect(() => {
    if (!focusWanted.current) return;
    focusWanted.current = false;
    frame.current?.querySelector<HTMLElement>(`[data-index="${current}"]`)?.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? 0) / rowHeight) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: current + 1,
      ArrowUp: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: last,
    };
    const target = moves[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const next = Math.min(Math.max(target, 0), last);
    focusWanted.current = true;
    setActive(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className="questions-frame" ref={frame}>
      <table className="questions" aria-rowcount={questions.length + 1} aria-label="Questions">
        <thead>
          <tr aria-rowindex={1}>
            {COLUMNS.map(title => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start }) => (
            <QuestionRow
              key={index}
              asked={questions[index]!}
              index={index}
              top={start}
              height={rowHeight}
              active={index === current}
              onActivate={setActive}
              onKeyDown={onKeyDown}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
      {questions.length === 0 && <p className="note empty">No question fits these filters.</p>}
    </div>
  );
}

interface QuestionRowProps {
  readonly asked: AskedQuestion;
  readonly index: number;
  /** Distance from the start of the rows in pixels. */
  readonly top: number;
  readonly height: number;
  /** The row that can be tabbed to. */
  readonly active: boolean;
  readonly onActivate: (index: number) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onOpen: (index: number) => void;
}

/** One question and what became of its first reply. The button that opens it is as large as the row. */
const QuestionRow = memo(function QuestionRow(props: QuestionRowProps): ReactNode {
  const { asked, index, top, height, active, onActivate, onKeyDown, onOpen } = props;
  const { question, items, disputed, flagged } = asked;
  const [first] = items;
  const right = items.filter(item => item.strict.outcome === 'correct').length;
  return (
    <tr aria-rowindex={index + 2} style={{ transform: `translateY(${top}px)`, height }}>
      <td className="column-outcome">
        <button
          type="button"
          className="row-button"
          data-index={index}
          tabIndex={active ? 0 : -1}
          aria-label={`Open question ${formatCount(index + 1)}`}
          onFocus={() => onActivate(index)}
          onKeyDown={onKeyDown}
          onClick={() => onOpen(index)}
        />
        {items.length === 1 ? (
          <OutcomeMark outcome={first.strict.outcome} />
        ) : (
          <span className="outcome">
            {formatCount(right)} of {formatCount(items.length)} right
          </span>
        )}
      </td>
      <td className="column-text">
        <bdi className="one-line">{visibleText(question.text.slice(0, LONGEST_TEXT))}</bdi>
        {disputed && <span className="tag">parsers differ</span>}
        {flagged && <span className="tag">defective</span>}
      </td>
      <td className="column-task one-line">{visibleText(nameOfCode(question.task).slice(0, LONGEST_TEXT))}</td>
      <td className="column-letter">{first.strict.chosen ?? '–'}</td>
      <td className="column-letter">{question.correct}</td>
    </tr>
  );
});
