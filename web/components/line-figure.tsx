import { type ReactNode, useCallback } from 'react';
import { visibleText } from '../text/visible-text.ts';
import { Chart } from './chart.tsx';
import { describeLines, drawLines, type Lines } from './line-chart.ts';

export interface LineFigureProps {
  readonly title: string;
  /** Must not change between renders unless the chart does. */
  readonly lines: Lines;
  readonly caption?: ReactNode;
}

/** A chart of lines with its heading and, where there are several lines, a key. */
export function LineFigure({ title, lines, caption }: LineFigureProps): ReactNode {
  const draw = useCallback((width: number) => drawLines(lines, width), [lines]);
  return (
    <figure className="figure line-figure">
      <h3 className="figure-title">{title}</h3>
      {lines.series.length > 1 && (
        <p className="key" aria-hidden="true">
          {lines.series.map(({ id, title: name, colour, open }) => (
            <span key={id} className={`line-key line-${colour}${open ? ' open' : ''}`}>
              {visibleText(name)}
            </span>
          ))}
        </p>
      )}
      <Chart label={`${title}. ${describeLines(lines)}.`} draw={draw} />
      {caption !== undefined && <figcaption>{caption}</figcaption>}
    </figure>
  );
}
