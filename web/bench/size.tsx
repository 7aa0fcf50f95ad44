import { type ReactNode, useCallback, useMemo } from 'react';
import type { LeaderboardRow } from '../../src/ground/contracts/bench-compare.ts';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { Chart } from '../components/chart.tsx';
import { DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { formatNumber, formatShare } from '../text/format.ts';
import { modelName } from './model-name.ts';
import { formatPointRange, formatPoints } from './points.ts';
import { drawSize } from './size-chart.ts';

/** How accuracy goes with the number of parameters. */
export function Size({ comparison }: { readonly comparison: BenchReport['comparison'] }): ReactNode {
  const { size, rows } = comparison;
  const sized = useMemo(() => rows.filter(row => size?.rows.includes(row.name)), [rows, size]);
  const draw = useCallback(
    (width: number) => (size === null ? document.createElement('span') : drawSize(sized, { fit: size.fit, width })),
    [sized, size],
  );
  if (size === null)
    return (
      <Section id="size" title="Size">
        <p className="note">Too few of these models state a size in their name to say how accuracy goes with it.</p>
      </Section>
    );
  const { fit } = size;
  const range = formatPointRange(fit.gainPerDoubling);
  const gain = fit.gainPerDoubling.value;
  return (
    <Section
      id="size"
      title="Size"
      lead="Accuracy against the number of parameters, of models whose name states it. Models differ in far more than in size, and the band says how unsure the law is for it."
    >
      <figure className="figure">
        <p className="key" aria-hidden="true">
          {sized.some(row => !row.published) && <span className="dot-key dot-own">Measured here</span>}
          <span className="dot-key dot-published">Published</span>
          <span className="dot-key dot-law">Fitted law, 95 % band</span>
        </p>
        <Chart label={`Accuracy against size of ${fit.n} models. The numbers are in the table below.`} draw={draw} />
        <figcaption>
          error = {fit.law.floor > 0 && `${formatNumber(fit.law.floor)} + `}
          {formatNumber(fit.law.scale)} · size<sup>−{formatNumber(fit.law.exponent)}</sup>, the form of Kaplan et al.
          (2020){fit.law.form === 'saturating' && ' with a floor'}. Size explains{' '}
          {formatShare(Math.max(0, fit.rSquared))} of the variance between the errors of {fit.n} models.
        </figcaption>
        <Folded summary="The chart as a table">
          <SizeTable rows={sized} />
        </Folded>
      </figure>
      {gain !== null && (
        <p className="sentence">
          Twice the size goes with <strong>{formatPoints(gain)}</strong> more accuracy{range !== null && ` (${range})`}.
        </p>
      )}
    </Section>
  );
}

function SizeTable({ rows }: { readonly rows: readonly LeaderboardRow[] }): ReactNode {
  return (
    <DataTable
      caption="Accuracy and size of models"
      rows={[...rows].sort((a, b) => (a.size ?? 0) - (b.size ?? 0))}
      keyOf={row => row.name}
      columns={[
        { id: 'name', header: 'Model', cell: row => modelName(row.name) },
        {
          id: 'size',
          header: 'Billions of parameters',
          numeric: true,
          cell: row => (row.size === null ? '–' : formatNumber(row.size)),
        },
        metricColumn({
          id: 'overall',
          header: 'Accuracy',
          kind: 'share',
          withoutN: true,
          metricOf: (row: LeaderboardRow) => row.overall,
        }),
        { id: 'from', header: 'From', cell: row => (row.published ? 'published' : 'measured here') },
      ]}
    />
  );
}
