import { hex, mix, scale } from './colours.ts';
import { coverageOf, glow } from './raster.ts';
import { paintPath, paintStroke, type Scene } from './scene.ts';
import { between, ellipse, onSide, type Path, type Point, type Points, smoothOpen } from './shapes.ts';

const IRIS_RADIUS = 0.094;
const EYEBALL_LIFT = 0.03;

interface EyeCurves {
  /** From the inner to the outer corner, in the head's coordinates. */
  readonly upper: Points;
  readonly lower: Points;
  readonly crease: Points;
}

function eyeCurves(scene: Scene, side: number): EyeCurves {
  const { eyeX, eyeY, eyeWidth, eyeTilt, eyeOpen, upperLid, lowerLid } = scene.shape;
  const up = eyeOpen * upperLid;
  const down = eyeOpen * 0.72 * lowerLid;
  const place = (points: Points): Point[] =>
    points.map(([u, v]): Point => [side * (eyeX + u * eyeWidth), eyeY + v - eyeTilt * u]);
  return {
    upper: place([
      [-1, 0.03],
      [-0.62, -up * 0.62],
      [-0.1, -up],
      [0.45, -up * 0.86],
      [0.82, -up * 0.42],
      [1, 0],
    ]),
    lower: place([
      [-1, 0.03],
      [-0.5, down * 0.72 + 0.012],
      [0.05, down],
      [0.55, down * 0.82],
      [1, 0],
    ]),
    crease: place([
      [-0.86, -0.055 - up * 0.25],
      [-0.3, -up - 0.055],
      [0.3, -up - 0.058],
      [0.85, -up * 0.6 - 0.035],
      [1.1, 0],
    ]),
  };
}

/** Multiplies coverage by another, in place. */
function bound(coverage: Float32Array, by: Float32Array): Float32Array {
  for (let i = 0; i < coverage.length; i++) coverage[i]! *= by[i]!;
  return coverage;
}

/** Iris, pupil and the sparkle of the lamp, within the opening of the lids. */
function drawIris(scene: Scene, side: number, inside: Float32Array): void {
  const { shape, pose, canvas, spec } = scene;
  const x = side * shape.eyeX + 0.05 * spec.gaze[0];
  const y = shape.eyeY - 0.014 + 0.03 * spec.gaze[1];
  const colour = hex(spec.eyeColour);
  const disc = (radius: number): Path => pose.surface(ellipse(x, y, radius, radius), EYEBALL_LIFT);
  paintPath(scene, disc(IRIS_RADIUS), { paint: scale(colour, [0.5, 0.5, 0.5]), clip: inside });
  const inner = disc(IRIS_RADIUS * 0.86);
  paintPath(scene, inner, { paint: colour, clip: inside });
  const lit = pose.surface([x, y + 0.035], EYEBALL_LIFT);
  glow(canvas, {
    x: lit[0]!,
    y: lit[1]!,
    radiusX: IRIS_RADIUS * pose.unit,
    radiusY: IRIS_RADIUS * 0.8 * pose.unit,
    colour: mix(colour, [255, 240, 210], 0.55),
    alpha: 0.6,
    clip: bound(coverageOf(canvas, inner), inside),
  });
  paintPath(scene, disc(IRIS_RADIUS * 0.46), { paint: [18, 14, 16], clip: inside });
}

function drawLashes(scene: Scene, side: number, upper: Points): void {
  const { spec, skin } = scene;
  const female = spec.gender === 'female';
  const colour = mix([24, 18, 18], skin.line, 0.25);
  const width = female ? 0.034 + 0.014 * spec.makeup : 0.02;
  paintStroke(scene, upper, { paint: colour, widths: [0.012, width * 0.9, width * 1.15, width], alpha: 0.94 });
  if (!female) return;
  const [x, y] = upper[upper.length - 1]!;
  const wing: Points = [
    [x - side * 0.05, y - 0.035],
    [x + side * 0.012, y - 0.02],
    [x + side * (0.05 + 0.02 * spec.makeup), y - 0.055],
  ];
  paintStroke(scene, wing, { paint: colour, widths: [width, width * 0.8, 0.008], alpha: 0.9 });
}

function drawEye(scene: Scene, side: -1 | 1): void {
  const { shape, pose, canvas, skin, spec, head } = scene;
  const { upper, lower, crease } = eyeCurves(scene, side);
  const opening = pose.surface(between(smoothOpen(upper), smoothOpen(lower)));
  const inside = bound(coverageOf(canvas, opening), head);

  const lid = { paint: skin.shade, alpha: 0.75, widths: [0.02, 0.1, 0.09, 0.02], soft: 0.05, clip: head };
  paintStroke(scene, upper, lid);
  if (spec.makeup > 0.2) {
    paintStroke(scene, upper, {
      paint: mix(skin.deep, [110, 70, 110], 0.3),
      alpha: 0.55 * spec.makeup,
      widths: [0.02, 0.11, 0.12, 0.03],
      soft: 0.06,
      clip: head,
    });
  }
  paintPath(scene, opening, { paint: mix([248, 245, 241], skin.base, 0.1), clip: head, region: 'eye' });
  drawIris(scene, side, inside);
  // The lid's shadow on the eyeball, then the sparkle on top of it.
  paintStroke(scene, upper, {
    paint: [60, 40, 44],
    alpha: 0.4,
    widths: [0.05, 0.09, 0.05],
    soft: 0.06,
    clip: inside,
  });
  const toLamp = spec.light[0] >= 0 ? 0.03 : -0.03;
  const spark = ellipse(
    side * shape.eyeX + 0.05 * spec.gaze[0] + toLamp,
    shape.eyeY - 0.049 + 0.03 * spec.gaze[1],
    0.027,
    0.027,
  );
  paintPath(scene, pose.surface(spark, EYEBALL_LIFT), { paint: [255, 255, 255], alpha: 0.95, clip: inside });

  drawLashes(scene, side, upper);
  paintStroke(scene, crease, {
    paint: skin.deep,
    alpha: 0.3 + 0.45 * (1 - shape.hood) + 0.2 * shape.aged,
    widths: [0.008, 0.024, 0.024, 0.008],
    clip: head,
  });
  paintStroke(scene, lower, { paint: skin.deep, alpha: 0.5, widths: [0.008, 0.016, 0.02], clip: head });
}

export function drawEyes(scene: Scene): void {
  drawEye(scene, -1);
  drawEye(scene, 1);
}

export function drawBrows(scene: Scene): void {
  const { shape, spec, hair, skin, head } = scene;
  const toSkin = mix(hair.dark, skin.line, spec.hairColour === 'blond' ? 0.45 : 0.3);
  const colour = spec.hairColour === 'grey' ? mix(toSkin, [170, 166, 164], 0.25) : toSkin;
  const thick = shape.browThick;
  const inner = shape.eyeX - 0.2 - shape.browSqueeze;
  const outer = shape.eyeX + 0.245;
  const at = (share: number): number => inner + (outer - inner) * share;
  const innerY = shape.browY + 0.02 - shape.browInner + shape.browTilt;
  const outerY = shape.browY + 0.035 - shape.browOuter - shape.browTilt;
  const archY = (innerY + outerY) / 2 - shape.browArch - 0.018;
  const curve: Points = [
    [inner, innerY],
    [at(0.3), (innerY + archY) / 2 - 0.008],
    [at(0.64), archY],
    [outer, outerY + 0.01],
  ];
  for (const side of [-1, 1]) {
    const points = onSide(side, curve);
    const soft = [thick * 0.9, thick * 1.2, thick, 0.02];
    paintStroke(scene, points, { paint: colour, alpha: 0.55, widths: soft, soft: 0.04, clip: head });
    const firm = [thick * 0.6, thick * 0.95, thick * 0.75, 0.012];
    paintStroke(scene, points, { paint: colour, alpha: 0.8, widths: firm, clip: head, region: 'brow' });
  }
}
