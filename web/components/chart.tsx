import { type ReactNode, useEffect, useRef, useState } from 'react';

export interface ChartProps {
  /** What the chart shows, in words, for those who do not see it. */
  readonly label: string;
  /** Draws the chart for a width in pixels. Must not change between renders unless the chart does. */
  readonly draw: (width: number) => SVGSVGElement | HTMLElement;
}

/** A chart as wide as its place, drawn anew when that changes. */
export function Chart({ label, draw }: ChartProps): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(entries => {
      const [entry] = entries;
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (width === 0) return;
    const drawn = draw(width);
    // The page's policy allows no style elements but its own, whose rules for charts are the same (styles/charts.css).
    for (const style of drawn.querySelectorAll('style')) style.remove();
    drawn.setAttribute('aria-hidden', 'true');
    frame.current?.replaceChildren(drawn);
  }, [draw, width]);

  return <div ref={frame} className="chart" role="img" aria-label={label} />;
}
