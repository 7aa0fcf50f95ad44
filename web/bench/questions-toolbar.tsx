import { type ReactNode, useId } from 'react';
import { nameOfCode } from '../../src/ground/contracts/bench-codes.ts';
import { formatCount } from '../text/format.ts';
import { modelName } from './model-name.ts';
import { OUTCOMES } from './outcome.tsx';
import { FIRST_QUERY, isFiltered, type QuestionQuery } from './question-view.ts';

export interface QuestionsToolbarProps {
  readonly query: QuestionQuery;
  readonly onChange: (query: QuestionQuery) => void;
  /** Codes of the tasks that there are. */
  readonly tasks: readonly string[];
  readonly linted: boolean;
  readonly shown: number;
  readonly all: number;
  readonly onExport: () => void;
}

/** What the list of questions is narrowed to, how many are left, and their export. */
export function QuestionsToolbar(props: QuestionsToolbarProps): ReactNode {
  const { query, onChange, tasks, linted, shown, all, onExport } = props;
  const id = useId();
  return (
    <search className="toolbar" aria-label="Filter the questions">
      <label className="field grow" htmlFor={`${id}-text`}>
        <span>Text</span>
        <input
          id={`${id}-text`}
          type="search"
          value={query.text}
          placeholder="In question, option or reply"
          spellCheck={false}
          autoComplete="off"
          onChange={event => onChange({ ...query, text: event.currentTarget.value })}
        />
      </label>
      <label className="field" htmlFor={`${id}-task`}>
        <span>Task</span>
        <select
          id={`${id}-task`}
          value={query.task}
          onChange={event => onChange({ ...query, task: event.currentTarget.value })}
        >
          <option value="">All tasks</option>
          {tasks.map(task => (
            <option key={task} value={task}>
              {modelName(nameOfCode(task))}
            </option>
          ))}
        </select>
      </label>
      <label className="field" htmlFor={`${id}-outcome`}>
        <span>Outcome</span>
        <select
          id={`${id}-outcome`}
          value={query.outcome}
          onChange={event => {
            const chosen = OUTCOMES.find(outcome => outcome.id === event.currentTarget.value);
            onChange({ ...query, outcome: chosen?.id ?? '' });
          }}
        >
          <option value="">Any</option>
          {OUTCOMES.map(outcome => (
            <option key={outcome.id} value={outcome.id}>
              {outcome.title}
            </option>
          ))}
        </select>
      </label>
      <label className="check" htmlFor={`${id}-disputed`}>
        <input
          id={`${id}-disputed`}
          type="checkbox"
          checked={query.onlyDisputed}
          onChange={event => onChange({ ...query, onlyDisputed: event.currentTarget.checked })}
        />
        Parsers differ
      </label>
      {linted && (
        <label className="check" htmlFor={`${id}-flagged`}>
          <input
            id={`${id}-flagged`}
            type="checkbox"
            checked={query.onlyFlagged}
            onChange={event => onChange({ ...query, onlyFlagged: event.currentTarget.checked })}
          />
          Defective
        </label>
      )}
      <div className="toolbar-end">
        <output className="note" aria-live="polite">
          {shown === all ? `${formatCount(all)} questions` : `${formatCount(shown)} of ${formatCount(all)} questions`}
        </output>
        {isFiltered(query) && (
          <button type="button" className="button" onClick={() => onChange(FIRST_QUERY)}>
            Clear
          </button>
        )}
        <button type="button" className="button" onClick={onExport} disabled={shown === 0}>
          Export CSV
        </button>
      </div>
    </search>
  );
}
