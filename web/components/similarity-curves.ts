import * as Plot from '@observablehq/plot';
import { placeBinLabels } from './chart-labels.ts';
import { marginOptions } from './plot-frame.ts';

/** `bins`: share of items per bin; `above`: share of items at or above a similarity, on a logarithmic scale. */
export type SimilarityView = 'bins' | 'above';

export const SIMILARITY_VIEWS: readonly { readonly id: SimilarityView; readonly title: string }[] = [
  { id: 'bins', title: 'Distribution' },
  { id: 'above', title: 'Share above, log scale' },
];

export interface CurveSeries {
  readonly id: string;
  readonly title: string;
  readonly colour: 'training' | 'generated' | 'heldout';
  /** `main` is drawn strongest; `dashed` differs from the other lines without its colour. */
  readonly line: 'main' | 'plain' | 'dashed';
  /** One share a bin. */
  readonly shares: readonly number[];
}

/** Histograms over common bins. */
export interface Curves {
  /** One more than bins. */
  readonly edges: readonly number[];
  /** Drawn in this order, the last on top. */
  readonly series: readonly CurveSeries[];
  readonly threshold: number | null;
}

/** Share of items in a bin or any above it. */
export function shareAbove(shares: readonly number[]): number[] {
  const above = new Array<number>(shares.length).fill(0);
  let sum = 0;
  for (let bin = shares.length - 1; bin >= 0; bin--) {
    sum += shares[bin]!;
    above[bin] = sum;
  }
  return above;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const HEIGHT = 330;
const MARGIN = { top: 30, right: 14, bottom: 46, left: 58 };
/** Rounding of a sum of shares; less is none. */
const NOTHING = 1e-12;

const strokeOf = ({ colour, line }: CurveSeries) => ({
  stroke: `var(--${colour})`,
  strokeWidth: line === 'main' ? 2.25 : 1.75,
  ...(line === 'dashed' ? { strokeDasharray: '5 3' } : {}),
});

/** First and last edge of the bins that hold anything, and the threshold, with some room. */
function domainOf({ edges, series, threshold }: Curves): [number, number] {
  const filled = edges.slice(0, -1).flatMap((_, bin) => (series.some(s => (s.shares[bin] ?? 0) > 0) ? [bin] : []));
  const low = edges[filled[0] ?? 0] ?? 0;
  const high = edges[(filled.at(-1) ?? edges.length - 2) + 1] ?? 1;
  const ends = [low, high, ...(threshold === null ? [] : [threshold])];
  const room = Math.max((Math.max(...ends) - Math.min(...ends)) * 0.02, 0.005);
  return [Math.min(...ends) - room, Math.max(...ends) + room];
}

function stepsOf({ shares }: CurveSeries, options: { edges: readonly number[]; view: SimilarityView }): Point[] {
  const { edges, view } = options;
  if (view === 'above') {
    return shareAbove(shares).flatMap((y, bin) => (y > NOTHING ? [{ x: edges[bin] ?? 0, y }] : []));
  }
  const points = shares.map((y, bin) => ({ x: edges[bin] ?? 0, y }));
  return [...points, { x: edges[shares.length] ?? 1, y: 0 }];
}

/** Draws curves over each other, each named where it peaks, with the threshold as a line. */
export function drawCurves(
  given: Curves,
  options: { readonly width: number; readonly view: SimilarityView },
): SVGSVGElement | HTMLElement {
  const { width, view } = options;
  const { edges, series, threshold } = given;
  const domain = domainOf(given);
  const curves = series.map(one => ({ one, points: stepsOf(one, { edges, view }) }));
  const values = curves.flatMap(({ points }) => points.map(point => point.y));
  const top = Math.max(...values, 1e-6) * (view === 'bins' ? 1.04 : 1);
  const floor = Math.min(...values.filter(y => y > NOTHING), 1) / 1.5;
  const curve = view === 'bins' ? 'step-after' : 'linear';

  return Plot.plot({
    width,
    height: HEIGHT,
    ...marginOptions(MARGIN),
    x: {
      domain,
      label: 'Cosine similarity to the nearest training item',
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
    },
    y:
      view === 'bins'
        ? { domain: [0, top], label: 'Share of items', labelArrow: 'none', tickFormat: '~%', ticks: 5, grid: true }
        : {
            type: 'log',
            domain: [floor, 1],
            label: 'Share of items at or above',
            labelArrow: 'none',
            tickFormat: '~%',
            ticks: 4,
            grid: true,
          },
    marks: [
      ...(view === 'bins'
        ? curves.map(({ one, points }) =>
            Plot.areaY(points, {
              x: 'x',
              y: 'y',
              curve,
              fill: `var(--${one.colour})`,
              fillOpacity: 0.14,
              clip: true,
            }),
          )
        : []),
      ...curves.map(({ one, points }) =>
        Plot.lineY(points, {
          x: 'x',
          y: 'y',
          curve,
          clip: true,
          ...strokeOf(one),
        }),
      ),
      ...(threshold === null
        ? []
        : [
            Plot.ruleX([threshold], { stroke: 'var(--ink)', strokeDasharray: '2 3', strokeWidth: 1.25 }),
            Plot.text([threshold], {
              x: threshold,
              frameAnchor: 'top',
              dy: -14,
              text: () => 'match threshold',
              fill: 'var(--ink-2)',
              textAnchor: threshold > domain[0] + (domain[1] - domain[0]) * 0.8 ? 'end' : 'middle',
            }),
          ]),
      Plot.ruleY([view === 'bins' ? 0 : floor], { stroke: 'var(--line-strong)' }),
      ...labelMarks(given, { width, view, top, domain }),
    ],
  });
}

interface LabelOptions {
  readonly width: number;
  readonly view: SimilarityView;
  readonly top: number;
  readonly domain: readonly [number, number];
}

const LABEL_STYLE = { fontSize: 13, fontWeight: 600, stroke: 'var(--surface)', strokeWidth: 4 } as const;

/** The name of each curve beside it, in its colour. */
function labelMarks({ edges, series }: Curves, options: LabelOptions): Plot.Markish[] {
  const { width, view, top, domain } = options;
  if (view === 'above') return cornerLabels(series);
  const placed = placeBinLabels(
    series.map(({ id, shares }) => ({ name: id, shares })),
    edges,
    {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: HEIGHT - MARGIN.bottom,
      domain,
      highest: top,
    },
  );
  return placed.flatMap(({ name, x, y, anchor }) => {
    const of = series.find(({ id }) => id === name);
    if (of === undefined) return [];
    return [
      Plot.text([of], {
        frameAnchor: 'top-left',
        dx: x - MARGIN.left,
        dy: y - MARGIN.top,
        lineAnchor: 'middle',
        textAnchor: anchor,
        text: ({ title }: CurveSeries) => title,
        fill: `var(--${of.colour}-ink)`,
        ...LABEL_STYLE,
      }),
    ];
  });
}

const KEY_LINE = 20;

/** Curves that only fall leave the lower left free: their names stand there, in the order in which they end. */
function cornerLabels(series: readonly CurveSeries[]): Plot.Markish[] {
  const total = ({ shares }: CurveSeries): number => shares.reduce((sum, share, bin) => sum + share * bin, 0);
  const ordered = [...series].sort((a, b) => total(b) - total(a));
  return ordered.flatMap((one, i) => {
    const dy = -16 - (ordered.length - 1 - i) * KEY_LINE;
    return [
      Plot.text([one], {
        frameAnchor: 'bottom-left',
        dx: 46,
        dy,
        lineAnchor: 'middle',
        textAnchor: 'start',
        text: ({ title }: CurveSeries) => title,
        fill: `var(--${one.colour}-ink)`,
        ...LABEL_STYLE,
      }),
      Plot.vector([one], {
        frameAnchor: 'bottom-left',
        dx: 12,
        dy,
        length: 26,
        rotate: 90,
        anchor: 'start',
        shape: {
          draw: (
            context: { moveTo(x: number, y: number): void; lineTo(x: number, y: number): void },
            length: number,
          ) => {
            context.moveTo(0, 0);
            context.lineTo(0, -length);
          },
        },
        ...strokeOf(one),
      }),
    ];
  });
}
