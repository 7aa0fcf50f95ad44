import { type ReactNode, useCallback, useState } from 'react';
import { formatNumber } from '../text/format.ts';
import { Chart } from './chart.tsx';
import { Segments } from './segments.tsx';
import { type Curves, drawCurves, SIMILARITY_VIEWS, type SimilarityView } from './similarity-curves.ts';

export interface SimilarityFigureProps {
  /** Of the radio buttons; one a page. */
  readonly name: string;
  /** Must not change between renders unless the chart does. */
  readonly curves: Curves;
  /** What the chart shows, in words. */
  readonly label: string;
  readonly captions: Readonly<Record<SimilarityView, string>>;
  /** At which the threshold of the curves was set. */
  readonly falseMatchRate: number;
  /** Stands below the caption. */
  readonly children?: ReactNode;
}

/** Curves of similarity to the nearest training item, by bins or as the share at least as similar. */
export function SimilarityFigure(props: SimilarityFigureProps): ReactNode {
  const { name, curves, label, captions, falseMatchRate, children } = props;
  const { threshold } = curves;
  const [view, setView] = useState<SimilarityView>('bins');
  const draw = useCallback((width: number) => drawCurves(curves, { width, view }), [curves, view]);
  return (
    <figure className="figure">
      <div className="figure-head">
        <Segments
          legend="What the chart shows"
          name={name}
          choices={SIMILARITY_VIEWS}
          chosen={view}
          onChoose={setView}
        />
      </div>
      <Chart label={label} draw={draw} />
      <figcaption>
        {captions[view]}
        {threshold !== null &&
          ` The line at ${threshold.toFixed(3)} is the match threshold, at a false match rate of ${formatNumber(falseMatchRate)}.`}
      </figcaption>
      {children}
    </figure>
  );
}
