import * as Plot from '@observablehq/plot';
import type { Calibration } from '../../src/ground/contracts/bench-score.ts';

const SIDE = 360;

/** Share right against the probability that the model gave its choice; on the diagonal the two agree. */
export function drawCalibration({ bins }: Calibration, width: number): SVGSVGElement | HTMLElement {
  const points = bins.flatMap(({ confidence, accuracy }) =>
    confidence === null || accuracy.value === null
      ? []
      : [
          {
            confidence,
            value: accuracy.value,
            low: accuracy.interval?.low ?? accuracy.value,
            high: accuracy.interval?.high ?? accuracy.value,
            n: accuracy.n,
          },
        ],
  );
  const share = { domain: [0, 1], labelArrow: 'none', tickFormat: '~%', ticks: 5 } as const;
  return Plot.plot({
    width: Math.min(width, SIDE + 60),
    height: Math.min(width, SIDE),
    marginTop: 24,
    marginBottom: 46,
    marginLeft: 48,
    marginRight: 12,
    x: { ...share, label: 'Probability given to the choice', labelAnchor: 'center', labelOffset: 38 },
    y: { ...share, label: 'Share right', grid: true },
    r: { range: [2.5, 9] },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: 'var(--ink)', strokeDasharray: '3 3' },
      ),
      Plot.ruleX(points, { x: 'confidence', y1: 'low', y2: 'high', stroke: 'var(--own)', strokeWidth: 1.25 }),
      Plot.dot(points, { x: 'confidence', y: 'value', r: 'n', fill: 'var(--own)', stroke: 'var(--surface)' }),
    ],
  });
}
