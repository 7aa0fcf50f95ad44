/** How stored or rescaled values become light: DICOM PS3.3, C.11.2. */
export interface Window {
  readonly centre: number;
  readonly width: number;
  readonly form: 'linear' | 'linear-exact' | 'sigmoid';
}

/** The window that a header gives; null where it gives none that can be used. */
export function windowOf(centre: number | null, width: number | null, said: string): Window | null {
  const name = said.trim().toUpperCase();
  const form = name === 'SIGMOID' ? 'sigmoid' : name === 'LINEAR_EXACT' ? 'linear-exact' : 'linear';
  if (centre === null || width === null) return null;
  return width >= 1 || (form !== 'linear' && width > 0) ? { centre, width, form } : null;
}

/** Light between 0 and 1 of a value within a window. */
export function lightOf(value: number, { centre, width, form }: Window): number {
  if (form === 'sigmoid') return 1 / (1 + Math.exp((-4 * (value - centre)) / width));
  // The usual form counts whole values: half a step at either end belongs to black and white.
  const [middle, span] = form === 'linear' ? [centre - 0.5, width - 1] : [centre, width];
  if (value <= middle - span / 2) return 0;
  if (value > middle + span / 2) return 1;
  return span > 0 ? (value - middle) / span + 0.5 : 1;
}

/** A window from the darkest to the lightest hundredth of some values. */
export function usualWindow(values: ArrayLike<number>): Window {
  const sorted = Float64Array.from(values).filter(Number.isFinite).sort();
  if (sorted.length === 0) return { centre: 0, width: 1, form: 'linear-exact' };
  const [low, high] = [0.01, 0.99].map(share => sorted[Math.floor(share * (sorted.length - 1))]!) as [number, number];
  return { centre: (low + high) / 2, width: Math.max(high - low, 1e-12), form: 'linear-exact' };
}
