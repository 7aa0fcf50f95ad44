import { type ReactNode, useMemo } from 'react';
import type { FederatedRound, FederateReport } from '../../src/ground/contracts/federate.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import type { Lines } from '../components/line-chart.ts';
import { LineFigure } from '../components/line-figure.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatNumber } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from './task-words.ts';

const MEGA = 1e6;

function accuracyLines(report: FederateReport): Lines {
  const { rounds, reached } = report;
  return {
    kind: 'share',
    xLabel: 'Rounds',
    dots: rounds.length <= 30,
    height: 280,
    reference: reached === null ? null : { value: reached.target, title: 'target' },
    series: [
      {
        id: 'accuracy',
        title: wordsOf(report).accuracy,
        colour: 'generated',
        points: rounds.map(({ round, accuracy: { value, interval } }) => ({
          x: round,
          y: value,
          low: interval?.low ?? null,
          high: interval?.high ?? null,
        })),
      },
    ],
  };
}

function lossLines({ rounds }: FederateReport): Lines {
  return {
    kind: 'number',
    xLabel: 'Rounds',
    dots: rounds.length <= 30,
    height: 220,
    floor: 0,
    series: [
      {
        id: 'loss',
        title: 'mean loss of local steps',
        colour: 'ink-2',
        points: rounds.map(({ round, loss }) => ({ x: round, y: loss })),
      },
    ],
  };
}

const megabytes = (bytes: number): string => formatNumber(bytes / MEGA);

function columnsOf({ privacy }: FederateReport): Column<FederatedRound>[] {
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
    { id: 'dropped', header: 'Lost', numeric: true, cell: ({ dropped }) => formatCount(dropped) },
    { id: 'up', header: 'MB up', numeric: true, cell: ({ bytesUp }) => megabytes(bytesUp) },
    { id: 'down', header: 'MB down', numeric: true, cell: ({ bytesDown }) => megabytes(bytesDown) },
    ...(privacy === null
      ? []
      : [
          {
            id: 'epsilon',
            header: 'ε spent',
            numeric: true,
            cell: ({ epsilon }: FederatedRound) => (epsilon === null ? 'none bounds it' : formatNumber(epsilon)),
          },
        ]),
  ];
}

/** Accuracy, loss and traffic by round. */
export function Rounds({ report }: { readonly report: FederateReport }): ReactNode {
  const { rounds } = report;
  const accuracy = useMemo(() => accuracyLines(report), [report]);
  const loss = useMemo(() => lossLines(report), [report]);
  return (
    <Section
      id="rounds"
      title="Rounds"
      lead="After each round the server tests its model on data that no client trains on. Lines through the points are intervals."
    >
      <LineFigure title={wordsOf(report).accuracy} lines={accuracy} />
      <LineFigure title="Mean loss of the clients’ local steps" lines={loss} />
      <Folded summary="The rounds as a table">
        <DataTable
          caption="Rounds: who took part, and what was sent by and to all clients together"
          captionHidden
          columns={columnsOf(report)}
          rows={rounds}
          keyOf={({ round }) => String(round)}
        />
      </Folded>
      <Faults rounds={rounds} />
    </Section>
  );
}

/** Clients that were set aside, or left because of what the server did. */
function Faults({ rounds }: { readonly rounds: readonly FederatedRound[] }): ReactNode {
  const faults = rounds.flatMap(({ round, faults: list }) =>
    list.map((text, i) => ({ id: `${round}-${i}`, round, text })),
  );
  if (faults.length === 0) return null;
  return (
    <>
      <h3>Who was set aside, and why</h3>
      <DataTable
        caption="Clients that were set aside or left, with the reason"
        captionHidden
        columns={[
          { id: 'round', header: 'Round', numeric: true, cell: ({ round }) => formatCount(round) },
          { id: 'text', header: 'Reason', cell: ({ text }) => visibleText(text) },
        ]}
        rows={faults}
        keyOf={({ id }) => id}
      />
    </>
  );
}
