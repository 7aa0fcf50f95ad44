import type { Metric } from '../../src/ground/contracts/metric.ts';
import type { MitigationReport, MitigationSide } from '../../src/ground/contracts/mitigation.ts';
import type { BarStyle } from '../components/share-bars.ts';

/** One set of samples of a mitigation. */
export interface Side {
  readonly id: string;
  readonly title: string;
  readonly style: BarStyle;
  readonly side: MitigationSide;
}

export const METHOD_NAMES: Readonly<Record<MitigationReport['comparison'][number]['method'], string>> = {
  rejection: 'Rejection sampling',
  guidance: 'Guided sampling',
};

/** Before and after, then the other ways to the same targets. */
export function sidesOf({ before, after, comparison }: MitigationReport): readonly Side[] {
  return [
    { id: 'before', title: 'Before', style: 'generated-open', side: before },
    { id: 'after', title: 'After', style: 'generated', side: after },
    ...comparison.map(
      ({ method, side }, i): Side => ({
        id: method,
        title: METHOD_NAMES[method],
        style: i === 0 ? 'other-open' : 'other',
        side,
      }),
    ),
  ];
}

/** Shares of a side's samples: with the classifier's errors removed where they were measured. */
export function sharesOf({ bias }: MitigationSide, attribute: string): Readonly<Record<string, Metric>> {
  const found = bias.attributes[attribute];
  return found?.corrected?.generated ?? found?.generated ?? {};
}

/** Shares of the training images, likewise. */
export function trainingSharesOf({ bias }: MitigationSide, attribute: string): Readonly<Record<string, Metric>> {
  const found = bias.attributes[attribute];
  return found?.corrected?.training ?? found?.training ?? {};
}

/** Attributes that were measured, those with a target first. */
export function attributesOf({ before, targets }: MitigationReport): string[] {
  const measured = Object.keys(before.bias.attributes);
  const wanted = Object.keys(targets.bias).filter(name => measured.includes(name));
  return [...wanted, ...measured.filter(name => !wanted.includes(name))];
}
