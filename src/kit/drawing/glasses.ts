import { hex, mix } from './colours.ts';
import { paintPath, paintStroke, type Scene } from './scene.ts';
import { ellipse, mirrored, onSide, type Path, type Points, polygon, smoothClosed, withHole } from './shapes.ts';

/** Height of the glasses above the face. */
const LIFT = 0.08;

/** Outline of a lens, `grow` larger than it is. */
function lens(scene: Scene, side: number, grow: number): Path {
  const { shape, spec } = scene;
  const x = side * (shape.eyeX + 0.01);
  const y = shape.eyeY + 0.045;
  const w = 0.262 + grow;
  const h = (spec.frame === 'round' ? 0.245 : 0.2) + grow;
  if (spec.frame === 'round') return ellipse(x, y, w, h);
  const half: Points = [
    [w * 0.92, -h * 0.82],
    [w, -h * 0.1],
    [w * 0.84, h * 0.84],
  ];
  const outline: Points = [[0, -h], ...half, [0, h], ...mirrored(half)];
  return smoothClosed(outline.map(([dx, dy]) => [x + dx, y + dy]));
}

/** The arm from the hinge back to the ear; that of the far side is hidden by the face. */
function drawArm(scene: Scene, side: number): void {
  const { pose, shape, spec } = scene;
  if (side * pose.sinYaw > 0.12) return;
  const [hingeX = 0, hingeY = 0] = pose.surface([side * (shape.eyeX + 0.27), shape.eyeY - 0.04], LIFT);
  const [earX = 0, earY = 0] = pose.rim([side * shape.width, shape.eyeY - 0.02]);
  const half = 0.018 * pose.unit;
  const arm = polygon([
    [hingeX, hingeY - half],
    [earX, earY - half],
    [earX, earY + half],
    [hingeX, hingeY + half],
  ]);
  paintPath(scene, arm, { paint: hex(spec.frameColour), alpha: 0.9, region: 'glasses' });
}

function drawLens(scene: Scene, side: number): void {
  const { pose, shape, spec } = scene;
  const { eyeX, eyeY } = shape;
  const colour = hex(spec.frameColour);
  const glass = pose.surface(lens(scene, side, 0), LIFT);
  paintPath(scene, glass, { paint: [236, 244, 250], alpha: 0.1 });
  const shine = polygon([
    [side * eyeX - 0.2, eyeY + 0.02],
    [side * eyeX - 0.06, eyeY - 0.13],
    [side * eyeX + 0.02, eyeY - 0.13],
    [side * eyeX - 0.17, eyeY + 0.1],
  ]);
  paintPath(scene, pose.surface(shine, LIFT), { paint: [255, 255, 255], alpha: 0.22, soft: 0.02 });
  const half = spec.frame === 'browline' ? 0.011 : 0.02;
  const outer = pose.surface(lens(scene, side, half), LIFT);
  const ring = withHole(outer, pose.surface(lens(scene, side, -half), LIFT));
  paintPath(scene, ring, { paint: colour, alpha: 0.95, region: 'glasses' });
  if (spec.frame === 'browline') {
    const bar = onSide(side, [
      [eyeX - 0.25, eyeY - 0.09],
      [eyeX, eyeY - 0.145],
      [eyeX + 0.27, eyeY - 0.115],
    ]);
    paintStroke(scene, bar, { paint: colour, widths: [0.05, 0.06, 0.06], lift: LIFT, region: 'glasses' });
  }
  const gleam = onSide(side, [
    [eyeX - 0.2, eyeY - 0.13],
    [eyeX, eyeY - 0.175],
    [eyeX + 0.18, eyeY - 0.13],
  ]);
  const light = mix(colour, [255, 255, 255], 0.35);
  paintStroke(scene, gleam, { paint: light, alpha: 0.4, widths: [0.005, 0.014, 0.005], lift: LIFT });
}

/** Glasses, on a plane of their own in front of the eyes. */
export function drawGlasses(scene: Scene): void {
  const { spec, shape } = scene;
  if (spec.glasses === 'no') return;
  for (const side of [-1, 1]) {
    drawArm(scene, side);
    drawLens(scene, side);
  }
  const bridge: Points = [
    [-shape.eyeX + 0.245, shape.eyeY + 0.01],
    [0, shape.eyeY - 0.04],
    [shape.eyeX - 0.245, shape.eyeY + 0.01],
  ];
  const paint = hex(spec.frameColour);
  paintStroke(scene, bridge, { paint, widths: [0.036, 0.034, 0.036], lift: LIFT + 0.06, region: 'glasses' });
}
