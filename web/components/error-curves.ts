import * as Plot from '@observablehq/plot';
import { formatShare } from '../text/format.ts';
import { marginOptions } from './plot-frame.ts';

/** A point of a curve of error rates. */
export interface RatePoint {
  readonly fmr: number;
  readonly fnmr: number;
}

export interface RateSeries {
  readonly id: string;
  readonly title: string;
  readonly colour: 'training' | 'generated' | 'heldout' | 'ink-2';
  readonly dashed?: boolean;
  readonly points: readonly RatePoint[];
}

/** `det`: both rates on normal-deviate axes; `roc`: true match rate over a logarithmic false match rate. */
export type RateView = 'det' | 'roc';

export const RATE_VIEWS: readonly { readonly id: RateView; readonly title: string }[] = [
  { id: 'det', title: 'DET' },
  { id: 'roc', title: 'ROC, log scale' },
];

const HEIGHT = 360;
const MARGIN = { top: 20, right: 20, bottom: 46, left: 64 };
const TICKS = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.8];
/** Rates beyond these have no place on the axes. */
const LEAST = 1e-7;

/**
 * The normal deviate of a rate, to about 10⁻⁴, which no eye sees: the rational approximation 26.2.23 of Abramowitz and Stegun, "Handbook
 * of Mathematical Functions".
 */
export function deviate(rate: number): number {
  const tail = Math.min(rate, 1 - rate);
  const t = Math.sqrt(-2 * Math.log(Math.max(tail, 1e-300)));
  const size = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  return rate < 0.5 ? -size : size;
}

const shown = ({ fmr, fnmr }: RatePoint): boolean => fmr > LEAST && fmr < 1 && fnmr > LEAST && fnmr < 1;

/** A range that holds all points with some room. */
function rangeOf(values: readonly number[], room: number): [number, number] {
  if (values.length === 0) return [deviate(1e-3), deviate(0.5)];
  return [Math.min(...values) - room, Math.max(...values) + room];
}

function drawDet(series: readonly RateSeries[], width: number): SVGSVGElement | HTMLElement {
  const all = series.flatMap(({ points }) => points.filter(shown));
  const x = rangeOf(
    all.map(({ fmr }) => deviate(fmr)),
    0.1,
  );
  const y = rangeOf(
    all.map(({ fnmr }) => deviate(fnmr)),
    0.1,
  );
  const inside = ([low, high]: readonly [number, number]) =>
    TICKS.map(deviate).filter(tick => tick >= low && tick <= high);
  const axis = (label: string, domain: [number, number]) => ({
    domain,
    label,
    labelArrow: 'none' as const,
    ticks: inside(domain),
    tickFormat: (z: number) => formatShare(TICKS.find(tick => Math.abs(deviate(tick) - z) < 1e-9) ?? 0),
  });
  const [least, most] = [Math.max(x[0], y[0]), Math.min(x[1], y[1])];
  return Plot.plot({
    width,
    height: HEIGHT,
    ...marginOptions(MARGIN),
    x: { ...axis('False match rate', x), labelAnchor: 'center', labelOffset: 38, grid: true },
    y: { ...axis('False non-match rate', y), grid: true },
    marks: [
      // Where both errors are equal.
      ...(most > least
        ? [
            Plot.line(
              [least, most].map(z => ({ z })),
              { x: 'z', y: 'z', stroke: 'var(--ink-2)', strokeDasharray: '2 4', strokeWidth: 1 },
            ),
          ]
        : []),
      ...series.map(one =>
        Plot.line(one.points.filter(shown), {
          x: ({ fmr }: RatePoint) => deviate(fmr),
          y: ({ fnmr }: RatePoint) => deviate(fnmr),
          clip: true,
          ...strokeOf(one),
        }),
      ),
    ],
  });
}

function drawRoc(series: readonly RateSeries[], width: number): SVGSVGElement | HTMLElement {
  const all = series.flatMap(({ points }) => points.filter(({ fmr }) => fmr > LEAST));
  const low = Math.min(0.1, ...all.map(({ fmr }) => fmr));
  const floor = Math.min(0.95, ...all.map(({ fnmr }) => 1 - fnmr));
  return Plot.plot({
    width,
    height: HEIGHT,
    ...marginOptions(MARGIN),
    x: {
      type: 'log',
      domain: [low, 1],
      label: 'False match rate',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      tickFormat: (rate: number) => formatShare(rate),
      ticks: width < 420 ? 3 : 5,
      grid: true,
    },
    y: {
      domain: [floor, 1],
      label: 'True match rate',
      labelArrow: 'none',
      tickFormat: (rate: number) => formatShare(rate),
      ticks: 5,
      grid: true,
    },
    marks: series.map(one =>
      Plot.line(
        one.points.filter(({ fmr }) => fmr > LEAST),
        { x: 'fmr', y: ({ fnmr }: RatePoint) => 1 - fnmr, clip: true, ...strokeOf(one) },
      ),
    ),
  });
}

const strokeOf = ({ colour, dashed }: RateSeries) => ({
  stroke: `var(--${colour})`,
  strokeWidth: 2,
  ...(dashed ? { strokeDasharray: '5 3' } : {}),
});

/** Draws error rates against each other, one line a series. */
export function drawRates(
  series: readonly RateSeries[],
  { width, view }: { readonly width: number; readonly view: RateView },
): SVGSVGElement | HTMLElement {
  return view === 'det' ? drawDet(series, width) : drawRoc(series, width);
}
