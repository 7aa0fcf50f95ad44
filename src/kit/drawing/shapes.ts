/** A control point. */
export type Point = readonly [number, number];
export type Points = readonly Point[];

/** A polyline or closed outline: x, y pairs, flat. */
export type Path = number[];

const STEPS = 6;

/** One coordinate of the Catmull-Rom curve between b and c. */
function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return 0.5 * (2 * b + t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * b - a - 3 * c + d))));
}

function addSpan(out: Path, span: readonly [Point, Point, Point, Point]): void {
  const [a, b, c, d] = span;
  for (let s = 0; s < STEPS; s++) {
    out.push(catmullRom(a[0], b[0], c[0], d[0], s / STEPS), catmullRom(a[1], b[1], c[1], d[1], s / STEPS));
  }
}

/** A smooth closed curve through control points. */
export function smoothClosed(points: Points): Path {
  const n = points.length;
  const at = (i: number): Point => points[(i + n) % n]!;
  const out: Path = [];
  for (let i = 0; i < n; i++) addSpan(out, [at(i - 1), at(i), at(i + 1), at(i + 2)]);
  return out;
}

/** A smooth open curve through control points, both ends included. */
export function smoothOpen(points: Points): Path {
  const last = points.length - 1;
  const at = (i: number): Point => points[Math.min(last, Math.max(0, i))]!;
  const out: Path = [];
  for (let i = 0; i < last; i++) addSpan(out, [at(i - 1), at(i), at(i + 1), at(i + 2)]);
  out.push(...at(last));
  return out;
}

/** Straight edges between points. */
export function polygon(points: Points): Path {
  return points.flat();
}

/** The mirror image about x = 0 in reverse order, so that a half outline goes on into its other half. */
export function mirrored(points: Points): Point[] {
  return points.map(([x, y]): Point => [-x, y]).reverse();
}

/** The points as they are (1) or flipped to the other side of the face (−1), in the same order. */
export function onSide(side: number, points: Points): Point[] {
  return points.map(([x, y]): Point => [side * x, y]);
}

/**
 * A curve from the viewer's left to the right, given by its right half from the outer end to the middle; a point on the
 * middle line is taken once.
 */
export function symmetric(half: Points): Point[] {
  return [...onSide(-1, half), ...half.filter(([x]) => x !== 0).reverse()];
}

/** A path run the other way. */
export function reversed(path: readonly number[]): Path {
  const out: Path = [];
  for (let i = path.length - 2; i >= 0; i -= 2) out.push(path[i]!, path[i + 1]!);
  return out;
}

/** The outline between two curves that run the same way. */
export function between(first: readonly number[], second: readonly number[]): Path {
  return [...first, ...reversed(second)];
}

/** An outline with a hole cut into it: the bridge between them is walked both ways and leaves no trace. */
export function withHole(outer: readonly number[], hole: readonly number[]): Path {
  const inner = reversed(hole);
  return [...outer, outer[0]!, outer[1]!, ...inner, inner[0]!, inner[1]!];
}

/**
 * Cosine and sine of an angle within ±90 degrees by their Taylor series (error below 1e-8): the language leaves the
 * last bits of its own to the engine, and images are to be the same everywhere.
 */
export function turn(degrees: number): Point {
  const x = (degrees * Math.PI) / 180;
  const q = x * x;
  const cos = 1 - (q / 2) * (1 - (q / 12) * (1 - (q / 30) * (1 - (q / 56) * (1 - (q / 90) * (1 - q / 132)))));
  const sin = x * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - (q / 72) * (1 - (q / 110) * (1 - q / 156))))));
  return [cos, sin];
}

/** Cosine and sine of any angle. */
export function direction(degrees: number): Point {
  const around = ((degrees % 360) + 360) % 360;
  const [c, s] = turn(around % 90);
  const quarters: Points = [
    [c, s],
    [-s, c],
    [-c, -s],
    [s, -c],
  ];
  return quarters[Math.floor(around / 90)]!;
}

const CIRCLE: Points = Array.from({ length: 24 }, (_, i) => direction(i * 15));

export function ellipse(cx: number, cy: number, rx: number, ry: number): Path {
  return CIRCLE.flatMap(([c, s]) => [cx + rx * c, cy + ry * s]);
}

/** A stroke along a curve, as an outline: `widths` are full widths, spread evenly over the curve's points. */
export function brush(curve: readonly number[], widths: readonly number[]): Path {
  const last = curve.length / 2 - 1;
  const left: Path = [];
  const right: Path = [];
  for (let i = 0; i <= last; i++) {
    const a = Math.max(0, i - 1);
    const b = Math.min(last, i + 1);
    const dx = curve[b * 2]! - curve[a * 2]!;
    const dy = curve[b * 2 + 1]! - curve[a * 2 + 1]!;
    const length = Math.sqrt(dx * dx + dy * dy) || 1;
    const place = (i / last) * (widths.length - 1);
    const k = Math.min(widths.length - 2, Math.floor(place));
    const half = (widths[k]! + (widths[k + 1]! - widths[k]!) * (place - k)) / 2;
    const nx = (-dy / length) * half;
    const ny = (dx / length) * half;
    left.push(curve[i * 2]! + nx, curve[i * 2 + 1]! + ny);
    right.push(curve[i * 2]! - nx, curve[i * 2 + 1]! - ny);
  }
  return between(left, right);
}
