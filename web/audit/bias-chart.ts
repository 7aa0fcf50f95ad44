import type { AttributeBias } from '../../src/ground/contracts/audit.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import { drawShareBars, type ShareSeries } from '../components/share-bars.ts';

export interface BarSeries extends ShareSeries {
  readonly shares: Readonly<Record<string, Metric>>;
}

/** The bars of every class, top to bottom: as measured, then with the classifier's error removed. */
export function barSeriesOf({ training, generated, corrected }: AttributeBias): readonly BarSeries[] {
  const correctedTraining = corrected?.training ?? null;
  return [
    { id: 'training', title: 'Training', style: 'training', shares: training },
    ...(correctedTraining === null
      ? []
      : [
          {
            id: 'training-corrected',
            title: 'Training, corrected',
            style: 'training-open' as const,
            shares: correctedTraining,
          },
        ]),
    { id: 'generated', title: 'Generated', style: 'generated', shares: generated },
    ...(corrected === null
      ? []
      : [
          {
            id: 'generated-corrected',
            title: 'Generated, corrected',
            style: 'generated-open' as const,
            shares: corrected.generated,
          },
        ]),
  ];
}

/** Grouped bars with interval whiskers, one group a class, and the target as a dashed line through the group. */
export function drawBias(bias: AttributeBias, width: number): SVGSVGElement | HTMLElement {
  const series = barSeriesOf(bias);
  const groups = bias.classes.map(name => ({
    label: name,
    target: bias.target[name] ?? null,
    shares: series.map(({ shares }) => shares[name]),
  }));
  return drawShareBars({ series, groups }, width);
}
