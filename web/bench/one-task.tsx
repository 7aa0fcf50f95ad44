import { type ReactNode, useMemo, useState } from 'react';
import { nameOfCode, TASKS } from '../../src/ground/contracts/bench-codes.ts';
import { type Outcome, outcomeSchema } from '../../src/ground/contracts/bench-score.ts';
import { DataTable } from '../components/data-table.tsx';
import { SelectField } from '../components/fields.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatShare } from '../text/format.ts';
import { capitalised } from '../text/words.ts';
import { chanceOf, type Entry } from './entries.ts';
import { modelName } from './model-name.ts';
import { RangeMark } from './range-mark.tsx';
import { inTableOrder } from './table-order.ts';
import { taskChoice } from './task-choice.ts';

export interface OneTaskProps {
  readonly entries: readonly Entry[];
  /** Narrows the list of questions to a task. */
  readonly onShowQuestions: (task: string) => void;
}

/** All models of the report on one task: how right, how their replies ended, and what the task is. */
export function OneTask({ entries, onShowQuestions }: OneTaskProps): ReactNode {
  const tasks = useMemo(
    () =>
      inTableOrder(
        entries.flatMap(({ score }) => Object.keys(score.byTask)),
        TASKS,
      ),
    [entries],
  );
  const [chosen, setChosen] = useState<string | null>(null);
  const task = chosen ?? tasks[0];
  if (task === undefined) return null;
  return (
    <Section id="task" title="One task" lead="Every model that was asked, on the questions of one task.">
      <div className="toolbar">
        <SelectField label="Task" value={task} choices={tasks.map(taskChoice)} onChange={setChosen} />
        <button
          type="button"
          className="button"
          onClick={() => {
            onShowQuestions(task);
            document.getElementById('questions')?.scrollIntoView();
          }}
        >
          Show its questions
        </button>
      </div>
      <TaskTable entries={entries} task={task} />
    </Section>
  );
}

interface TaskRow {
  readonly entry: Entry;
  readonly chance: number | null;
  readonly outcomes: Readonly<Record<Outcome, number>>;
}

function rowOf(entry: Entry, task: string): TaskRow {
  const questions = entry.questions.filter(question => question.task === task);
  const ids = new Set(questions.map(question => question.id));
  const outcomes = { correct: 0, wrong: 0, refused: 0, unparsed: 0, error: 0 };
  for (const item of entry.items) if (ids.has(item.question)) outcomes[item.strict.outcome]++;
  return { entry, chance: chanceOf(questions), outcomes };
}

function TaskTable({ entries, task }: { readonly entries: readonly Entry[]; readonly task: string }): ReactNode {
  const rows = entries
    .filter(({ score }) => score.byTask[task] !== undefined)
    .map(entry => rowOf(entry, task))
    .sort((a, b) => (b.entry.score.byTask[task]?.value ?? -1) - (a.entry.score.byTask[task]?.value ?? -1));
  return (
    <DataTable
      caption={`Models on ${modelName(nameOfCode(task))}`}
      captionHidden
      rows={rows}
      keyOf={({ entry }) => entry.name}
      columns={[
        { id: 'model', header: 'Model', cell: ({ entry }) => modelName(entry.name) },
        metricColumn({
          id: 'right',
          header: 'Right',
          kind: 'share',
          metricOf: ({ entry }: TaskRow) => entry.score.byTask[task],
        }),
        {
          id: 'range',
          header: <span className="visually-hidden">Right as a line</span>,
          cell: ({ entry }) => <RangeMark metric={entry.score.byTask[task]!} tone="own" />,
        },
        {
          id: 'chance',
          header: 'Guessing',
          numeric: true,
          cell: ({ chance }) => (chance === null ? '–' : formatShare(chance)),
        },
        ...outcomeSchema.options.map(outcome => ({
          id: outcome,
          header: capitalised(outcome),
          numeric: true,
          cell: ({ outcomes }: TaskRow) => formatCount(outcomes[outcome]),
        })),
      ]}
    />
  );
}
