import { type ReactNode, useCallback } from 'react';
import { visibleText } from '../text/visible-text.ts';
import { Chart } from './chart.tsx';
import { drawScores, type ScoreBins } from './score-histogram.ts';

export interface ScoresFigureProps {
  readonly title: string;
  /** Must not change between renders unless the chart does. */
  readonly bins: ScoreBins;
  readonly caption: ReactNode;
}

/** Histograms of scores with their key. */
export function ScoresFigure({ title, bins, caption }: ScoresFigureProps): ReactNode {
  const draw = useCallback((width: number) => drawScores(bins, width), [bins]);
  return (
    <figure className="figure">
      <h3 className="figure-title">{title}</h3>
      <p className="key" aria-hidden="true">
        {bins.series.map(({ id, title: name, colour, dashed }) => (
          <span key={id} className={`line-key line-${colour}${dashed ? ' open' : ''}`}>
            {visibleText(name)}
          </span>
        ))}
      </p>
      <Chart label={`${title}: ${bins.series.map(({ title: name }) => visibleText(name)).join(', ')}`} draw={draw} />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
