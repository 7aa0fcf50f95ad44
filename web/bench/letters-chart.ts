import * as Plot from '@observablehq/plot';
import type { BenchScore } from '../../src/ground/contracts/bench-score.ts';

/** How often each letter was chosen, as a bar, beside how often it was the right one, as a dashed line. */
export function drawLetters({ chosen, right }: BenchScore['letters'], width: number): SVGSVGElement | HTMLElement {
  const bars = Object.entries(chosen).map(([letter, { value, interval }]) => ({
    letter,
    value: value ?? 0,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    right: right[letter] ?? 0,
  }));
  const top = Math.max(...bars.flatMap(bar => [bar.high ?? bar.value, bar.right]), 0.3);
  return Plot.plot({
    width,
    height: 240,
    marginTop: 16,
    marginBottom: 30,
    marginLeft: 48,
    marginRight: 8,
    x: { domain: bars.map(bar => bar.letter), label: null, tickSize: 0, padding: 0.4 },
    y: { domain: [0, top * 1.05], label: null, tickFormat: '~%', ticks: 4, grid: true },
    marks: [
      Plot.barY(bars, { x: 'letter', y: 'value', fill: 'var(--own)', fillOpacity: 0.9 }),
      Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
      Plot.ruleX(
        bars.filter(bar => bar.low !== null),
        { x: 'letter', y1: 'low', y2: 'high', stroke: 'var(--ink)', strokeWidth: 1.25 },
      ),
      Plot.tickY(bars, { x: 'letter', y: 'right', stroke: 'var(--ink)', strokeWidth: 1.5, strokeDasharray: '3 3' }),
    ],
  });
}
