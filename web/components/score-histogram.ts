import * as Plot from '@observablehq/plot';
import { marginOptions } from './plot-frame.ts';

/** Shares of scores in bins with shared edges. */
export interface ScoreBins {
  /** One more than bins. */
  readonly edges: readonly number[];
  readonly series: readonly {
    readonly id: string;
    readonly title: string;
    readonly colour: 'training' | 'generated' | 'heldout' | 'ink-2';
    readonly dashed?: boolean;
    readonly counts: readonly number[];
  }[];
  readonly xLabel: string;
  readonly threshold: number | null;
}

const HEIGHT = 260;
const MARGIN = { top: 26, right: 16, bottom: 46, left: 58 };

/** Draws histograms over each other, each as shares of its own scores. */
export function drawScores(
  { edges, series, xLabel, threshold }: ScoreBins,
  width: number,
): SVGSVGElement | HTMLElement {
  const steps = series.map(({ counts, ...one }) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    const points = edges.map((x, i) => ({ x, y: (counts[i] ?? 0) / total }));
    return { ...one, points };
  });
  const ends: [number, number] = [edges[0] ?? 0, edges.at(-1) ?? 1];
  return Plot.plot({
    width,
    height: HEIGHT,
    ...marginOptions(MARGIN),
    x: { domain: ends, label: xLabel, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38 },
    y: { label: 'Share of comparisons', labelArrow: 'none', tickFormat: '~%', ticks: 4, grid: true },
    marks: [
      ...steps.flatMap(({ points, colour, dashed }) => [
        Plot.areaY(points, {
          x: 'x',
          y: 'y',
          curve: 'step-after',
          fill: `var(--${colour})`,
          fillOpacity: dashed ? 0 : 0.14,
        }),
        Plot.lineY(points, {
          x: 'x',
          y: 'y',
          curve: 'step-after',
          stroke: `var(--${colour})`,
          strokeWidth: 1.75,
          ...(dashed ? { strokeDasharray: '5 3' } : {}),
        }),
      ]),
      ...(threshold === null
        ? []
        : [
            Plot.ruleX([threshold], { stroke: 'var(--ink)', strokeDasharray: '2 3', strokeWidth: 1.25 }),
            Plot.text([threshold], {
              x: threshold,
              frameAnchor: 'top',
              dy: -14,
              text: () => 'threshold',
              fill: 'var(--ink-2)',
              textAnchor: threshold > ends[0] + (ends[1] - ends[0]) * 0.8 ? 'end' : 'middle',
            }),
          ]),
      Plot.ruleY([0], { stroke: 'var(--line-strong)' }),
    ],
  });
}
