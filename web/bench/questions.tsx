import { type ReactNode, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { nameOfCode, TASKS } from '../../src/ground/contracts/bench-codes.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { DataTable } from '../components/data-table.tsx';
import { Section } from '../components/section.tsx';
import { usePrinting } from '../state/use-printing.ts';
import { downloadText, toCsv } from '../text/csv.ts';
import { formatCount } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import type { Entry } from './entries.ts';
import { modelName } from './model-name.ts';
import { OutcomeMark } from './outcome.tsx';
import { QuestionDialog } from './question-dialog.tsx';
import { type AskedQuestion, askedQuestions, FIRST_QUERY, selectQuestions } from './question-view.ts';
import { QuestionsList } from './questions-list.tsx';
import { QuestionsToolbar } from './questions-toolbar.tsx';

const PRINTED = 40;
const ORDER: readonly string[] = TASKS.map(({ code }) => code);

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
  const tasks = useMemo(() => tasksOf(all), [all]);
  const [query, setQuery] = useState(FIRST_QUERY);
  useEffect(() => {
    if (wanted !== null) setQuery({ ...FIRST_QUERY, task: wanted.task });
  }, [wanted]);
  const asked = useDeferredValue(query);
  const shown = useMemo(() => selectQuestions(all, asked), [all, asked]);
  const [opened, setOpened] = useState<number | null>(null);
  const printing = usePrinting();
  return (
    <Section
      id="questions"
      title="Questions"
      lead={`What ${modelName(entry.name)} was asked, what it replied, and what was made of that. Open one to see its pictures and options.`}
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
          {printing ? <Printout questions={shown} /> : <QuestionsList questions={shown} onOpen={setOpened} />}
          {opened !== null && (
            <QuestionDialog
              questions={shown}
              index={opened}
              model={entry.name}
              onMove={setOpened}
              onClose={() => setOpened(null)}
            />
          )}
        </>
      )}
    </Section>
  );
}

/** Those of FaceXBench in the order of its tables, then others by name. */
function tasksOf(asked: readonly AskedQuestion[]): readonly string[] {
  const present = [...new Set(asked.map(({ question }) => question.task))];
  return [...ORDER.filter(code => present.includes(code)), ...present.filter(code => !ORDER.includes(code)).sort()];
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

/** What paper gets instead of the scrolling list: its first rows. */
function Printout({ questions }: { readonly questions: readonly AskedQuestion[] }): ReactNode {
  const first = questions.slice(0, PRINTED);
  return (
    <DataTable
      caption={`The first ${formatCount(first.length)} of ${formatCount(questions.length)} questions`}
      rows={first}
      keyOf={({ question }) => question.id}
      columns={[
        { id: 'text', header: 'Question', cell: ({ question }) => visibleText(question.text.slice(0, 300)) },
        { id: 'task', header: 'Task', cell: ({ question }) => modelName(nameOfCode(question.task)) },
        { id: 'outcome', header: 'Outcome', cell: ({ items }) => <OutcomeMark outcome={items[0].strict.outcome} /> },
      ]}
    />
  );
}
