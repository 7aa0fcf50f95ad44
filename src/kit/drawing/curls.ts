import { mix } from './colours.ts';
import { drawCap, drawSheen, hairCoverage } from './hair-parts.ts';
import { balding, hairlineOf } from './hairline.ts';
import { GOLDEN_ANGLE } from './head.ts';
import { paintPath, type Scene } from './scene.ts';
import { brush, direction, ellipse, smoothOpen } from './shapes.ts';

/** An ellipse of curls in head units. */
interface Mass {
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
}

/** Discs along the edge of a mass, above `floor`. */
function drawBumps(
  scene: Scene,
  mass: Mass,
  options: { readonly radius: number; readonly count: number; readonly floor: number },
): void {
  const { hair, pose } = scene;
  const paint = mix(hair.base, hair.dark, 0.33);
  for (let i = 0; i < options.count; i++) {
    const [c, s] = direction((i * 360) / options.count);
    const y = mass.y + mass.radiusY * s;
    if (y > options.floor) continue;
    // Five sizes in turn.
    const radius = options.radius * (0.9 + 0.06 * ((i * 7) % 5));
    paintPath(scene, pose.rim(ellipse(mass.radiusX * c, y, radius, radius)), { paint, region: 'hair' });
  }
}

/** Small light and dark arcs, spread evenly over a mass. */
function drawArcs(scene: Scene, mass: Mass, options: { readonly count: number; readonly size: number }): void {
  const { pose, hair } = scene;
  const { count, size } = options;
  const clip = hairCoverage(scene);
  const width = size * 0.45 * pose.unit;
  for (let i = 0; i < count; i++) {
    const [c, s] = direction(i * GOLDEN_ANGLE);
    const r = Math.sqrt((i + 0.5) / count);
    const x = mass.radiusX * r * c;
    const y = mass.y + mass.radiusY * r * s;
    const arc = smoothOpen([
      [x - size, y + size * 0.3],
      [x - size * 0.3, y - size * 0.6],
      [x + size * 0.6, y - size * 0.3],
      [x + size * 0.8, y + size * 0.5],
    ]);
    const look = i % 2 === 0 ? { paint: hair.light, alpha: 0.5 } : { paint: hair.dark, alpha: 0.6 };
    paintPath(scene, brush(pose.rim(arc), [0, width, width, 0]), { ...look, soft: 0.02, clip });
  }
}

/** Short curls that fall over the hairline. */
export function drawCurly(scene: Scene): void {
  const { shape, hair, pose } = scene;
  const w = shape.width;
  const v = shape.volume;
  const paint = mix(hair.base, hair.dark, 0.33);
  const hairline = hairlineOf(scene, { recede: balding(scene) * 0.5 });
  drawCap(scene, { top: 0.1, sides: 0.05, end: 0.02, hairline, paint });
  const edge = { y: -0.52, radiusX: w + 0.03, radiusY: 0.66 + 0.05 * v };
  drawBumps(scene, edge, { radius: 0.14 + 0.03 * v, count: 26, floor: -0.3 });
  for (const [x, y] of hairline.slice(1, -1)) {
    paintPath(scene, pose.surface(ellipse(x, y + 0.01, 0.1, 0.09)), { paint, region: 'hair' });
  }
  drawArcs(scene, { y: -0.72, radiusX: w + 0.12, radiusY: 0.62 }, { count: 46, size: 0.07 });
  drawSheen(scene, { y: -1.05, alpha: 0.32 });
}

/** A round mass of tight curls. */
export function drawAfro(scene: Scene): void {
  const { shape, hair } = scene;
  const w = shape.width;
  const more = 0.14 * shape.volume;
  drawCap(scene, {
    top: 0.3 + more,
    sides: 0.26 + more,
    end: 0.22,
    hairline: hairlineOf(scene, { recede: balding(scene) * 0.4, round: 1 }),
    paint: mix(hair.base, hair.dark, 0.33),
  });
  const edge = { y: -0.42, radiusX: w + 0.24 + more, radiusY: 0.94 + more };
  drawBumps(scene, edge, { radius: 0.11, count: 44, floor: 0.2 });
  const inside = { y: -0.55, radiusX: w + 0.3 + more, radiusY: 0.95 + more };
  drawArcs(scene, inside, { count: 110, size: 0.055 });
  drawSheen(scene, { y: -1.15, alpha: 0.35 });
}

/** The back of an afro, behind the head. */
export function drawAfroBehind(scene: Scene): void {
  const { shape, pose, hair } = scene;
  const mass = ellipse(0, -0.42, shape.width + 0.32 + 0.16 * shape.volume, 0.98 + 0.14 * shape.volume);
  paintPath(scene, pose.behind(mass, 0.1), { paint: hair.dark, region: 'hair' });
}
