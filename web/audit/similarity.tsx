import { type ReactNode, useMemo } from 'react';
import type { Replication } from '../../src/ground/contracts/audit.ts';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { SET_LABELS, SetKey } from '../components/set-key.tsx';
import { shareAbove } from '../components/similarity-curves.ts';
import { SimilarityFigure } from '../components/similarity-figure.tsx';
import { formatShare } from '../text/format.ts';
import { curvesOf, type SetCurve, seriesOf } from './set-curves.ts';

const CAPTIONS = {
  bins: 'Share of items in each bin of similarity.',
  above: 'Share of items whose similarity is at least the value below; copies show as a tail that does not fall.',
};

/** How near the generated items come to the training set, against how near real ones come. */
export function Similarity({ replication }: { readonly replication: Replication }): ReactNode {
  const curves = useMemo(() => curvesOf(replication), [replication]);
  return (
    <Section
      id="similarity"
      title="Similarity to the training set"
      lead="The similarity of each item to its nearest training item. Where the generated curve reaches further right than that of real faces, the generator stays closer to its training faces than real people do."
    >
      <SimilarityFigure
        name="similarity-view"
        curves={curves}
        label={describe(replication)}
        captions={CAPTIONS}
        falseMatchRate={replication.falseMatchRate}
      >
        <HistogramTable replication={replication} />
      </SimilarityFigure>
      <SummaryTable replication={replication} />
    </Section>
  );
}

function describe(replication: Replication): string {
  const parts = seriesOf(replication).map(({ set }) => {
    const { mean, p95 } = replication.top1[set] ?? {};
    const numbers = [
      mean?.value === null || mean === undefined ? null : `mean ${mean.value.toFixed(3)}`,
      p95?.value === null || p95 === undefined ? null : `95th percentile ${p95.value.toFixed(3)}`,
    ].filter(text => text !== null);
    return `${SET_LABELS[set]} to training: ${numbers.join(', ') || 'no summary'}`;
  });
  return `Histogram of similarity to the nearest training item. ${parts.join('. ')}. The numbers are in the table below.`;
}

function HistogramTable({ replication }: { readonly replication: Replication }): ReactNode {
  const { edges } = replication.histogram;
  const series = seriesOf(replication);
  const bins = edges
    .slice(0, -1)
    .map((low, bin) => ({ bin, low, high: edges[bin + 1] ?? low }))
    .filter(({ bin }) => series.some(({ shares }) => (shares[bin] ?? 0) > 0));
  return (
    <Folded summary="The chart as a table">
      <DataTable
        caption="Share of items by similarity to the nearest training item, and share at or above the bin"
        rows={bins}
        keyOf={({ bin }) => String(bin)}
        columns={[
          { id: 'bin', header: 'Similarity', cell: ({ low, high }) => `${low.toFixed(3)} to ${high.toFixed(3)}` },
          ...series.flatMap(({ set, shares }) => {
            const above = shareAbove(shares);
            return [
              {
                id: set,
                header: <SetKey set={set} />,
                numeric: true,
                cell: ({ bin }: { readonly bin: number }) => formatShare(shares[bin] ?? 0),
              },
              {
                id: `${set}-above`,
                header: 'or above',
                numeric: true,
                cell: ({ bin }: { readonly bin: number }) => formatShare(above[bin] ?? 0),
              },
            ];
          }),
        ]}
      />
    </Folded>
  );
}

function SummaryTable({ replication }: { readonly replication: Replication }): ReactNode {
  return (
    <DataTable
      caption="Similarity to the nearest training item"
      rows={seriesOf(replication)}
      keyOf={({ set }) => set}
      columns={[
        {
          id: 'set',
          header: 'Set',
          cell: ({ set }) => <SetKey set={set}>{set === 'training' ? 'Training, nearest other' : undefined}</SetKey>,
        },
        ...(['mean', 'p75', 'p90', 'p95'] as const).map(name =>
          metricColumn({
            id: name,
            header: name === 'mean' ? 'Mean' : `${name.slice(1)}th percentile`,
            kind: 'similarity',
            withoutN: true,
            metricOf: ({ set }: SetCurve) => replication.top1[set]?.[name],
          }),
        ),
        metricColumn({
          id: 'above',
          header: 'Above threshold',
          kind: 'share',
          metricOf: ({ set }: SetCurve) => replication.aboveThreshold[set],
        }),
      ]}
    />
  );
}
