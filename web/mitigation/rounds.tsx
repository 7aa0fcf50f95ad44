import { type ReactNode, useMemo } from 'react';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { MitigationReport, MitigationRound } from '../../src/ground/contracts/mitigation.ts';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Folded } from '../components/folded.tsx';
import type { LinePoint, LineSeries, Lines } from '../components/line-chart.ts';
import { LineFigure } from '../components/line-figure.tsx';
import { type MetricColumnOptions, metricColumn } from '../components/metric-column.tsx';
import { Section } from '../components/section.tsx';
import { formatMeasured, formatP, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { wordsOf } from '../text/words.ts';
import { attributesOf } from './sides.ts';

interface RoundChart {
  readonly id: string;
  readonly title: string;
  readonly lines: Lines;
}

/** Colours of classes of one attribute; more are told by the table. */
const CLASS_LINES: readonly Pick<LineSeries, 'colour' | 'open'>[] = [
  { colour: 'generated' },
  { colour: 'ink-2', open: true },
  { colour: 'ink-2' },
  { colour: 'generated', open: true },
];

function pointOf(round: MitigationRound, metric: Metric | undefined): LinePoint {
  const { value = null, interval = null } = metric ?? {};
  return { x: round.index, y: value, low: interval?.low ?? null, high: interval?.high ?? null };
}

/** Attributes that the rounds measured. */
const followedIn = (report: MitigationReport): string[] =>
  attributesOf(report).filter(attribute => report.rounds.some(({ shares }) => attribute in shares));

/** With the classifier's errors removed where they were measured. */
function shareIn(
  { shares }: MitigationRound,
  { attribute, name }: { readonly attribute: string; readonly name: string },
): Metric | undefined {
  const of = shares[attribute];
  return (of?.corrected ?? of?.reported)?.[name];
}

function chartsOf(report: MitigationReport): RoundChart[] {
  const { rounds, targets, before } = report;
  const every = Math.ceil(rounds.length / 12);
  const axis = {
    xLabel: 'Rounds of fine-tuning',
    xTicks: rounds.map(({ index }) => index).filter(index => index % every === 0),
  };
  const one = (id: string, title: string, of: (round: MitigationRound) => Metric | undefined): LineSeries => ({
    id,
    title,
    colour: 'generated',
    points: rounds.map(round => pointOf(round, of(round))),
  });
  const attributes = followedIn(report).map((attribute): RoundChart => {
    const { classes = [] } = before.bias.attributes[attribute] ?? {};
    // Two classes say the same twice.
    const shown = classes.length === 2 ? classes.slice(0, 1) : classes.slice(0, CLASS_LINES.length);
    const target = targets.bias[attribute]?.[shown[0] ?? ''];
    const title = shown.length === 1 ? `Share of ${visibleText(shown[0] ?? '')}` : `Shares of ${wordsOf(attribute)}`;
    return {
      id: `share-${attribute}`,
      title,
      lines: {
        ...axis,
        kind: 'share',
        reference: shown.length === 1 && target !== undefined ? { value: target, title: 'target' } : null,
        series: shown.map((name, i) => ({
          ...one(name, name, round => shareIn(round, { attribute, name })),
          ...CLASS_LINES[i],
        })),
      },
    };
  });
  const copies = targets.replication?.copied;
  return [
    ...attributes,
    {
      id: 'copied',
      title: 'Samples called copies',
      lines: {
        ...axis,
        kind: 'share',
        floor: 0,
        reference: copies === undefined ? null : { value: copies, title: 'at most' },
        series: [one('copied', 'Called copies', ({ replication }) => replication.copied)],
      },
    },
    {
      id: 'top1',
      title: 'Similarity to the nearest training image',
      lines: {
        ...axis,
        kind: 'similarity',
        series: [
          one('mean', 'Mean', ({ replication }) => replication.top1.mean),
          { ...one('p95', '95th percentile', ({ replication }) => replication.top1.p95), open: true },
        ],
      },
    },
    {
      id: 'fid',
      title: 'Fréchet distance, lower is better',
      lines: {
        ...axis,
        kind: 'number',
        floor: 0,
        series: [one('fid', 'Fréchet distance', ({ quality }) => quality.fid)],
      },
    },
    {
      id: 'reward',
      title: 'Mean reward of a sample',
      lines: {
        ...axis,
        kind: 'number',
        floor: 0,
        series: [
          {
            id: 'reward',
            title: 'Reward',
            colour: 'generated',
            points: rounds.map(({ index, reward }) => ({ x: index, y: reward.mean })),
          },
        ],
      },
    },
  ];
}

/** What each round measured, as curves and as a table. */
export function Rounds({ report }: { readonly report: MitigationReport }): ReactNode {
  const charts = useMemo(() => chartsOf(report), [report]);
  return (
    <Section
      id="rounds"
      title="Round by round"
      lead={`Each round samples the model, measures the samples, and tunes it on them with their rewards as weights. Fewer samples than before and after are measured here, so the intervals are wider. Round ${report.chosen} was kept.`}
    >
      <div className="line-figures">
        {charts.map(({ id, title, lines }) => (
          <LineFigure key={id} title={title} lines={lines} />
        ))}
      </div>
      <Folded summary="All rounds as a table">
        <DataTable
          caption="What each round measured"
          captionHidden
          columns={columnsOf(report)}
          rows={report.rounds}
          keyOf={({ index }) => String(index)}
        />
      </Folded>
    </Section>
  );
}

const column = (options: MetricColumnOptions<MitigationRound>): Column<MitigationRound> =>
  metricColumn({ ...options, withoutN: true });

function columnsOf(report: MitigationReport): Column<MitigationRound>[] {
  const shares = followedIn(report).flatMap(attribute => {
    const { classes = [] } = report.before.bias.attributes[attribute] ?? {};
    return classes.map(name =>
      column({
        id: `${attribute}-${name}`,
        header: visibleText(name),
        kind: 'share',
        metricOf: round => shareIn(round, { attribute, name }),
      }),
    );
  });
  return [
    { id: 'round', header: 'Round', cell: ({ index }) => index },
    ...shares,
    column({ id: 'copies', header: 'Copies', kind: 'share', metricOf: ({ replication }) => replication.copied }),
    {
      id: 'p',
      header: 'Relabelling p',
      numeric: true,
      cell: ({ replication }) => formatP(replication.permutationP),
    },
    column({ id: 'fid', header: 'Fréchet distance', kind: 'number', metricOf: ({ quality }) => quality.fid }),
    {
      id: 'reward',
      header: 'Reward, and share with none',
      numeric: true,
      cell: ({ reward }) => (
        <>
          {formatMeasured(reward.mean)}
          <span className="metric-detail">{formatShare(reward.zero)}</span>
        </>
      ),
    },
    {
      id: 'loss',
      header: 'Loss, first and last',
      numeric: true,
      cell: ({ tuning }) =>
        tuning === null
          ? 'not fine-tuned'
          : `${formatMeasured(tuning.loss.first)} → ${formatMeasured(tuning.loss.last)}`,
    },
  ];
}
