import type { Rgb } from '../images/crop.ts';
import { lightness, mix, scale } from './colours.ts';
import { coverageOf } from './raster.ts';
import { paintGlow, paintPath, paintStroke, type Scene } from './scene.ts';
import { between, ellipse, onSide, type Path, type Points, polygon, smoothOpen, symmetric } from './shapes.ts';

const LIFT = 0.03;
/** Opening below which the lips count as closed, in head units. */
const CLOSED = 0.012;

interface MouthCurves {
  readonly halfWidth: number;
  /** Height of the corners. */
  readonly corner: number;
  /** Edges from the viewer's left to the right: outside of the upper lip, the opening, outside of the lower lip. */
  readonly upperOut: Points;
  readonly upperIn: Points;
  readonly lowerIn: Points;
  readonly lowerOut: Points;
  /** Middle of the opening's lower edge. */
  readonly floor: number;
  /** Top of the upper lip. */
  readonly peak: number;
}

function mouthCurves(scene: Scene): MouthCurves {
  const { shape } = scene;
  const w = shape.mouthWidth + shape.mouthWide;
  const open = shape.mouthOpen;
  const corner = shape.mouthY - shape.cornerUp;
  const middle = shape.mouthY + shape.cornerUp * 0.25;
  const roof = middle - open * 0.4 - shape.upperLipUp;
  const floor = middle + open * 0.72;
  const peak = roof - shape.lipUpper * 1.15;
  const bottom = floor + shape.lipLower * 1.15;
  return {
    halfWidth: w,
    corner,
    floor,
    peak,
    upperIn: symmetric([
      [w, corner],
      [w * 0.5, roof + open * 0.08],
      [0, roof + 0.008],
    ]),
    lowerIn: symmetric([
      [w, corner],
      [w * 0.52, floor - open * 0.2],
      [0, floor + 0.008],
    ]),
    upperOut: symmetric([
      [w + 0.008, corner - 0.004],
      [w * 0.55, peak + shape.lipUpper * 0.35],
      [w * 0.2, peak],
      [0, peak + shape.lipUpper * shape.lipBow],
    ]),
    lowerOut: symmetric([
      [w + 0.008, corner + 0.004],
      [w * 0.6, bottom - shape.lipLower * 0.45],
      [w * 0.22, bottom],
    ]),
  };
}

/** Tongue and teeth in the dark of the opening. */
function drawInside(scene: Scene, curves: MouthCurves, hollow: Rgb): void {
  const { shape, pose, canvas, skin, head } = scene;
  const { halfWidth: w, corner } = curves;
  const open = shape.mouthOpen;
  const path = pose.surface(between(smoothOpen(curves.upperIn), smoothOpen(curves.lowerIn)), LIFT);
  paintPath(scene, path, { paint: hollow, clip: head, region: 'mouth' });
  const inside = coverageOf(canvas, path);
  for (let i = 0; i < inside.length; i++) inside[i]! *= head[i]!;
  const tongue = pose.surface(ellipse(0, shape.mouthY + open * 0.75, w * 0.55, open * 0.45), LIFT);
  paintPath(scene, tongue, {
    paint: mix(skin.lip, mix([132, 66, 66], [204, 92, 96], lightness(skin.base)), 0.6),
    alpha: 0.75,
    soft: 0.04,
    clip: inside,
  });
  if (shape.teeth <= 0.02) return;
  const roof = curves.floor - open * 1.12 - shape.upperLipUp;
  const edge = roof + (open * 1.12 + shape.upperLipUp) * shape.teeth * 0.8;
  const row: Path = [
    ...polygon([
      [-w * 0.93, corner - 0.1],
      [w * 0.93, corner - 0.1],
    ]),
    ...smoothOpen([
      [w * 0.86, corner + 0.012],
      [w * 0.45, edge - 0.012],
      [0, edge],
      [-w * 0.45, edge - 0.012],
      [-w * 0.86, corner + 0.012],
    ]),
  ];
  paintPath(scene, pose.surface(row, LIFT), { paint: [246, 242, 234], alpha: 0.97, soft: 0.012, clip: inside });
  const shadow = { paint: hollow, alpha: 0.3, soft: 0.05, clip: inside };
  paintPath(scene, pose.surface(smoothOpen(curves.upperIn), LIFT), shadow);
}

export function drawMouth(scene: Scene): void {
  const { shape, pose, skin, spec, head } = scene;
  const curves = mouthCurves(scene);
  const { halfWidth: w, corner, upperIn, lowerIn, upperOut, lowerOut } = curves;
  const { lip } = skin;
  const hollow = scale(mix(lip, [70, 16, 20], 0.75), [0.8, 0.7, 0.7]);
  const open = shape.mouthOpen > CLOSED;
  if (open) drawInside(scene, curves, hollow);

  const lipPath = (a: Points, b: Points): Path => pose.surface(between(smoothOpen(a), smoothOpen(b)), LIFT);
  const flesh = { alpha: 0.92, soft: 0.014, clip: head, region: 'lips' } as const;
  paintPath(scene, lipPath(upperOut, upperIn), { ...flesh, paint: scale(lip, [0.88, 0.82, 0.84]) });
  paintPath(scene, lipPath(lowerIn, lowerOut), { ...flesh, paint: lip });
  paintGlow(scene, {
    x: 0.05 * spec.light[0],
    y: curves.floor + shape.lipLower * 0.55,
    radiusX: w * 0.5,
    radiusY: shape.lipLower * 0.5,
    colour: mix(lip, skin.light, 0.75),
    alpha: 0.5 + 0.2 * spec.makeup,
    lift: LIFT,
  });

  const line = mix(hollow, skin.line, 0.4);
  const widths = [0.02, 0.022, 0.024, 0.022, 0.02];
  paintStroke(scene, upperIn, { paint: line, alpha: open ? 0.5 : 0.9, widths, lift: LIFT, clip: head });
  const hook = shape.cornerUp > 0.03 ? -0.015 : 0.012;
  for (const side of [-1, 1]) {
    const end = onSide(side, [
      [w - 0.03, corner + 0.004],
      [w + 0.02, corner + hook],
    ]);
    paintStroke(scene, end, { paint: line, alpha: 0.75, widths: [0.024, 0.012], lift: LIFT, soft: 0.012, clip: head });
    const dimple = { radiusX: 0.07, radiusY: 0.07, colour: skin.deep, alpha: 0.35 };
    paintGlow(scene, { ...dimple, x: side * (w + 0.045), y: corner + 0.01 });
  }
  // The groove between nose and lip.
  paintGlow(scene, {
    x: 0,
    y: (shape.noseY + curves.peak) / 2 + 0.04,
    radiusX: 0.05,
    radiusY: 0.08,
    colour: skin.shade,
    alpha: 0.45,
    lift: LIFT,
  });
}
