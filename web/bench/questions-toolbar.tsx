import type { ReactNode } from 'react';
import { CheckField, SearchField, SelectField } from '../components/fields.tsx';
import { FilterToolbar } from '../components/filter-toolbar.tsx';
import { OUTCOMES } from './outcome.tsx';
import { FIRST_QUERY, isFiltered, type QuestionQuery } from './question-view.ts';
import { taskChoice } from './task-choice.ts';

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

const ANY_TASK = { id: '', title: 'All tasks' };
const ANY_OUTCOME = { id: '', title: 'Any' } as const;

/** What the table of questions is narrowed to. */
export function QuestionsToolbar(props: QuestionsToolbarProps): ReactNode {
  const { query, onChange, tasks, linted, shown, all, onExport } = props;
  return (
    <FilterToolbar
      noun="question"
      shown={shown}
      all={all}
      onClear={isFiltered(query) ? () => onChange(FIRST_QUERY) : null}
      onExport={onExport}
    >
      <SearchField
        label="Text"
        placeholder="In question, option or reply"
        value={query.text}
        onChange={text => onChange({ ...query, text })}
      />
      <SelectField
        label="Task"
        value={query.task}
        choices={[ANY_TASK, ...tasks.map(taskChoice)]}
        onChange={task => onChange({ ...query, task })}
      />
      <SelectField
        label="Outcome"
        value={query.outcome}
        choices={[ANY_OUTCOME, ...OUTCOMES]}
        onChange={outcome => onChange({ ...query, outcome })}
      />
      <CheckField
        label="Parsers differ"
        checked={query.onlyDisputed}
        onChange={onlyDisputed => onChange({ ...query, onlyDisputed })}
      />
      {linted && (
        <CheckField
          label="Defective"
          checked={query.onlyFlagged}
          onChange={onlyFlagged => onChange({ ...query, onlyFlagged })}
        />
      )}
    </FilterToolbar>
  );
}
