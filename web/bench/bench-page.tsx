import { type ReactNode, useMemo, useState } from 'react';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import type { OfRun } from '../components/of-run.ts';
import type { PageSection } from '../components/page-frame.tsx';
import { keyOfAddress } from '../state/use-opened.ts';
import { usePageTitle } from '../state/use-page-title.ts';
import { Cost } from './cost.tsx';
import { Differences } from './differences.tsx';
import { type Entry, entriesOf } from './entries.ts';
import { Groups } from './groups.tsx';
import { Leaderboard } from './leaderboard.tsx';
import { Lint } from './lint.tsx';
import { Method } from './method.tsx';
import { OneTask } from './one-task.tsx';
import { Overview, titleOf } from './overview.tsx';
import { Questions, type WantedTask } from './questions.tsx';
import { Size } from './size.tsx';
import { Steadiness } from './steadiness.tsx';
import { Tools } from './tools.tsx';

const ABOUT_MODELS: readonly PageSection[] = [
  { id: 'groups', title: 'Kinds of questions' },
  { id: 'task', title: 'One task' },
  { id: 'differences', title: 'Real differences' },
];

/** A page of nothing but the linter's findings has no models to show. */
const hasRows = ({ comparison }: BenchReport): boolean => comparison.rows.length > 0;

/** The parts of a benchmark's page; those about a model need one that was asked. */
export function benchSections(report: BenchReport): readonly PageSection[] {
  const asked = report.scores.length > 0;
  const tools = report.scores.some(score => score.tools !== null);
  return [
    { id: 'overview', title: 'Overview' },
    ...(hasRows(report) ? [{ id: 'leaderboard', title: 'Leaderboard' }] : []),
    ...(asked ? ABOUT_MODELS : []),
    ...(tools ? [{ id: 'tools', title: 'Tools' }] : []),
    ...(hasRows(report) ? [{ id: 'size', title: 'Size' }] : []),
    ...(asked
      ? [
          { id: 'steadiness', title: 'Letters and order' },
          { id: 'cost', title: 'Cost and time' },
        ]
      : []),
    { id: 'defects', title: 'Defects' },
    ...(asked ? [{ id: 'questions', title: 'Questions' }] : []),
    { id: 'method', title: 'Method' },
  ];
}

/** The model of the question that the address of the page names; null where it names none. */
function modelAsked(entries: readonly Entry[]): string | null {
  const key = keyOfAddress('question');
  // One name may begin another.
  const longestFirst = [...entries].sort((a, b) => b.name.length - a.name.length);
  return longestFirst.find(({ name }) => key?.startsWith(`${name}/`))?.name ?? null;
}

/** The report of a benchmark: one model, or several side by side. */
export function BenchPage({ report, run }: OfRun<BenchReport>): ReactNode {
  const { comparison } = report;
  const entries = useMemo(() => entriesOf(report), [report]);
  const [chosen, setChosen] = useState<string | null>(() => modelAsked(entries));
  const entry = entries.find(({ name }) => name === chosen) ?? entries[0] ?? null;
  const [wanted, setWanted] = useState<WantedTask | null>(null);
  // The section has its place in the navigation, whichever setting is looked at.
  const tools = entry?.score.tools ?? entries.find(({ score }) => score.tools !== null)?.score.tools ?? null;
  usePageTitle(titleOf(report, entries));
  return (
    <>
      <Overview report={report} run={run} entries={entries} entry={entry} onChoose={setChosen} />
      {hasRows(report) && <Leaderboard report={report} runId={run.id} />}
      {entry !== null && (
        <>
          <Groups entry={entry} comparison={comparison} />
          <OneTask entries={entries} onShowQuestions={task => setWanted({ task })} />
          <Differences entry={entry} comparison={comparison} />
          {tools !== null && <Tools tools={tools} />}
        </>
      )}
      {hasRows(report) && <Size comparison={comparison} />}
      {entry !== null && (
        <>
          <Steadiness entry={entry} />
          <Cost entry={entry} />
        </>
      )}
      <Lint lint={report.lint} />
      {entry !== null && <Questions key={entry.name} entry={entry} lint={report.lint} runId={run.id} wanted={wanted} />}
      <Method report={report} run={run} />
    </>
  );
}
