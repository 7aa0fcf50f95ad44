import { type ReactNode, useMemo } from 'react';
import type { StudyReport, StudyResult } from '../../src/ground/contracts/study.ts';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import type { Lines } from '../components/line-chart.ts';
import { LineFigure } from '../components/line-figure.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { formatCount, formatP } from '../text/format.ts';
import { testName } from '../text/words.ts';
import { KINDS, resultOf } from './kinds.ts';

function linesOf(report: StudyReport, name: string): Lines {
  const { sizes, kinds } = report;
  return {
    kind: 'factor',
    xLabel: 'Training images',
    xTicks: sizes,
    xLogarithmic: sizes.length > 1 && (sizes.at(-1) ?? 1) > 4 * (sizes[0] ?? 1),
    floor: 0,
    height: 260,
    reference: { value: 1, title: 'as skewed as the training subset' },
    series: kinds.map(kind => ({
      id: kind,
      title: KINDS[kind].title,
      colour: 'generated' as const,
      open: kind === 'gan',
      points: sizes.map(size => {
        const { value = null, interval = null } = resultOf(report, kind, size)?.attributes[name]?.amplification ?? {};
        return { x: size, y: value, low: interval?.low ?? null, high: interval?.high ?? null };
      }),
    })),
  };
}

/** How much further from the target the samples are than the images that the generator saw. */
export function Amplification({ report, name }: { readonly report: StudyReport; readonly name: string }): ReactNode {
  const lines = useMemo(() => linesOf(report, name), [report, name]);
  const differences = report.comparisons.filter(({ attribute }) => attribute === name);
  return (
    <>
      <LineFigure
        title="Amplification"
        lines={lines}
        caption="Distance of the samples’ distribution from the target over that of the training subset. Above 1 the generator makes the skew worse. Lines through the points are intervals."
      />
      <Folded summary="Amplification as a table">
        <DataTable
          caption="Amplification, and the test that samples and training subset have one distribution"
          rows={report.results}
          keyOf={({ kind, size }) => `${kind}-${size}`}
          columns={[
            { id: 'kind', header: 'Generator', cell: ({ kind }) => KINDS[kind].title },
            { id: 'size', header: 'Training images', numeric: true, cell: ({ size }) => formatCount(size) },
            metricColumn({
              id: 'amplification',
              header: 'Amplification',
              kind: 'factor',
              withoutN: true,
              metricOf: ({ attributes }: StudyResult) => attributes[name]?.amplification,
            }),
            {
              id: 'p',
              header: 'p',
              numeric: true,
              cell: ({ attributes }) => formatP(attributes[name]?.amplification.p ?? null),
            },
          ]}
        />
      </Folded>
      {differences.length > 0 && (
        <Folded summary="One kind against the other">
          <DataTable
            caption="Difference of the amplifications, and the test that the samples of both have one distribution"
            rows={differences}
            keyOf={({ size, first, second }) => `${size}-${first}-${second}`}
            columns={[
              {
                id: 'kinds',
                header: 'Kinds',
                cell: ({ first, second }) => `${KINDS[first].title} less ${KINDS[second].title.toLowerCase()}`,
              },
              { id: 'size', header: 'Training images', numeric: true, cell: ({ size }) => formatCount(size) },
              metricColumn({
                id: 'difference',
                header: 'Difference',
                kind: 'number',
                withoutN: true,
                metricOf: ({ difference }: StudyReport['comparisons'][number]) => difference,
              }),
              { id: 'p', header: 'p', numeric: true, cell: ({ p, test }) => `${formatP(p)} (${testName(test)})` },
            ]}
          />
        </Folded>
      )}
    </>
  );
}
