import { type ReactNode, useMemo } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { DataTable } from '../components/data-table.tsx';
import type { Lines } from '../components/line-chart.ts';
import { LineFigure } from '../components/line-figure.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';

export interface RanksProps {
  readonly ranks: Readonly<Record<string, Metric>>;
  readonly cmc: readonly number[];
  readonly lead: string;
}

/** How often the right person is among the first candidates. */
export function Ranks({ ranks, cmc, lead }: RanksProps): ReactNode {
  const lines = useMemo(
    (): Lines => ({
      kind: 'share',
      xLabel: 'Candidates',
      height: 240,
      dots: false,
      series: [
        {
          id: 'cmc',
          title: 'right person among them',
          colour: 'generated',
          points: cmc.map((y, i) => ({ x: i + 1, y })),
        },
      ],
    }),
    [cmc],
  );
  const rows = Object.entries(ranks);
  return (
    <Section id="ranks" title="Identification" lead={lead}>
      <LineFigure
        title="Cumulative match characteristic"
        lines={lines}
        caption="Share of the searches whose person is among the first candidates. A person with an equal score comes first, so ties never flatter."
      />
      <DataTable
        caption="Share of searches whose person is among the first"
        rows={rows}
        keyOf={([rank]) => rank}
        columns={[
          { id: 'rank', header: 'Among the first', cell: ([rank]) => rank },
          metricColumn({
            id: 'share',
            header: 'Share',
            kind: 'share',
            metricOf: ([, metric]: (typeof rows)[number]) => metric,
          }),
        ]}
      />
    </Section>
  );
}
