import type { Rgb } from '../images/crop.ts';
import { lightness, mix } from './colours.ts';
import { drawNose } from './nose.ts';
import type { Paint } from './raster.ts';
import { paintGlow, paintPath, type Scene } from './scene.ts';
import { direction, ellipse, onSide, type Point, smoothClosed } from './shapes.ts';
import { drawWrinkles } from './wrinkles.ts';

/** Colour of a ball under the scene's lamp, from how its surface is turned: a stand-in for the head's own normals. */
function ballPaint(scene: Scene, ball: { readonly centre: Point; readonly radii: Point }): Paint {
  const { skin, spec, pose } = scene;
  const { centre, radii } = ball;
  const front = 0.75;
  const lampX = 0.55 * spec.light[0];
  const lampY = -0.25 - 0.35 * spec.light[1];
  const norm = 1 / Math.sqrt(lampX * lampX + lampY * lampY + front * front);
  const [cos, sin] = pose.axis;
  return (x, y, out) => {
    const dx = x - centre[0];
    const dy = y - centre[1];
    const u = (dx * cos + dy * sin) / radii[0];
    const v = (dy * cos - dx * sin) / radii[1];
    const rest = 1 - u * u - v * v;
    const w = rest > 0.01 ? Math.sqrt(rest) : 0.1;
    const lit = (u * lampX + v * lampY + w * front) * norm;
    // Most of the face keeps the tone itself, so that the tone can be read back from the image.
    const dark = Math.min(1, Math.max(0, (0.78 - lit) / 0.75));
    const shade = dark * dark * (3 - 2 * dark);
    const shine = 0.5 * Math.min(1, Math.max(0, (lit - 0.8) / 0.3));
    for (let k = 0; k < 3; k++) {
      const shaded = skin.base[k]! + (skin.shade[k]! - skin.base[k]!) * shade;
      out[k] = shaded + (skin.light[k]! - shaded) * shine;
    }
  };
}

/** An ear; the far one hides behind the cheek, the near one shows whole on the side of the head. */
export function drawEar(scene: Scene, side: -1 | 1): void {
  const { pose, shape, skin, spec } = scene;
  const height = shape.ear;
  const near = -side * pose.sinYaw;
  const x = shape.width * (0.985 - (near > 0 ? 0.3 * near : -0.35 * near));
  const out = 0.085 + 0.06 * Math.max(0, near) + 0.015 * spec.traits.earSize;
  const y = shape.eyeY + 0.12;
  const outer = onSide(side, [
    [x - 0.07, y - height * 0.55],
    [x + out * 0.6, y - height],
    [x + out * 1.25, y - height * 0.6],
    [x + out, y + height * 0.1],
    [x + out * 0.55, y + height * 0.75],
    [x - 0.02, y + height * 0.85],
    [x - 0.09, y + height * 0.3],
  ]);
  const tint = mix(mix(skin.base, skin.shade, 0.4), skin.blush, 0.22);
  paintPath(scene, pose.rim(smoothClosed(outer)), { paint: tint, region: 'ear' });
  const inner = onSide(side, [
    [x + out * 0.15, y - height * 0.6],
    [x + out * 0.85, y - height * 0.62],
    [x + out * 0.6, y + height * 0.05],
    [x + out * 0.1, y + height * 0.45],
  ]);
  paintPath(scene, pose.rim(smoothClosed(inner)), { paint: skin.deep, alpha: 0.5, soft: 0.06 });
  if (spec.earrings) {
    const drop = ellipse(side * (x + out * 0.4), y + height * 0.98, 0.042, 0.05);
    paintPath(scene, pose.rim(drop), { paint: [232, 196, 110] });
  }
}

/** A soft spot: where (x, y), how large (x, y), which colour, how strong. */
type Spot = readonly [number, number, number, number, Rgb, number];

/** Sockets, cheeks and chin, as soft spots of light, shade and blood. */
function drawRelief(scene: Scene): void {
  const { shape, skin, spec } = scene;
  const { eyeX, eyeY, cheeks, aged, chin } = shape;
  const { shade, light, blush, deep } = skin;
  const dim = 1 - lightness(skin.base);
  const rosy = (spec.gender === 'female' ? 0.48 : 0.16) + 0.25 * cheeks + 0.12 * spec.makeup - 0.15 * aged;
  const spots: Spot[] = [];
  // Dark skin shows its form by what it reflects more than by what it shades.
  for (const side of [-1, 1]) {
    const lit = 1 + 0.5 * side * spec.light[0];
    spots.push(
      [side * eyeX, eyeY - 0.05, 0.34, 0.26, shade, 0.55],
      [side * 0.1, eyeY + 0.02, 0.12, 0.24, shade, 0.4],
      [side * 0.46, 0.36 - 0.05 * cheeks, 0.36, 0.28, blush, rosy],
      [side * 0.47, 0.25 - 0.05 * cheeks, 0.24, 0.15, light, (0.3 + 0.42 * dim) * lit + 0.12 * cheeks],
      [side * (eyeX + 0.06), shape.browY + 0.085, 0.2, 0.06, light, 0.1 + 0.35 * dim],
      [side * 0.62, 0.55, 0.22, 0.34, shade, 0.3 + 0.25 * aged],
    );
  }
  spots.push(
    [0.12 * spec.light[0], -0.55, 0.5, 0.3, light, 0.3 + 0.34 * dim],
    [0, chin - 0.14, 0.22, 0.13, light, 0.26 + 0.1 * dim],
    [0, shape.mouthY + 0.175 + shape.mouthOpen * 0.5, 0.24, 0.075, deep, 0.42],
  );
  for (const [x, y, radiusX, radiusY, colour, alpha] of spots) {
    paintGlow(scene, { x, y, radiusX, radiusY, colour, alpha });
  }
}

const FRECKLES = 26;
/** Turning by the golden angle spreads points evenly over a disc. */
export const GOLDEN_ANGLE = 137.508;

function drawFreckles(scene: Scene): void {
  const { spec, skin, shape, pose, head } = scene;
  if (spec.freckles === 0) return;
  const paint = mix(skin.deep, skin.blush, 0.4);
  const alpha = 0.55 * spec.freckles * (1 - 0.5 * shape.aged);
  for (let i = 0; i < FRECKLES; i++) {
    const [c, s] = direction(i * GOLDEN_ANGLE);
    const r = Math.sqrt((i + 0.5) / FRECKLES);
    const x = 0.56 * r * c;
    const y = 0.27 + 0.17 * r * s + 0.06 * Math.abs(x);
    const spot = ellipse(x, y, 0.013 + 0.004 * (i % 3), 0.013 + 0.003 * (i % 2));
    paintPath(scene, pose.surface(spot), { paint, alpha, clip: head });
  }
}

/** The head with its nose, its lines and its light, without eyes, mouth and hair. */
export function drawHead(scene: Scene): void {
  const { pose, shape, skin, spec, head } = scene;
  const radii: Point = [pose.unit * 0.95, pose.unit * 1.28];
  const paint = ballPaint(scene, { centre: pose.point(0, -0.02, 0.25), radii });
  paintPath(scene, pose.rim(shape.outline), { paint, region: 'skin' });
  drawRelief(scene);
  drawNose(scene);
  drawWrinkles(scene);
  drawFreckles(scene);
  const away = onSide(spec.light[0] >= 0 ? -1 : 1, [
    [1.0, -0.9],
    [1.1, 0.2],
    [0.75, 1.1],
    [0.66, 0.7],
    [0.74, 0.2],
    [0.72, -0.5],
  ]);
  const alpha = 0.45 * Math.abs(spec.light[0]);
  paintPath(scene, pose.rim(smoothClosed(away)), { paint: skin.shade, alpha, soft: 0.35, clip: head });
}
