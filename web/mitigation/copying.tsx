import { type ReactNode, useCallback, useMemo, useState } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { Chart } from '../components/chart.tsx';
import { DataTable } from '../components/data-table.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { Segments } from '../components/segments.tsx';
import {
  type CurveSeries,
  type Curves,
  drawCurves,
  SIMILARITY_VIEWS,
  type SimilarityView,
} from '../components/similarity-curves.ts';
import { formatNumber, formatP } from '../text/format.ts';
import { Nearest } from './nearest.tsx';
import { type Side, sidesOf } from './sides.ts';

/** Both histograms over the bins that either has; the bins of all audits have one width and common edges. */
function curvesOf({ before, after }: MitigationReport): Curves {
  const histograms = [before.replication.histogram, after.replication.histogram];
  const edges = [...new Set(histograms.flatMap(histogram => histogram.edges))].sort((a, b) => a - b);
  const place = (shares: readonly number[], own: readonly number[]): number[] => {
    const byEdge = new Map(shares.map((share, bin) => [own[bin], share]));
    return edges.slice(0, -1).map(edge => byEdge.get(edge) ?? 0);
  };
  const [first, last] = histograms;
  const curve = (series: Omit<CurveSeries, 'shares'>, shares: readonly number[], own: readonly number[] = []) => ({
    ...series,
    shares: place(shares, own),
  });
  const heldout = last?.heldout ?? null;
  return {
    edges,
    threshold: after.replication.threshold,
    series: [
      curve(
        { id: 'training', title: 'Training', colour: 'training', line: 'plain' },
        last?.training ?? [],
        last?.edges,
      ),
      ...(heldout === null
        ? []
        : [curve({ id: 'heldout', title: 'Held-out', colour: 'heldout', line: 'dashed' }, heldout, last?.edges)]),
      curve(
        { id: 'before', title: 'Before', colour: 'generated', line: 'dashed' },
        first?.generated ?? [],
        first?.edges,
      ),
      curve({ id: 'after', title: 'After', colour: 'generated', line: 'main' }, last?.generated ?? [], last?.edges),
    ],
  };
}

/** How near the samples come to the training images, before and after. */
export function Copying({ report }: { readonly report: MitigationReport }): ReactNode {
  const [view, setView] = useState<SimilarityView>('bins');
  const curves = useMemo(() => curvesOf(report), [report]);
  const draw = useCallback((width: number) => drawCurves(curves, { width, view }), [curves, view]);
  const { threshold, falseMatchRate } = report.after.replication;
  return (
    <Section
      id="copying"
      title="Copying"
      lead="The similarity of each sample to its nearest training image. After tuning, the curve of the samples should reach no further right than that of real faces."
    >
      <figure className="figure">
        <div className="figure-head">
          <Segments
            legend="What the chart shows"
            name="copying-view"
            choices={SIMILARITY_VIEWS}
            chosen={view}
            onChoose={setView}
          />
        </div>
        <Chart label={describe(report)} draw={draw} />
        <figcaption>
          {view === 'bins' ? 'Share of items in each bin of similarity.' : 'Share of items at least as similar.'}{' '}
          Training stands for each training image and its nearest other one.
          {threshold !== null &&
            ` The line at ${threshold.toFixed(3)} is the match threshold, at a false match rate of ${formatNumber(falseMatchRate)}.`}
        </figcaption>
      </figure>
      <DataTable
        caption="Copying, by the same measures"
        rows={sidesOf(report)}
        keyOf={({ id }) => id}
        columns={[
          { id: 'side', header: 'Samples', cell: ({ title }) => title },
          {
            id: 'copied',
            header: 'Called copies',
            numeric: true,
            cell: ({ side }) => <MetricValue metric={side.replication.copied} kind="share" />,
          },
          {
            id: 'above',
            header: 'Above threshold',
            numeric: true,
            cell: ({ side }) => (
              <MetricValue metric={side.replication.aboveThreshold.generated} kind="share" withoutN />
            ),
          },
          ...(['mean', 'p95'] as const).map(name => ({
            id: name,
            header: name === 'mean' ? 'Mean similarity' : '95th percentile',
            numeric: true,
            cell: ({ side }: Side) => (
              <MetricValue metric={side.replication.top1.generated[name]} kind="similarity" withoutN />
            ),
          })),
          {
            id: 'p',
            header: 'Relabelling test, p',
            numeric: true,
            cell: ({ side }) => formatP(side.replication.permutation.p),
          },
        ]}
      />
      <p className="note">
        The relabelling test asks whether samples lie nearer to the training images than to held-out ones by more than
        chance; a small p is evidence of copying.
      </p>
      <Nearest report={report} />
    </Section>
  );
}

function describe({ before, after }: MitigationReport): string {
  const of = (name: string, { replication }: MitigationReport['before']): string => {
    const { mean, p95 } = replication.top1.generated;
    return `${name}: mean ${mean.value?.toFixed(3) ?? 'not computed'}, 95th percentile ${p95.value?.toFixed(3) ?? 'not computed'}`;
  };
  return `Histogram of similarity to the nearest training image. ${of('Before', before)}. ${of('After', after)}. The numbers are in the table below.`;
}
