import * as Plot from '@observablehq/plot';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { fitName } from '../components/plot-frame.ts';
import { formatShare } from '../text/format.ts';

/** Accuracy on one group of questions, and what guessing gets on them. */
export interface Group {
  readonly id: string;
  readonly title: string;
  readonly metric: Metric;
  readonly chance: number | null;
}

const BAR = 17;
const ROW = 30;
const AXIS = 30;
/** Width of a letter at the size of the names. */
const LETTER = 7.4;

const value = (group: Group): number => group.metric.value ?? 0;
const low = (group: Group): number => group.metric.interval?.low ?? value(group);
const high = (group: Group): number => group.metric.interval?.high ?? value(group);

/** One bar a group with its interval as a whisker, and what guessing gets as a dashed line. */
export function drawGroups(groups: readonly Group[], width: number): SVGSVGElement | HTMLElement {
  // Names of strangers may be alike; their positions keep the bars apart.
  const place = new Map(groups.map((group, i) => [group, String(i)]));
  const y = (group: Group): string => place.get(group) ?? '';
  const known = groups.filter(group => group.metric.value !== null);
  const longest = Math.max(...groups.map(group => group.title.length), 4);
  const marginLeft = Math.min(Math.max(longest * LETTER + 14, 60), width * 0.42);
  const inset = (ROW - BAR) / 2;
  return Plot.plot({
    width,
    height: groups.length * ROW + AXIS,
    marginTop: 4,
    marginBottom: AXIS,
    marginLeft,
    marginRight: 52,
    x: { domain: [0, 1], label: null, tickFormat: '~%', ticks: width < 520 ? 3 : 5, grid: true },
    y: { domain: groups.map((_, i) => String(i)), axis: null, padding: 0 },
    marks: [
      Plot.axisY({
        anchor: 'left',
        tickSize: 0,
        label: null,
        tickFormat: (id: string) =>
          fitName(groups[Number(id)]?.title ?? '', { pixels: marginLeft - 14, letter: LETTER }),
        fontSize: 13,
        dx: -4,
      }),
      Plot.barX(known, { y, x: value, fill: 'var(--own)', fillOpacity: 0.9, insetTop: inset, insetBottom: inset }),
      Plot.ruleX([0], { stroke: 'var(--line-strong)' }),
      Plot.tickX(
        groups.filter(group => group.chance !== null),
        { y, x: 'chance', stroke: 'var(--ink)', strokeWidth: 1.5, strokeDasharray: '3 3', inset: 3 },
      ),
      Plot.ruleY(
        known.filter(group => group.metric.interval !== null),
        { y, x1: low, x2: high, stroke: 'var(--ink)', strokeWidth: 1.25 },
      ),
      Plot.text(known, {
        y,
        x: high,
        text: (group: Group) => formatShare(value(group)),
        textAnchor: 'start',
        dx: 7,
        fill: 'var(--own-ink)',
        stroke: 'var(--surface)',
        strokeWidth: 4,
        fontSize: 11.5,
      }),
      Plot.text(
        groups.filter(group => group.metric.value === null),
        { y, x: 0, text: () => 'not computed', textAnchor: 'start', dx: 6, fill: 'var(--ink-2)' },
      ),
    ],
  });
}
