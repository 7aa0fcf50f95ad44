import * as Plot from '@observablehq/plot';
import type { LeaderboardRow, SizeFit } from '../../src/contracts/bench-compare.ts';
import { visibleText } from '../text/visible-text.ts';

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
  const best = [...published].sort((a, b) => accuracy(b) - accuracy(a)).slice(0, width < 520 ? 1 : 2);
  const ends = rows.flatMap(row => [low(row), high(row)]);
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
      label: 'Billions of parameters',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      ticks: width < 520 ? [1, 10, 100] : [0.5, 1, 2, 5, 10, 20, 50, 100],
      tickFormat: (size: number) => String(size),
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
      Plot.areaY(curve, { x: 'size', y1: 'bottom', y2: 'top', fill: 'var(--ink-2)', fillOpacity: 0.13, clip: true }),
      Plot.lineY(curve, { x: 'size', y: 'y', stroke: 'var(--ink-2)', strokeWidth: 1.75, clip: true }),
      Plot.ruleX(own, { x: 'size', y1: low, y2: high, stroke: 'var(--own)', strokeWidth: 1.5 }),
      Plot.dot(published, { x: 'size', y: accuracy, r: 4, stroke: 'var(--ink-2)', fill: 'var(--surface)' }),
      Plot.dot(own, { x: 'size', y: accuracy, r: 5.5, fill: 'var(--own)', stroke: 'var(--surface)' }),
      Plot.text(best, {
        x: 'size',
        y: accuracy,
        text: row => visibleText(row.name),
        textAnchor: 'end',
        fill: 'var(--ink-2)',
        ...label,
      }),
      Plot.text(own, {
        x: 'size',
        y: high,
        text: row => visibleText(row.name).slice(0, 40),
        fill: 'var(--own-ink)',
        fontWeight: 600,
        ...label,
      }),
    ],
  });
}
