import type { Rgb } from '../images/crop.ts';

/**
 * A square image being painted. Colours are kept as floats from 0 to 255 until the end, so that soft layers do not
 * band; `regions` tells what was painted last at each pixel.
 */
export interface Canvas {
  readonly size: number;
  /** `[size, size, 3]`. */
  readonly colours: Float32Array;
  /** `[size, size]`. */
  readonly regions: Uint8Array;
  /** `[size, size]` scratch: zero between calls. */
  readonly cover: Float32Array;
  readonly scratch: Float32Array;
}

export function createCanvas(size: number): Canvas {
  return {
    size,
    colours: new Float32Array(size * size * 3),
    regions: new Uint8Array(size * size),
    cover: new Float32Array(size * size),
    scratch: new Float32Array(size * size),
  };
}

/** A colour, or one for every pixel: writes red, green and blue at pixel (x, y) into `out`. */
export type Paint = Rgb | ((x: number, y: number, out: Float64Array) => void);

export interface FillOptions {
  readonly paint: Paint;
  /** Opacity, 0 to 1; default 1. */
  readonly alpha?: number;
  /** Width of the soft edge in pixels; 0 (default) is a sharp, anti-aliased edge. */
  readonly soft?: number;
  /** Coverage `[size, size]` that bounds the shape, from `coverageOf`. */
  readonly clip?: Float32Array;
  /** Region written where at least half of the pixel is painted. */
  readonly region?: number;
}

interface Bounds {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** Whole pixels that the points touch, `margin` more on each side, within the image. */
function boundsOf(points: readonly number[], size: number, margin: number): Bounds {
  let x0 = Infinity;
  let y0 = Infinity;
  let x1 = -Infinity;
  let y1 = -Infinity;
  for (let i = 0; i < points.length; i += 2) {
    const x = points[i]!;
    const y = points[i + 1]!;
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  return {
    x0: Math.max(0, Math.floor(x0) - margin),
    y0: Math.max(0, Math.floor(y0) - margin),
    // One column more: the rest of an edge in the last column lands there, and has to be taken back.
    x1: Math.min(size, Math.floor(x1) + 2 + margin),
    y1: Math.min(size, Math.floor(y1) + 1 + margin),
  };
}

/**
 * Adds what the part of an edge within one row contributes to the signed area of the row's pixels: to each pixel it crosses
 * the area to its right, and to the next pixel the rest, so that a running sum along the row is the exact coverage.
 *
 * @param part from `x0` to `x1` in either order, `height` signed by the edge's direction.
 */
function addToRow(
  canvas: Canvas,
  part: { readonly y: number; readonly x0: number; readonly x1: number; readonly height: number },
): void {
  const { cover, size } = canvas;
  const row = part.y * size;
  let left = Math.min(part.x0, part.x1);
  let right = Math.max(part.x0, part.x1);
  let { height } = part;
  if (left >= size) return;
  if (right <= 0) {
    cover[row]! += height;
    return;
  }
  // Narrower than this an edge is upright: a division by next to nothing would be infinite.
  const upright = right - left < 1e-9;
  const perX = upright ? 0 : height / (right - left);
  if (left < 0) {
    cover[row]! -= perX * left;
    height += perX * left;
    left = 0;
  }
  right = Math.min(right, size);
  const last = upright ? Math.floor(left) : right;
  for (let column = Math.floor(left); column <= last && column < size; column++) {
    const a = Math.max(left, column);
    const b = Math.min(right, column + 1);
    const here = upright ? height : perX * (b - a);
    const beyond = here * ((a + b) / 2 - column);
    cover[row + column]! += here - beyond;
    if (column + 1 < size) cover[row + column + 1]! += beyond;
  }
}

/** Adds an edge to the signed areas of the rows that it crosses. */
function addEdge(canvas: Canvas, xa: number, ya: number, xb: number, yb: number): void {
  const { size } = canvas;
  if (ya === yb) return;
  const sign = ya < yb ? 1 : -1;
  const top = Math.max(0, Math.min(ya, yb));
  const bottom = Math.min(size, Math.max(ya, yb));
  const slope = (xb - xa) / (yb - ya);
  for (let y = Math.floor(top); y < bottom; y++) {
    const from = Math.max(top, y);
    const to = Math.min(bottom, y + 1);
    addToRow(canvas, {
      y,
      x0: xa + (from - ya) * slope,
      x1: xa + (to - ya) * slope,
      height: sign * (to - from),
    });
  }
}

/** Coverage 0 to 1 of a closed polygon, left in `canvas.cover` within the bounds; winding in either sense counts. */
function rasterize(canvas: Canvas, points: readonly number[], bounds: Bounds): void {
  const { cover, size } = canvas;
  const n = points.length;
  for (let i = 0; i < n; i += 2) {
    const j = (i + 2) % n;
    addEdge(canvas, points[i]!, points[i + 1]!, points[j]!, points[j + 1]!);
  }
  for (let y = bounds.y0; y < bounds.y1; y++) {
    let sum = 0;
    for (let at = y * size + bounds.x0, end = y * size + bounds.x1; at < end; at++) {
      sum += cover[at]!;
      const inside = sum < 0 ? -sum : sum;
      cover[at] = inside > 1 ? 1 : inside;
    }
  }
}

/** One pass of a box filter of half-width `radius` (a fraction weighs the outermost taps) along a line of `from`. */
function boxLine(
  from: Float32Array,
  to: Float32Array,
  line: { readonly start: number; readonly step: number; readonly length: number; readonly radius: number },
): void {
  const { start, step, length, radius } = line;
  const whole = Math.floor(radius);
  const part = radius - whole;
  const norm = 1 / (2 * radius + 1);
  let sum = 0;
  for (let i = 0; i < Math.min(whole, length); i++) sum += from[start + i * step]!;
  for (let i = 0; i < length; i++) {
    if (i + whole < length) sum += from[start + (i + whole) * step]!;
    if (i - whole - 1 >= 0) sum -= from[start + (i - whole - 1) * step]!;
    const before = i - whole - 1 >= 0 ? from[start + (i - whole - 1) * step]! : 0;
    const after = i + whole + 1 < length ? from[start + (i + whole + 1) * step]! : 0;
    to[start + i * step] = (sum + part * (before + after)) * norm;
  }
}

function soften(canvas: Canvas, bounds: Bounds, radius: number): void {
  const { cover, scratch, size } = canvas;
  const width = bounds.x1 - bounds.x0;
  const height = bounds.y1 - bounds.y0;
  for (let y = bounds.y0; y < bounds.y1; y++) {
    const start = y * size + bounds.x0;
    boxLine(cover, scratch, { start, step: 1, length: width, radius });
    boxLine(scratch, cover, { start, step: 1, length: width, radius });
  }
  for (let x = bounds.x0; x < bounds.x1; x++) {
    const start = bounds.y0 * size + x;
    boxLine(cover, scratch, { start, step: size, length: height, radius });
    boxLine(scratch, cover, { start, step: size, length: height, radius });
  }
}

/** Rasterises, hands every covered pixel to `use`, and leaves the scratch zero again. */
function eachCovered(
  canvas: Canvas,
  points: readonly number[],
  options: { readonly soft: number; readonly use: (at: number, x: number, y: number, coverage: number) => void },
): void {
  const { cover, size } = canvas;
  const radius = options.soft / 4;
  const bounds = boundsOf(points, size, radius > 0 ? Math.ceil(2 * radius + 1) : 0);
  if (bounds.x0 >= bounds.x1 || bounds.y0 >= bounds.y1) return;
  rasterize(canvas, points, bounds);
  if (radius > 0) soften(canvas, bounds, radius);
  for (let y = bounds.y0; y < bounds.y1; y++) {
    for (let x = bounds.x0; x < bounds.x1; x++) {
      const at = y * size + x;
      const coverage = cover[at]!;
      cover[at] = 0;
      if (coverage > 0.002) options.use(at, x, y, coverage);
    }
  }
}

/** Paints a closed polygon: points are x, y pairs in pixels, whole numbers at the corners of pixels. */
export function fill(canvas: Canvas, points: readonly number[], options: FillOptions): void {
  const { paint, alpha = 1, soft = 0, clip, region } = options;
  const { colours, regions } = canvas;
  const colour = new Float64Array(3);
  const flat = typeof paint !== 'function';
  if (flat) colour.set(paint);
  eachCovered(canvas, points, {
    soft,
    use: (at, x, y, coverage) => {
      const bounded = clip ? coverage * clip[at]! : coverage;
      if (region !== undefined && bounded >= 0.5) regions[at] = region;
      const share = bounded * alpha;
      if (share <= 0) return;
      if (!flat) paint(x + 0.5, y + 0.5, colour);
      const i = at * 3;
      colours[i]! += (colour[0]! - colours[i]!) * share;
      colours[i + 1]! += (colour[1]! - colours[i + 1]!) * share;
      colours[i + 2]! += (colour[2]! - colours[i + 2]!) * share;
    },
  });
}

/** Coverage of a polygon as a `[size, size]` map, for `clip`. */
export function coverageOf(
  canvas: Canvas,
  points: readonly number[],
  options: { readonly soft?: number } = {},
): Float32Array {
  const map = new Float32Array(canvas.size * canvas.size);
  eachCovered(canvas, points, {
    soft: options.soft ?? 0,
    use: (at, _x, _y, coverage) => {
      map[at] = coverage;
    },
  });
  return map;
}

export interface GlowOptions {
  readonly x: number;
  readonly y: number;
  /** Radii in pixels, along and across `axis`. */
  readonly radiusX: number;
  readonly radiusY: number;
  /** Cosine and sine of the direction of `radiusX`; along the rows by default. */
  readonly axis?: readonly [number, number];
  readonly colour: Rgb;
  /** Opacity at the centre; falls as (1 − r²)² to nothing at the radii. */
  readonly alpha: number;
  readonly clip?: Float32Array;
}

/** Paints a soft elliptic spot: the light and shade of rounded forms. */
export function glow(canvas: Canvas, options: GlowOptions): void {
  const { x: cx, y: cy, radiusX, radiusY, axis = [1, 0], colour, alpha, clip } = options;
  const { size, colours } = canvas;
  const reach = Math.max(radiusX, radiusY);
  const x0 = Math.max(0, Math.floor(cx - reach));
  const x1 = Math.min(size, Math.ceil(cx + reach) + 1);
  const y0 = Math.max(0, Math.floor(cy - reach));
  const y1 = Math.min(size, Math.ceil(cy + reach) + 1);
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      const dx = x + 0.5 - cx;
      const dy = y + 0.5 - cy;
      const u = (dx * axis[0] + dy * axis[1]) / radiusX;
      const v = (dy * axis[0] - dx * axis[1]) / radiusY;
      const rest = 1 - u * u - v * v;
      if (rest <= 0) continue;
      const at = y * size + x;
      const share = alpha * rest * rest * (clip ? clip[at]! : 1);
      const i = at * 3;
      colours[i]! += (colour[0] - colours[i]!) * share;
      colours[i + 1]! += (colour[1] - colours[i + 1]!) * share;
      colours[i + 2]! += (colour[2] - colours[i + 2]!) * share;
    }
  }
}

/** The image as 8-bit samples, `[size, size, 3]`. */
export function samplesOf(canvas: Canvas): Uint8Array {
  const samples = new Uint8Array(canvas.colours.length);
  for (let i = 0; i < samples.length; i++) {
    const value = canvas.colours[i]!;
    samples[i] = value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
  }
  return samples;
}
