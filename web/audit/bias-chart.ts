import * as Plot from '@observablehq/plot';
import type { AttributeBias } from '../../src/contracts/audit.ts';
import type { Metric } from '../../src/contracts/metric.ts';
import { formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export interface BarSeries {
  readonly id: 'training' | 'training-corrected' | 'generated' | 'generated-corrected';
  readonly title: string;
  readonly shares: Readonly<Record<string, Metric>>;
}

/** The bars of every class, top to bottom: as measured, then with the classifier's error removed. */
export function barSeriesOf({ training, generated, corrected }: AttributeBias): readonly BarSeries[] {
  const correctedTraining = corrected?.training ?? null;
  return [
    { id: 'training', title: 'Training', shares: training },
    ...(correctedTraining === null
      ? []
      : [{ id: 'training-corrected' as const, title: 'Training, corrected', shares: correctedTraining }]),
    { id: 'generated', title: 'Generated', shares: generated },
    ...(corrected === null
      ? []
      : [{ id: 'generated-corrected' as const, title: 'Generated, corrected', shares: corrected.generated }]),
  ];
}

interface Bar {
  readonly group: string;
  readonly series: BarSeries['id'];
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const BAR = 17;
const GROUP_PADDING = 18;
const AXIS = 34;
/** Width of a letter at the size of the class names; none is wider on average. */
const LETTER = 8.2;

const isCorrected = (bar: Bar): boolean => bar.series.endsWith('-corrected');
const colourOf = (bar: Bar): string => (bar.series.startsWith('training') ? 'var(--training)' : 'var(--generated)');
const inkOf = (bar: Bar): string =>
  bar.series.startsWith('training') ? 'var(--training-ink)' : 'var(--generated-ink)';

/** Room on the right for the number behind the longest bar. */
function upperEnd(bars: readonly Bar[], targets: readonly number[]): number {
  return Math.min(1, Math.max(...bars.map(bar => bar.high ?? bar.value ?? 0), ...targets, 0.05));
}

/** Grouped bars with interval whiskers, one group a class, and the target as a dashed line through the group. */
export function drawBias(bias: AttributeBias, width: number): SVGSVGElement | HTMLElement {
  const series = barSeriesOf(bias);
  // Distinct classes may look alike once made visible; the position keeps their groups apart.
  const groups = bias.classes.map((_, i) => String(i));
  const bars: Bar[] = bias.classes.flatMap((name, i) =>
    series.map(({ id, shares }) => {
      const metric = shares[name];
      const value = metric?.value ?? null;
      const interval = metric?.interval ?? null;
      return { group: String(i), series: id, value, low: interval?.low ?? null, high: interval?.high ?? null };
    }),
  );
  const targets = bias.classes.flatMap((name, i) => {
    const share = bias.target[name];
    return share === undefined ? [] : [{ group: String(i), share }];
  });
  const known = bars.filter(bar => bar.value !== null);
  const longest = Math.max(...bias.classes.map(name => visibleText(name).length), 4);
  const marginLeft = Math.min(Math.max(longest * LETTER + 16, 60), width * 0.34);
  const groupHeight = series.length * BAR + GROUP_PADDING;

  return Plot.plot({
    width,
    height: groups.length * groupHeight + AXIS,
    marginTop: 4,
    marginBottom: AXIS,
    marginLeft,
    marginRight: 56,
    x: {
      domain: [
        0,
        upperEnd(
          bars,
          targets.map(target => target.share),
        ),
      ],
      label: null,
      tickFormat: '~%',
      ticks: width < 420 ? 3 : 6,
      grid: true,
    },
    y: { domain: series.map(({ id }) => id), axis: null, padding: 0.16 },
    fy: { domain: groups, axis: null, padding: GROUP_PADDING / groupHeight },
    marks: [
      Plot.axisFy({
        anchor: 'left',
        tickSize: 0,
        label: null,
        tickFormat: (group: string) => shorten(visibleText(bias.classes[Number(group)] ?? ''), marginLeft),
        fontSize: 13,
        dx: -4,
      }),
      Plot.barX(known, {
        fy: 'group',
        y: 'series',
        x: 'value',
        fill: colourOf,
        fillOpacity: (bar: Bar) => (isCorrected(bar) ? 0.22 : 0.9),
        stroke: colourOf,
        strokeWidth: 1,
      }),
      Plot.ruleX([0], { stroke: 'var(--line-strong)' }),
      ...whiskers(known.filter(bar => bar.low !== null)),
      Plot.tickX(targets, { fy: 'group', x: 'share', stroke: 'var(--ink)', strokeWidth: 1.5, strokeDasharray: '3 3' }),
      Plot.text(known, {
        fy: 'group',
        y: 'series',
        x: (bar: Bar) => bar.high ?? bar.value,
        text: (bar: Bar) => formatShare(bar.value ?? 0),
        textAnchor: 'start',
        dx: 7,
        fill: inkOf,
        stroke: 'var(--surface)',
        strokeWidth: 4,
        fontSize: 11.5,
      }),
      Plot.text(
        bars.filter(bar => bar.value === null),
        {
          fy: 'group',
          y: 'series',
          x: 0,
          text: () => 'not computed',
          textAnchor: 'start',
          dx: 6,
          fill: 'var(--ink-2)',
        },
      ),
    ],
  });
}

function whiskers(bars: readonly Bar[]): Plot.Markish[] {
  const place = { fy: 'group', y: 'series' } as const;
  return [
    Plot.ruleY(bars, { ...place, x1: 'low', x2: 'high', stroke: 'var(--ink)', strokeWidth: 1.25 }),
    Plot.tickX(bars, { ...place, x: 'low', stroke: 'var(--ink)', strokeWidth: 1.25, inset: 4 }),
    Plot.tickX(bars, { ...place, x: 'high', stroke: 'var(--ink)', strokeWidth: 1.25, inset: 4 }),
  ];
}

function shorten(text: string, pixels: number): string {
  const room = Math.max(6, Math.floor((pixels - 16) / LETTER));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
