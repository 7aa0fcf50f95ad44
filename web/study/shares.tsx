import { type ReactNode, useMemo } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { StudyReport } from '../../src/ground/contracts/study.ts';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import type { ShareChart } from '../components/share-bars.ts';
import { AttributeArticle, ShareFigure } from '../components/share-figure.tsx';
import { formatCount, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { Amplification } from './amplification.tsx';
import { KINDS, resultOf } from './kinds.ts';

/** Charts of classes that an attribute has at most; the table has all. */
const MOST_CHARTS = 6;

/** For each size the distribution of its training subset and that of each generator's samples. */
export function Shares({ report }: { readonly report: StudyReport }): ReactNode {
  return (
    <Section
      id="shares"
      title="Shares by size"
      lead="The training subset by its labels, the samples as classified with the classifier’s measured errors removed. Lines are intervals; the dashed line is the target."
    >
      {Object.keys(report.attributes).map(name => (
        <Attribute key={name} name={name} report={report} />
      ))}
    </Section>
  );
}

/** The classes that get a chart: of two, the one that is commoner in the folder, as the other says the same. */
function chartedClasses({ attributes }: StudyReport, name: string): readonly string[] {
  const { classes = [], whole = {} } = attributes[name] ?? {};
  const byShare = [...classes].sort((a, b) => (whole[b]?.value ?? 0) - (whole[a]?.value ?? 0));
  return classes.length === 2 ? byShare.slice(0, 1) : byShare.slice(0, MOST_CHARTS);
}

function Attribute({ name, report }: { readonly name: string; readonly report: StudyReport }): ReactNode {
  const classes = chartedClasses(report, name);
  return (
    <AttributeArticle name={name}>
      {classes.map(className => (
        <ClassFigure key={className} report={report} name={name} className={className} />
      ))}
      <Amplification report={report} name={name} />
      <SharesTable report={report} name={name} />
    </AttributeArticle>
  );
}

interface OneClass {
  readonly report: StudyReport;
  readonly name: string;
  readonly className: string;
}

function chartOf({ report, name, className }: OneClass): ShareChart {
  const target = report.attributes[name]?.target[className] ?? null;
  return {
    series: [
      { id: 'training', title: 'Training subset', style: 'training' },
      ...report.kinds.map(kind => ({ id: kind, ...KINDS[kind] })),
    ],
    groups: report.sizes.map(size => {
      const results = report.kinds.map(kind => resultOf(report, kind, size)?.attributes[name]);
      const training = results.find(bias => bias !== undefined)?.training[className];
      return {
        label: formatCount(size),
        target,
        shares: [training, ...results.map(bias => (bias?.corrected?.generated ?? bias?.generated)?.[className])],
      };
    }),
  };
}

function ClassFigure({ report, name, className }: OneClass): ReactNode {
  const chart = useMemo(() => chartOf({ report, name, className }), [report, name, className]);
  const shown = visibleText(className);
  return (
    <ShareFigure
      of={`share of ${shown} by number of training images`}
      chart={chart}
      heading={`Share of ${shown}, by training images`}
    />
  );
}

interface Row {
  readonly key: string;
  readonly size: number;
  readonly set: string;
  readonly shares: Readonly<Record<string, Metric>>;
}

function rowsOf(report: StudyReport, name: string): Row[] {
  return report.sizes.flatMap(size => {
    const results = report.kinds.flatMap(kind => resultOf(report, kind, size) ?? []);
    const training = results[0]?.attributes[name]?.training ?? {};
    return [
      { key: `training-${size}`, size, set: 'Training subset', shares: training },
      ...results.map(({ kind, attributes }) => {
        const bias = attributes[name];
        const shares = bias?.corrected?.generated ?? bias?.generated ?? {};
        return { key: `${kind}-${size}`, size, set: KINDS[kind].title, shares };
      }),
    ];
  });
}

function SharesTable({ report, name }: { readonly report: StudyReport; readonly name: string }): ReactNode {
  const attribute = report.attributes[name];
  if (attribute === undefined) return null;
  return (
    <Folded summary="All shares as a table">
      <DataTable
        caption={`Shares of ${wordsOf(name)}; target ${attribute.classes
          .map(className => `${visibleText(className)} ${formatShare(attribute.target[className] ?? 0)}`)
          .join(', ')}`}
        rows={rowsOf(report, name)}
        keyOf={({ key }) => key}
        columns={[
          { id: 'set', header: 'Of', cell: ({ set }) => set },
          { id: 'size', header: 'Training images', numeric: true, cell: ({ size }) => formatCount(size) },
          ...attribute.classes.map(className =>
            metricColumn({
              id: `class-${className}`,
              header: visibleText(className),
              kind: 'share',
              metricOf: ({ shares }: Row) => shares[className],
            }),
          ),
        ]}
      />
    </Folded>
  );
}
