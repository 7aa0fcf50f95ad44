import type { AttributeBias } from '../../src/ground/contracts/audit.ts';
import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { ShareChart, ShareSeries } from '../components/share-bars.ts';

interface Measured extends ShareSeries {
  /** Null where it was not measured. */
  readonly shares: Readonly<Record<string, Metric>> | null;
}

/** The shares of each class, sets from top to bottom: as measured, then with the classifier's error removed. */
export function sharesOf({ classes, target, training, generated, corrected }: AttributeBias): ShareChart {
  const all: readonly Measured[] = [
    { id: 'training', title: 'Training', style: 'training', shares: training },
    {
      id: 'training-corrected',
      title: 'Training, corrected',
      style: 'training-open',
      shares: corrected?.training ?? null,
    },
    { id: 'generated', title: 'Generated', style: 'generated', shares: generated },
    {
      id: 'generated-corrected',
      title: 'Generated, corrected',
      style: 'generated-open',
      shares: corrected?.generated ?? null,
    },
  ];
  const series = all.filter(({ shares }) => shares !== null);
  return {
    series,
    groups: classes.map(label => ({
      label,
      target: target[label] ?? null,
      shares: series.map(({ shares }) => shares?.[label]),
    })),
  };
}
