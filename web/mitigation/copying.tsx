import { type ReactNode, useMemo } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { DataTable } from '../components/data-table.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import type { CurveSeries, Curves } from '../components/similarity-curves.ts';
import { SimilarityFigure } from '../components/similarity-figure.tsx';
import { formatP } from '../text/format.ts';
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

const TRAINING = 'Training stands for each training image and its nearest other one.';
const CAPTIONS = {
  bins: `Share of items in each bin of similarity. ${TRAINING}`,
  above: `Share of items at least as similar. ${TRAINING}`,
};

/** How near the samples come to the training images, before and after. */
export function Copying({ report }: { readonly report: MitigationReport }): ReactNode {
  const curves = useMemo(() => curvesOf(report), [report]);
  return (
    <Section
      id="copying"
      title="Copying"
      lead="The similarity of each sample to its nearest training image. After fine-tuning, the curve of the samples should reach no further right than that of real faces."
    >
      <SimilarityFigure
        name="copying-view"
        curves={curves}
        label={describe(report)}
        captions={CAPTIONS}
        falseMatchRate={report.after.replication.falseMatchRate}
      />
      <DataTable
        caption="Copying, by the same measures"
        rows={sidesOf(report)}
        keyOf={({ id }) => id}
        columns={[
          { id: 'side', header: 'Samples', cell: ({ title }) => title },
          metricColumn({
            id: 'copied',
            header: 'Called copies',
            kind: 'share',
            metricOf: ({ side }: Side) => side.replication.copied,
          }),
          metricColumn({
            id: 'above',
            header: 'Above threshold',
            kind: 'share',
            withoutN: true,
            metricOf: ({ side }: Side) => side.replication.aboveThreshold.generated,
          }),
          ...(['mean', 'p95'] as const).map(name =>
            metricColumn({
              id: name,
              header: name === 'mean' ? 'Mean similarity' : '95th percentile',
              kind: 'similarity',
              withoutN: true,
              metricOf: ({ side }: Side) => side.replication.top1.generated[name],
            }),
          ),
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
