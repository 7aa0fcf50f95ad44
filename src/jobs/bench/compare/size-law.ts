import type { SizeFit } from '../../../ground/contracts/bench-compare.ts';
import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { bootstrap, foldIn, openStream, quantile, randomKey } from '../../../ground/math/index.ts';

/** A model's size in billions of parameters and its share of wrong answers. */
export interface SizedError {
  readonly size: number;
  readonly error: number;
}

type SizeLaw = SizeFit['law'];

const RESAMPLES = 1000;
const CURVE_POINTS = 25;
const FEWEST_MODELS = 5;
const MAX_EXPONENT = 3;
const GRID = 60;

export const errorAt = ({ scale, exponent, floor }: SizeLaw, size: number): number => floor + scale * size ** -exponent;

/**
 * Fits how errors fall with size: Kaplan et al. (arXiv 2001.08361, eq. 1.1), error = scale · N^(−exponent), and the same with a floor
 * that no size gets below; least squares on the errors, the form by the corrected Akaike criterion. Uncertainty is from models drawn
 * anew: they differ in far more than in size, and the intervals say so.
 *
 * @returns null for fewer than five models, or all of one size
 */
export function fitSizeLaw(points: readonly SizedError[]): SizeFit | null {
  if (points.length < FEWEST_MODELS || new Set(points.map(({ size }) => size)).size < 3) return null;
  const fits = { power: fitForm(points, 'power'), saturating: fitForm(points, 'saturating') };
  const aicc = { power: criterion(points, fits.power, 3), saturating: criterion(points, fits.saturating, 4) };
  const law = aicc.saturating < aicc.power ? fits.saturating : fits.power;
  const mean = points.reduce((sum, { error }) => sum + error, 0) / points.length;
  const total = points.reduce((sum, { error }) => sum + (error - mean) ** 2, 0);
  const rest = residuals(points, law);
  const middle = Math.exp(points.reduce((sum, { size }) => sum + Math.log(size), 0) / points.length);
  const sizes = curveSizes(points);
  const redrawn: number[][] = sizes.map(() => []);
  const over = (name: string, value: (fit: SizeLaw) => number, note?: (fit: SizeLaw) => void): Metric =>
    bootstrap(points.length, {
      statistic: indices => {
        const drawn = Array.from(indices, i => points[i]!);
        // A draw of one size alone tells nothing of sizes; the curve of all models stands for it.
        const fit = new Set(drawn.map(({ size }) => size)).size < 2 ? law : fitForm(drawn, law.form);
        note?.(fit);
        return value(fit);
      },
      stream: openStream(foldIn(randomKey(0), name)),
      resamples: RESAMPLES,
    });
  const gainPerDoubling = over(
    'size-gain',
    fit => errorAt(fit, middle) - errorAt(fit, 2 * middle),
    fit => {
      for (const [i, size] of sizes.entries()) redrawn[i]!.push(errorAt(fit, size));
    },
  );
  return {
    law,
    n: points.length,
    exponent:
      law.scale > 0
        ? over('size-exponent', fit => fit.exponent)
        : missingMetric('errors do not fall with size', points.length),
    gainPerDoubling,
    rSquared: total === 0 ? 0 : 1 - rest / total,
    residualDeviation: Math.sqrt(rest / Math.max(1, points.length - (law.form === 'power' ? 2 : 3))),
    aicc: { power: finite(aicc.power), saturating: finite(aicc.saturating) },
    curve: sizes.map((size, i) => {
      const errors = redrawn[i]!.sort((a, b) => a - b);
      return { size, error: errorAt(law, size), low: quantile(errors, 0.025), high: quantile(errors, 0.975) };
    }),
  };
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

function curveSizes(points: readonly SizedError[]): number[] {
  const logs = points.map(({ size }) => Math.log(size));
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  return Array.from({ length: CURVE_POINTS }, (_, i) => Math.exp(low + ((high - low) * i) / (CURVE_POINTS - 1)));
}

const residuals = (points: readonly SizedError[], law: SizeLaw): number =>
  points.reduce((sum, { size, error }) => sum + (error - errorAt(law, size)) ** 2, 0);

/** AICc of least squares with Gaussian errors; `k` counts their variance too. */
function criterion(points: readonly SizedError[], law: SizeLaw, k: number): number {
  const n = points.length;
  if (n - k - 1 <= 0) return Number.POSITIVE_INFINITY;
  return n * Math.log(Math.max(residuals(points, law), 1e-12) / n) + 2 * k + (2 * k * (k + 1)) / (n - k - 1);
}

/** Given the exponent the rest is linear; the exponent is found on a grid and refined by golden section. */
function fitForm(points: readonly SizedError[], form: SizeLaw['form']): SizeLaw {
  const at = (exponent: number): SizeLaw => solveLinear(points, exponent, form);
  const loss = (exponent: number): number => residuals(points, at(exponent));
  let best = 0;
  for (let i = 1; i <= GRID; i++) {
    const exponent = (i / GRID) * MAX_EXPONENT;
    if (loss(exponent) < loss(best)) best = exponent;
  }
  let [low, high] = [Math.max(0, best - MAX_EXPONENT / GRID), Math.min(MAX_EXPONENT, best + MAX_EXPONENT / GRID)];
  const ratio = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-7) {
    const [a, b] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (loss(a) <= loss(b)) high = b;
    else low = a;
  }
  return at((low + high) / 2);
}

/** Least squares of error on size^(−exponent), with scale and floor of at least 0. */
function solveLinear(points: readonly SizedError[], exponent: number, form: SizeLaw['form']): SizeLaw {
  let [sx, sy, sxx, sxy] = [0, 0, 0, 0];
  for (const { size, error } of points) {
    const x = size ** -exponent;
    sx += x;
    sy += error;
    sxx += x * x;
    sxy += x * error;
  }
  const through = { form, exponent, scale: Math.max(0, sxy / sxx), floor: 0 };
  const n = points.length;
  const spread = sxx - sx ** 2 / n;
  if (form === 'power' || spread < 1e-12 * sxx) return through;
  const scale = (sxy - (sx * sy) / n) / spread;
  if (scale <= 0) return { form, exponent, scale: 0, floor: sy / n };
  const floor = (sy - scale * sx) / n;
  return floor < 0 ? through : { form, exponent, scale, floor };
}
