import { type ReactNode, useCallback, useState } from 'react';
import { visibleText } from '../text/visible-text.ts';
import { Chart } from './chart.tsx';
import { drawRates, RATE_VIEWS, type RateSeries, type RateView } from './error-curves.ts';
import { Segments } from './segments.tsx';

export interface RatesFigureProps {
  /** Of the radio buttons; one a page. */
  readonly name: string;
  /** Must not change between renders unless the chart does. */
  readonly series: readonly RateSeries[];
  /** What the chart shows, in words. */
  readonly label: string;
  readonly caption?: ReactNode;
}

const CAPTIONS: Readonly<Record<RateView, string>> = {
  det: 'Detection error trade-off on normal-deviate axes: nearer to the lower left is better, and normal scores give straight lines. The dotted line is where both errors are equal.',
  roc: 'Receiver operating characteristic: true match rate over the false match rate, which is logarithmic.',
};

/** Error rates over all thresholds as a DET or a ROC curve. */
export function RatesFigure({ name, series, label, caption }: RatesFigureProps): ReactNode {
  const [view, setView] = useState<RateView>('det');
  const draw = useCallback((width: number) => drawRates(series, { width, view }), [series, view]);
  return (
    <figure className="figure">
      <div className="figure-head">
        <Segments legend="What the chart shows" name={name} choices={RATE_VIEWS} chosen={view} onChoose={setView} />
      </div>
      {series.length > 1 && (
        <p className="key" aria-hidden="true">
          {series.map(({ id, title, colour, dashed }) => (
            <span key={id} className={`line-key line-${colour}${dashed ? ' open' : ''}`}>
              {visibleText(title)}
            </span>
          ))}
        </p>
      )}
      <Chart label={label} draw={draw} />
      <figcaption>
        {CAPTIONS[view]} {caption}
      </figcaption>
    </figure>
  );
}
