import type { DiffusionReport } from '../../src/ground/contracts/diffusion.ts';
import type { LineSeries, Lines } from '../components/line-chart.ts';
import { wordsOf } from '../text/words.ts';

const LOOKS: readonly Pick<LineSeries, 'colour' | 'open'>[] = [
  { colour: 'generated' },
  { colour: 'ink-2', open: true },
  { colour: 'ink-2' },
];

/** The recorded losses over the steps. */
export function lossLines({ curve }: DiffusionReport): Lines {
  return {
    kind: 'number',
    xLabel: 'Steps',
    dots: curve.steps.length <= 2,
    height: 280,
    series: Object.entries(curve.values).map(([id, values], i) => ({
      id,
      title: wordsOf(id),
      ...(LOOKS[i] ?? { colour: 'ink-2' as const }),
      points: curve.steps.map((x, k) => ({ x, y: values[k] ?? null })),
    })),
  };
}
