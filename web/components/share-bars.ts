import * as Plot from '@observablehq/plot';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { fitName } from './plot-frame.ts';

/** Colour and filling of a bar: which set, filled or open; `other` is neither set. */
export type BarStyle = 'training' | 'training-open' | 'generated' | 'generated-open' | 'other' | 'other-open';

export interface ShareSeries {
  readonly id: string;
  readonly title: string;
  readonly style: BarStyle;
}

/** Bars that stand together, one a series, and the share that they should have. */
export interface ShareGroup {
  readonly label: string;
  readonly target: number | null;
  /** In the order of the series; undefined where a series has nothing to say of the group. */
  readonly shares: readonly (Metric | undefined)[];
}

/** What a chart of shares shows. */
export interface ShareChart {
  readonly series: readonly ShareSeries[];
  readonly groups: readonly ShareGroup[];
}

interface Bar {
  readonly group: string;
  readonly series: string;
  readonly style: BarStyle;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const BAR = 17;
const GROUP_PADDING = 18;
const AXIS = 34;
/** Width of a letter at the size of the group's name; none is wider on average. */
const LETTER = 8.2;

const isOpen = (bar: Bar): boolean => bar.style.endsWith('-open');
const hueOf = ({ style }: Bar): string => (style.startsWith('other') ? 'ink-2' : style.replace('-open', ''));
const colourOf = (bar: Bar): string => `var(--${hueOf(bar)})`;
const inkOf = (bar: Bar): string => (bar.style.startsWith('other') ? 'var(--ink-2)' : `var(--${hueOf(bar)}-ink)`);

/** Room on the right for the number behind the longest bar. */
function upperEnd(bars: readonly Bar[], targets: readonly number[]): number {
  return Math.min(1, Math.max(...bars.map(bar => bar.high ?? bar.value ?? 0), ...targets, 0.05));
}

/** Grouped bars with interval whiskers, and the target of each group as a dashed line through it. */
export function drawShareBars({ series, groups: given }: ShareChart, width: number): SVGSVGElement | HTMLElement {
  // Distinct groups may look alike once made visible; the position keeps them apart.
  const groups = given.map((_, i) => String(i));
  const bars: Bar[] = given.flatMap(({ shares }, i) =>
    series.flatMap(({ id, style }, k): Bar[] => {
      const metric = shares[k];
      if (metric === undefined) return [];
      const { value, interval } = metric;
      return [{ group: String(i), series: id, style, value, low: interval?.low ?? null, high: interval?.high ?? null }];
    }),
  );
  const targets = given.flatMap(({ target }, i) => (target === null ? [] : [{ group: String(i), share: target }]));
  const known = bars.filter(bar => bar.value !== null);
  const longest = Math.max(...given.map(({ label }) => visibleText(label).length), 4);
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
        tickFormat: (group: string) =>
          fitName(visibleText(given[Number(group)]?.label ?? ''), { pixels: marginLeft - 16, letter: LETTER }),
        fontSize: 13,
        dx: -4,
      }),
      Plot.barX(known, {
        fy: 'group',
        y: 'series',
        x: 'value',
        fill: colourOf,
        fillOpacity: (bar: Bar) => (isOpen(bar) ? 0.22 : 0.9),
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

/** The bars in words, group by group. */
export function describeShares({ series, groups }: ShareChart): string {
  return groups
    .map(({ label, shares }) => {
      const said = series.flatMap(({ title }, k) => {
        const metric = shares[k];
        if (metric === undefined) return [];
        return [`${title.toLowerCase()} ${metric.value === null ? 'not computed' : formatShare(metric.value)}`];
      });
      return `${visibleText(label)}: ${said.join(', ')}`;
    })
    .join('. ');
}
