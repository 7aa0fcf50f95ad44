import type { ReactNode } from 'react';
import type { ShareSeries } from './share-bars.ts';

/** What the bars of a chart stand for, and the dashed line of the target. */
export function BarKey({ series }: { readonly series: readonly ShareSeries[] }): ReactNode {
  return (
    <p className="key" aria-hidden="true">
      {series.map(({ id, title, style }) => (
        <span key={id} className={`bar-key bar-${style}`}>
          {title}
        </span>
      ))}
      <span className="bar-key bar-target">Target</span>
    </p>
  );
}
