import { type ReactNode, useCallback } from 'react';
import { formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { BarKey } from './bar-key.tsx';
import { Chart } from './chart.tsx';
import { DataTable } from './data-table.tsx';
import { Folded } from './folded.tsx';
import { metricColumn } from './metric-column.tsx';
import { describeShares, drawShareBars, type ShareChart, type ShareGroup } from './share-bars.ts';

/** All that a page says of one attribute. */
export function AttributeArticle({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ReactNode;
}): ReactNode {
  const title = wordsOf(name);
  return (
    <article className="attribute" aria-label={title}>
      <h3 className="attribute-title">{title}</h3>
      {children}
    </article>
  );
}

export interface ShareFigureProps {
  /** What the bars show, to follow “Bars of the”. */
  readonly of: string;
  /** Must not change between renders unless the chart does. */
  readonly chart: ShareChart;
  readonly heading?: ReactNode;
  readonly caption?: ReactNode;
  /** Stands below the caption. */
  readonly children?: ReactNode;
}

/** Shares as bars, with their key. */
export function ShareFigure({ of, chart, heading, caption, children }: ShareFigureProps): ReactNode {
  const draw = useCallback((width: number) => drawShareBars(chart, width), [chart]);
  return (
    <figure className="figure">
      {heading !== undefined && <p className="figure-title">{heading}</p>}
      <BarKey series={chart.series} />
      <Chart label={`Bars of the ${of}. ${describeShares(chart)}.`} draw={draw} />
      {caption !== undefined && <figcaption>{caption}</figcaption>}
      {children}
    </figure>
  );
}

/** The same shares as a table, one row a class. */
export function SharesTable({ name, chart }: { readonly name: string; readonly chart: ShareChart }): ReactNode {
  return (
    <Folded summary="The chart as a table">
      <DataTable
        caption={`Shares of ${wordsOf(name)}`}
        rows={chart.groups}
        keyOf={({ label }) => label}
        columns={[
          { id: 'class', header: 'Class', cell: ({ label }) => visibleText(label) },
          ...chart.series.map(({ id, title }, k) =>
            metricColumn({ id, header: title, kind: 'share', metricOf: ({ shares }: ShareGroup) => shares[k] }),
          ),
          {
            id: 'target',
            header: 'Target',
            numeric: true,
            cell: ({ target }) => (target === null ? '–' : formatShare(target)),
          },
        ]}
      />
    </Folded>
  );
}
