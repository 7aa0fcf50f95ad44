import * as Plot from '@observablehq/plot';
import type { LeaderboardRow, SizeFit } from '../../src/ground/contracts/bench-compare.ts';
import { modelName } from './model-name.ts';

const HEIGHT = 340;

/** Accuracy against size on a logarithmic axis, with the fitted law and the band of laws from models drawn anew. */
export function drawSize(
  rows: readonly LeaderboardRow[],
  options: { readonly fit: SizeFit; readonly width: number },
): SVGSVGElement | HTMLElement {
  const { fit, width } = options;
  const own = rows.filter(row => !row.published);
  const published = rows.filter(row => row.published);
  const accuracy = (row: LeaderboardRow): number => row.overall.value ?? 0;
  const low = (row: LeaderboardRow): number => row.overall.interval?.low ?? accuracy(row);
  const high = (row: LeaderboardRow): number => row.overall.interval?.high ?? accuracy(row);
  const curve = fit.curve.map(({ size, error, low: least, high: most }) => ({
    size,
    y: 1 - error,
    top: 1 - least,
    bottom: 1 - most,
  }));
  const best = [...published].sort((a, b) => accuracy(b) - accuracy(a)).slice(0, 1);
  const ends = [...rows.flatMap(row => [low(row), high(row)]), ...curve.flatMap(point => [point.bottom, point.top])];
  const label = { lineAnchor: 'bottom', dy: -9, fontSize: 11.5, stroke: 'var(--surface)', strokeWidth: 4 } as const;
  return Plot.plot({
    width,
    height: HEIGHT,
    marginTop: 24,
    marginRight: 24,
    marginBottom: 46,
    marginLeft: 48,
    x: {
      type: 'log',
      axis: null,
      label: 'Billions of parameters',
    },
    y: {
      domain: [Math.max(0, Math.min(...ends) - 0.03), Math.min(1, Math.max(...ends) + 0.06)],
      label: 'Accuracy',
      labelArrow: 'none',
      tickFormat: '~%',
      ticks: 5,
      grid: true,
    },
    marks: [
      Plot.axisX(ticksWithin(rows, width), {
        label: 'Billions of parameters',
        labelAnchor: 'center',
        labelArrow: 'none',
        labelOffset: 38,
        tickFormat: (size: number) => String(size),
      }),
      Plot.areaY(curve, { x: 'size', y1: 'bottom', y2: 'top', fill: 'var(--ink-2)', fillOpacity: 0.13, clip: true }),
      Plot.lineY(curve, { x: 'size', y: 'y', stroke: 'var(--ink-2)', strokeWidth: 1.75, clip: true }),
      Plot.ruleX(own, { x: 'size', y1: low, y2: high, stroke: 'var(--own)', strokeWidth: 1.5 }),
      Plot.dot(published, { x: 'size', y: accuracy, r: 4, stroke: 'var(--ink-2)', fill: 'var(--surface)' }),
      Plot.dot(own, { x: 'size', y: accuracy, r: 5.5, fill: 'var(--own)', stroke: 'var(--surface)' }),
      Plot.text(best, {
        x: 'size',
        y: accuracy,
        text: row => modelName(row.name),
        textAnchor: 'end',
        fill: 'var(--ink-2)',
        ...label,
      }),
      Plot.text(own, {
        x: 'size',
        y: high,
        text: row => modelName(row.name).slice(0, 40),
        fill: 'var(--own-ink)',
        fontWeight: 600,
        ...label,
      }),
    ],
  });
}

const SIZES = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** Round sizes in the range of the rows; a logarithmic scale by itself leaves most of its ticks without a number. */
function ticksWithin(rows: readonly LeaderboardRow[], width: number): number[] {
  const sizes = rows.flatMap(row => row.size ?? []);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const within = SIZES.filter(size => size >= least && size <= most);
  return width < 520 ? within.filter(size => [0.1, 1, 10, 100, 1000].includes(size)) : within;
}
