import { type ReactNode, useCallback, useMemo, useState } from 'react';
import type { Question } from '../../src/ground/contracts/bench.ts';
import { CATEGORIES, nameOfCode, TASKS } from '../../src/ground/contracts/bench-codes.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import type { Accuracy } from '../../src/ground/contracts/bench-score.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { Chart } from '../components/chart.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { Segments } from '../components/segments.tsx';
import { formatP, formatShare } from '../text/format.ts';
import { chanceOf, type Entry, type OfEntry } from './entries.ts';
import { drawGroups, type Group } from './groups-chart.ts';
import { modelName } from './model-name.ts';
import { PARSER_TITLES } from './outcomes.tsx';
import { formatPointRange, formatPoints } from './points.ts';

type GroupingId = 'category' | 'task' | 'dataset' | 'imageCount';

interface Grouping {
  readonly id: GroupingId;
  readonly title: string;
  readonly of: (accuracy: Accuracy) => Readonly<Record<string, Metric>>;
}

const GROUPINGS: readonly Grouping[] = [
  { id: 'category', title: 'Category', of: accuracy => accuracy.byCategory },
  { id: 'task', title: 'Task', of: accuracy => accuracy.byTask },
  { id: 'dataset', title: 'Data set', of: accuracy => accuracy.byDataset },
  { id: 'imageCount', title: 'Images', of: accuracy => accuracy.byImageCount },
];

const ORDER: readonly string[] = [...CATEGORIES, ...TASKS].map(({ code }) => code);
const PICTURES: ReadonlyMap<string, string> = new Map([
  ['zero', 'No image'],
  ['single', 'One image'],
  ['multiple', 'Several images'],
]);

/** Groups in the order of the benchmark's tables, data sets by accuracy. */
function groupsOf(entry: Entry, { id, of }: Grouping): readonly Group[] {
  const questions = Map.groupBy(entry.questions, (question: Question) => question[id]);
  const groups = Object.entries(of(entry.score)).map(([code, metric]) => ({
    id: code,
    title: modelName(id === 'dataset' ? code : (PICTURES.get(code) ?? nameOfCode(code))),
    metric,
    chance: chanceOf(questions.get(code) ?? []),
  }));
  const place = (group: Group): number => (ORDER.includes(group.id) ? ORDER.indexOf(group.id) : ORDER.length);
  const pictures = [...PICTURES.keys()];
  if (id === 'imageCount') return groups.sort((a, b) => pictures.indexOf(a.id) - pictures.indexOf(b.id));
  if (id === 'dataset') return groups.sort((a, b) => (b.metric.value ?? -1) - (a.metric.value ?? -1));
  return groups.sort((a, b) => place(a) - place(b));
}

/** Accuracy by kind of question. */
export function Groups({ entry, comparison }: OfEntry): ReactNode {
  const [chosen, setChosen] = useState<GroupingId>('category');
  const grouping = GROUPINGS.find(({ id }) => id === chosen) ?? GROUPINGS[0];
  const groups = useMemo(() => (grouping === undefined ? [] : groupsOf(entry, grouping)), [entry, grouping]);
  const draw = useCallback((width: number) => drawGroups(groups, width), [groups]);
  if (grouping === undefined) return null;
  return (
    <Section
      id="groups"
      title="Kinds of questions"
      lead={`What ${modelName(entry.name)} can and cannot do. A bar that does not pass the dashed line is no better than guessing.`}
    >
      <figure className="figure">
        <div className="figure-head">
          <Segments legend="Questions by" name="grouping" choices={GROUPINGS} chosen={chosen} onChoose={setChosen} />
        </div>
        <p className="key" aria-hidden="true">
          <span className="bar-key bar-own">Accuracy, strict reading</span>
          <span className="bar-key bar-target">Guessing</span>
        </p>
        <Chart label={describe(grouping, groups)} draw={draw} />
        <figcaption>Lines are 95 % intervals that allow for images that questions share.</figcaption>
        <Folded summary="The chart as a table">
          <GroupTable entry={entry} grouping={grouping} groups={groups} />
        </Folded>
      </figure>
      <PicturesSentence name={entry.name} comparison={comparison} />
    </Section>
  );
}

function describe({ title }: Grouping, groups: readonly Group[]): string {
  const parts = groups.map(group => {
    const { value } = group.metric;
    return `${group.title} ${value === null ? 'not computed' : formatShare(value)}`;
  });
  return `Bars of accuracy by ${title.toLowerCase()}. ${parts.join(', ')}.`;
}

function GroupTable(props: {
  readonly entry: Entry;
  readonly grouping: Grouping;
  readonly groups: readonly Group[];
}): ReactNode {
  const { entry, grouping, groups } = props;
  const column = (id: string, header: string, accuracy: Accuracy): Column<Group> =>
    metricColumn({ id, header, kind: 'share', metricOf: group => grouping.of(accuracy)[group.id] });
  const { withoutFlagged } = entry.score;
  return (
    <DataTable
      caption={`Accuracy by ${grouping.title.toLowerCase()}`}
      rows={groups}
      keyOf={group => group.id}
      columns={[
        { id: 'group', header: grouping.title, cell: group => group.title },
        ...entry.scores.map(score => column(score.parser, PARSER_TITLES[score.parser], score)),
        ...(withoutFlagged === null ? [] : [column('unflagged', 'Strict, without defects', withoutFlagged)]),
        {
          id: 'chance',
          header: 'Guessing',
          numeric: true,
          cell: group => (group.chance === null ? '–' : formatShare(group.chance)),
        },
      ]}
    />
  );
}

function PicturesSentence({
  name,
  comparison,
}: {
  readonly name: string;
  readonly comparison: BenchReport['comparison'];
}): ReactNode {
  const found = comparison.singleAgainstMultiple.find(row => row.name === name);
  const { value, interval } = found?.difference ?? { value: null, interval: null };
  if (found === undefined || value === null) return null;
  return (
    <p className="sentence">
      On questions with one image it is <strong>{formatPoints(Math.abs(value))}</strong>{' '}
      {value >= 0 ? 'better' : 'worse'} than on those with several
      {interval !== null && ` (${formatPointRange(found.difference)})`}
      {found.p !== null && `, p ${found.p < 0.0001 ? '' : '= '}${formatP(found.p)}`}.
    </p>
  );
}
