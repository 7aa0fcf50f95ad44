import { type ReactNode, useMemo } from 'react';
import type { FederationReport, ServedRound } from '../../src/ground/contracts/federation.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import type { Lines } from '../components/line-chart.ts';
import { LineFigure } from '../components/line-figure.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatDuration, formatNumber } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { trafficText } from './traffic-text.ts';

/** With more rounds a line has no dots. */
const MOST_DOTS = 30;

const accuracyLines = ({ rounds }: FederationReport): Lines => ({
  kind: 'share',
  xLabel: 'Rounds',
  dots: rounds.length <= MOST_DOTS,
  height: 280,
  series: [
    {
      id: 'accuracy',
      title: 'test images right',
      colour: 'generated',
      points: rounds.map(({ round, accuracy: { value, interval } }) => ({
        x: round,
        y: value,
        low: interval?.low ?? null,
        high: interval?.high ?? null,
      })),
    },
  ],
});

const epsilonLines = ({ rounds, privacy }: FederationReport): Lines => ({
  kind: 'number',
  xLabel: 'Rounds',
  dots: rounds.length <= MOST_DOTS,
  height: 220,
  floor: 0,
  reference: privacy === null || privacy.budget === null ? null : { value: privacy.budget, title: 'budget' },
  series: [
    {
      id: 'epsilon',
      title: 'ε spent',
      colour: 'ink-2',
      points: rounds.map(({ round, epsilon }) => ({ x: round, y: epsilon })),
    },
  ],
});

function columnsOf({ privacy }: FederationReport): Column<ServedRound>[] {
  return [
    { id: 'round', header: 'Round', numeric: true, cell: ({ round }) => formatCount(round) },
    {
      id: 'accuracy',
      header: 'Accuracy',
      numeric: true,
      cell: ({ accuracy, status }) =>
        status === 'aborted' ? 'aborted' : <MetricValue metric={accuracy} kind="share" withoutN />,
    },
    { id: 'clients', header: 'Clients', numeric: true, cell: ({ clients }) => formatCount(clients) },
    {
      id: 'lost',
      header: 'Lost',
      cell: ({ lost }) => (lost.length === 0 ? 'nobody' : lost.map(visibleText).join(', ')),
    },
    { id: 'up', header: 'Up', numeric: true, cell: ({ bytesUp }) => trafficText(bytesUp) },
    { id: 'down', header: 'Down', numeric: true, cell: ({ bytesDown }) => trafficText(bytesDown) },
    { id: 'seconds', header: 'Time', numeric: true, cell: ({ seconds }) => formatDuration(1000 * seconds) },
    ...(privacy === null
      ? []
      : [
          {
            id: 'epsilon',
            header: 'ε spent',
            numeric: true,
            cell: ({ epsilon }: ServedRound) => (epsilon === null ? 'none bounds it' : formatNumber(epsilon)),
          },
        ]),
  ];
}

/** Accuracy, losses, traffic and ε by round. */
export function ServedRounds({ report }: { readonly report: FederationReport }): ReactNode {
  const { rounds, privacy } = report;
  const accuracy = useMemo(() => accuracyLines(report), [report]);
  const epsilon = useMemo(() => epsilonLines(report), [report]);
  const measured = rounds.some(({ accuracy: { value } }) => value !== null);
  return (
    <Section
      id="rounds"
      title="Rounds"
      lead={
        rounds.length === 0
          ? 'No round has been played yet.'
          : 'After each round the coordinator tests the model, where it was given test images. Lines through the points are intervals.'
      }
    >
      {measured && <LineFigure title="Test images right" lines={accuracy} />}
      {privacy !== null && rounds.length > 0 && <LineFigure title="ε spent" lines={epsilon} />}
      {rounds.length > 0 && (
        <Folded summary="The rounds as a table">
          <DataTable
            caption="Rounds: who took part, and what was sent by and to all clients together"
            captionHidden
            columns={columnsOf(report)}
            rows={rounds}
            keyOf={({ round }) => String(round)}
          />
        </Folded>
      )}
      <Aborted rounds={rounds} />
    </Section>
  );
}

/** Rounds that gave no model. */
function Aborted({ rounds }: { readonly rounds: readonly ServedRound[] }): ReactNode {
  const aborted = rounds.filter(({ reason }) => reason !== null);
  if (aborted.length === 0) return null;
  return (
    <>
      <h3>Rounds without a new model</h3>
      <DataTable
        caption="Rounds that were aborted, with the reason"
        captionHidden
        columns={[
          { id: 'round', header: 'Round', numeric: true, cell: ({ round }) => formatCount(round) },
          { id: 'reason', header: 'Reason', cell: ({ reason }) => visibleText(reason ?? '') },
        ]}
        rows={aborted}
        keyOf={({ round }) => String(round)}
      />
    </>
  );
}
