import * as Plot from '@observablehq/plot';
import { formatAs, formatCount, type NumberKind } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { marginOptions } from './plot-frame.ts';

export interface LinePoint {
  readonly x: number;
  /** Null where nothing was measured: the line has a gap. */
  readonly y: number | null;
  readonly low?: number | null;
  readonly high?: number | null;
}

export interface LineSeries {
  readonly id: string;
  readonly title: string;
  readonly colour: 'training' | 'generated' | 'heldout' | 'ink-2';
  /** Differs from the other lines without its colour: dashed, with open dots. */
  readonly open?: boolean;
  readonly points: readonly LinePoint[];
}

export interface Lines {
  readonly series: readonly LineSeries[];
  readonly kind: NumberKind;
  readonly xLabel: string;
  /** Marks on the axis below; by default chosen by the range. */
  readonly xTicks?: readonly number[];
  readonly xLogarithmic?: boolean;
  /** Drawn as a dashed line. */
  readonly reference?: { readonly value: number; readonly title: string } | null;
  /** Lowest value that the axis shows; by default what the data need. */
  readonly floor?: number;
  readonly dots?: boolean;
  readonly height?: number;
}

const MARGIN = { top: 22, right: 22, bottom: 42, left: 56 };
const HEIGHT = 230;
/** Pixels between the numbers below the axis, from middle to middle. */
const TICK_ROOM = 44;
/** Room above and below, as a share of the range. */
const ROOM = 0.06;

type Drawn = LinePoint & { readonly y: number };

function rangeOf({ kind, series, reference, floor }: Lines): [number, number] {
  const values = series.flatMap(({ points }) => points.flatMap(({ y, low, high }) => [y, low ?? null, high ?? null]));
  const known = [...values, reference?.value ?? null].filter(value => value !== null);
  if (known.length === 0) return [floor ?? 0, (floor ?? 0) + 1];
  const [least, most] = [Math.min(...known, floor ?? Infinity), Math.max(...known)];
  const room = (most - least || Math.abs(most) || 1) * ROOM;
  const [bottom, top] = [floor === undefined ? least - room : Math.max(floor, least - room), most + room];
  // No share is below nothing or beyond the whole.
  return kind === 'share'
    ? [least >= 0 ? Math.max(0, bottom) : bottom, most <= 1 ? Math.min(1, top) : top]
    : [bottom, top];
}

/** Whether most values lie above the reference, so that its name has room below. */
function mostlyAbove({ series, reference }: Lines): boolean {
  const values = series.flatMap(({ points }) => points.flatMap(({ y }) => (y === null ? [] : [y])));
  return 2 * values.filter(y => y > (reference?.value ?? 0)).length >= values.length;
}

/** Ticks that leave each other room for their numbers; the first of those too near stays. */
function ticksApart(
  ticks: readonly number[],
  { width, logarithmic }: { readonly width: number; readonly logarithmic: boolean },
): number[] {
  const place = (tick: number) => (logarithmic ? Math.log(tick) : tick);
  const [first = 0, last = 1] = [ticks[0], ticks.at(-1)];
  const scale = (width - MARGIN.left - MARGIN.right) / (place(last) - place(first) || 1);
  let end = Number.NEGATIVE_INFINITY;
  return ticks.filter(tick => {
    const at = place(tick) * scale;
    if (at - end < TICK_ROOM) return false;
    end = at;
    return true;
  });
}

/** Measured values over an axis, with their intervals, each line named in the key that stands above the chart. */
export function drawLines(lines: Lines, width: number): SVGSVGElement | HTMLElement {
  const { series, kind, xLabel, xTicks, xLogarithmic = false, reference = null, dots = true } = lines;
  const known = ({ points }: LineSeries): Drawn[] => points.filter((point): point is Drawn => point.y !== null);
  const percent = kind === 'share';
  return Plot.plot({
    width,
    height: lines.height ?? HEIGHT,
    ...marginOptions(MARGIN),
    x: {
      type: xLogarithmic ? 'log' : 'linear',
      ...(xTicks === undefined
        ? { ticks: width < 420 ? 4 : 8 }
        : { ticks: ticksApart(xTicks, { width, logarithmic: xLogarithmic }) }),
      tickFormat: (x: number) => formatCount(x),
      label: xLabel,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 36,
      ...(xTicks === undefined ? {} : { inset: 14 }),
    },
    y: {
      domain: rangeOf(lines),
      label: null,
      ...(percent ? { tickFormat: '~%' } : {}),
      ticks: 5,
      grid: true,
    },
    marks: [
      ...(reference === null
        ? []
        : [
            Plot.ruleY([reference.value], { stroke: 'var(--ink)', strokeDasharray: '3 3', strokeWidth: 1.25 }),
            Plot.text([reference], {
              y: 'value',
              frameAnchor: 'left',
              text: ({ title }: { readonly title: string }) => title,
              textAnchor: 'start',
              dx: 2,
              dy: mostlyAbove(lines) ? 10 : -9,
              fill: 'var(--ink-2)',
              stroke: 'var(--surface)',
              strokeWidth: 4,
            }),
          ]),
      ...series.flatMap(one => {
        const colour = `var(--${one.colour})`;
        const points = known(one);
        const measured = points.filter(({ low, high }) => typeof low === 'number' && typeof high === 'number');
        return [
          ...(dots
            ? [Plot.ruleX(measured, { x: 'x', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 1.25, clip: true })]
            : []),
          Plot.lineY(one.points, {
            x: 'x',
            y: (point: LinePoint) => point.y ?? Number.NaN,
            stroke: colour,
            strokeWidth: one.open ? 1.5 : 2,
            ...(one.open ? { strokeDasharray: '5 3' } : {}),
          }),
          ...(dots
            ? [
                Plot.dot(points, {
                  x: 'x',
                  y: 'y',
                  r: 4,
                  fill: one.open ? 'var(--surface)' : colour,
                  stroke: one.open ? colour : 'var(--surface)',
                  strokeWidth: one.open ? 1.75 : 1,
                }),
              ]
            : []),
        ];
      }),
    ],
  });
}

/** The lines in words: first and last value of each. */
export function describeLines({ series, kind, xLabel }: Lines): string {
  return series
    .map(({ title, points }) => {
      const known = points.filter((point): point is Drawn => point.y !== null);
      const [first, last] = [known[0], known.at(-1)];
      if (first === undefined || last === undefined) return `${visibleText(title)}: nothing was measured`;
      const at = ({ x, y }: Drawn) => `${formatAs(kind, y)} at ${xLabel.toLowerCase()} ${formatCount(x)}`;
      return `${visibleText(title)}: ${at(first)}${last === first ? '' : `, ${at(last)}`}`;
    })
    .join('. ');
}
