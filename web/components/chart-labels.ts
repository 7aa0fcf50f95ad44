/** A histogram of one set and its largest bin. */
export interface LabelledBins {
  readonly name: string;
  readonly shares: readonly number[];
}

/** Pixels of the drawing area, its domain and its range. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly domain: readonly [number, number];
  /** The share at the top; that at the bottom is 0. */
  readonly highest: number;
}

export interface PlacedLabel {
  readonly name: string;
  /** Pixels from the left and the top of the whole chart. */
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

const LINE = 17;
const ASIDE = 9;
const WIDEST_LABEL = 84;

/**
 * Places one label a curve beside its peak, on the slope's outer side, where no curve runs: highest peak first, the others below
 * it. On the right where there is room, else on the left.
 */
export function placeBinLabels(
  series: readonly LabelledBins[],
  edges: readonly number[],
  area: PlotArea,
): readonly PlacedLabel[] {
  const { left, right, top, bottom, domain, highest } = area;
  const pixelX = (x: number): number => left + ((x - domain[0]) / (domain[1] - domain[0])) * (right - left);
  const pixelY = (share: number): number => bottom - (share / highest) * (bottom - top);
  const shareAt = (pixel: number): number => ((bottom - pixel) / (bottom - top)) * highest;
  const bins = edges.length - 1;
  const envelope = Array.from({ length: bins }, (_, bin) => Math.max(...series.map(({ shares }) => shares[bin] ?? 0)));

  const peaks = series
    .map(({ name, shares }) => {
      const height = Math.max(...shares);
      return { name, bin: shares.indexOf(height), pixel: pixelY(height) };
    })
    .sort((a, b) => a.pixel - b.pixel);

  let above = Number.NEGATIVE_INFINITY;
  return peaks.map(({ name, bin, pixel }, i) => {
    // The ones below need their lines too.
    const lowest = bottom - LINE * (peaks.length - i);
    const y = Math.min(Math.max(pixel + LINE / 2, above + LINE), lowest);
    above = y;
    const level = shareAt(y + LINE / 2);
    let from = bin;
    let to = bin;
    while (from > 0 && envelope[from - 1]! >= level) from--;
    while (to < bins - 1 && envelope[to + 1]! >= level) to++;
    const outerRight = pixelX(edges[to + 1]!) + ASIDE;
    if (outerRight + WIDEST_LABEL <= right) return { name, x: outerRight, y, anchor: 'start' };
    return { name, x: pixelX(edges[from]!) - ASIDE, y, anchor: 'end' };
  });
}
