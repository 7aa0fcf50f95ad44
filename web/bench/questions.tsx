import { type ReactNode, useCallback, useEffect, useMemo } from 'react';
import { nameOfCode, TASKS } from '../../src/ground/contracts/bench-codes.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { Printout } from '../components/printout.tsx';
import { Section } from '../components/section.tsx';
import { useItemView } from '../state/use-item-view.ts';
import { downloadText, toCsv } from '../text/csv.ts';
import { visibleText } from '../text/visible-text.ts';
import type { Entry } from './entries.ts';
import { modelName } from './model-name.ts';
import { OutcomeMark } from './outcome.tsx';
import { QuestionDialog } from './question-dialog.tsx';
import { type AskedQuestion, askedQuestions, FIRST_QUERY, selectQuestions } from './question-view.ts';
import { QuestionsTable } from './questions-table.tsx';
import { QuestionsToolbar } from './questions-toolbar.tsx';
import { inTableOrder } from './table-order.ts';

/** What names a question in the address of the page: of several models, the one that was asked too. */
export const questionKey = (model: string, question: string): string => `${model}/${question}`;

/** A task whose questions are asked for elsewhere on the page; a new object each time. */
export interface WantedTask {
  readonly task: string;
}

export interface QuestionsProps {
  readonly entry: Entry;
  readonly lint: BenchReport['lint'];
  /** Name of the run, for the file that is exported. */
  readonly runId: string;
  readonly wanted: WantedTask | null;
}

/** Every question with what the model replied, and how that was read. */
export function Questions({ entry, lint, runId, wanted }: QuestionsProps): ReactNode {
  const all = useMemo(() => askedQuestions(entry, lint), [entry, lint]);
  const tasks = useMemo(
    () =>
      inTableOrder(
        all.map(({ question }) => question.task),
        TASKS,
      ),
    [all],
  );
  const { name: model } = entry;
  const keyOf = useCallback(({ question }: AskedQuestion) => questionKey(model, question.id), [model]);
  const view = useItemView(all, { name: 'question', keyOf, first: FIRST_QUERY, select: selectQuestions });
  const { query, setQuery, shown, opened } = view;
  useEffect(() => {
    if (wanted !== null) setQuery({ ...FIRST_QUERY, task: wanted.task });
  }, [wanted, setQuery]);
  return (
    <Section
      id="questions"
      title="Questions"
      lead={`What ${modelName(entry.name)} was asked, what it replied, and what was made of that. Open one to see its images and options.`}
    >
      {all.length === 0 ? (
        <p className="note">No question was asked.</p>
      ) : (
        <>
          <QuestionsToolbar
            query={query}
            onChange={setQuery}
            tasks={tasks}
            linted={lint !== null}
            shown={shown.length}
            all={all.length}
            onExport={() => downloadText(`${runId}-replies.csv`, repliesCsv(shown))}
          />
          {view.printing ? (
            <QuestionsPrintout questions={shown} />
          ) : (
            <QuestionsTable questions={shown} onOpen={view.open} />
          )}
          {opened !== null && (
            <QuestionDialog
              questions={shown}
              index={opened}
              model={entry.name}
              onMove={view.open}
              onClose={view.close}
            />
          )}
        </>
      )}
    </Section>
  );
}

function repliesCsv(shown: readonly AskedQuestion[]): string {
  const header = [
    'question',
    'task',
    'dataset',
    'rotation',
    'repeat',
    'right',
    'strict',
    'strict_chosen',
    'official',
    'official_chosen',
    'raw',
    'error',
  ];
  const rows = shown.flatMap(({ question, items }) =>
    items.map(item => [
      question.id,
      question.task,
      question.dataset,
      item.rotation,
      item.repeat,
      question.correct,
      item.strict.outcome,
      item.strict.chosen,
      item.official.outcome,
      item.official.chosen,
      item.raw,
      item.error ?? null,
    ]),
  );
  return toCsv(header, rows);
}

/** What paper gets of the questions. */
function QuestionsPrintout({ questions }: { readonly questions: readonly AskedQuestion[] }): ReactNode {
  return (
    <Printout
      noun="question"
      items={questions}
      keyOf={({ question }) => question.id}
      columns={[
        { id: 'text', header: 'Question', cell: ({ question }) => visibleText(question.text.slice(0, 300)) },
        { id: 'task', header: 'Task', cell: ({ question }) => modelName(nameOfCode(question.task)) },
        { id: 'outcome', header: 'Outcome', cell: ({ items }) => <OutcomeMark outcome={items[0].strict.outcome} /> },
      ]}
    />
  );
}
