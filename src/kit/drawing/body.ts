import type { Rgb } from '../images/crop.ts';
import { hex, mix, scale } from './colours.ts';
import { coverageOf, type Paint } from './raster.ts';
import { paintPath, type Scene } from './scene.ts';
import { brush, mirrored, onSide, type Points, polygon, reversed, smoothClosed, smoothOpen } from './shapes.ts';
import type { FaceSpec } from './spec.ts';

/** A colour that gets lighter across the body towards the lamp. */
function lit(scene: Scene, colour: Rgb): Paint {
  const { size } = scene.canvas;
  const side = scene.spec.light[0];
  return (x, _y, out) => {
    const factor = 1 + 0.16 * ((x / size) * 2 - 1) * side;
    for (let k = 0; k < 3; k++) out[k] = colour[k]! * factor;
  };
}

/** The neck, which leans with the head, and the head's shadow on it. */
function drawNeck(scene: Scene): void {
  const { pose, shape, skin, canvas } = scene;
  const top = pose.point(0, 0.55, 0.02);
  const base = pose.body([0, 1.3]);
  const lean = (top[0] - base[0]!) / pose.unit;
  const edge = (side: number): number[] => {
    const x = side * shape.neck;
    const points: Points = [
      [x * 0.98 + lean, 0.55],
      [x * 0.97 + lean * 0.55, 0.95],
      [x * 1.08, 1.22],
      [x * 1.5, 1.4],
      [x * 2.1, 1.6],
      [x * 2.1, 2.2],
    ];
    return pose.body(smoothOpen(points));
  };
  const neck = [...edge(1), ...reversed(edge(-1))];
  paintPath(scene, neck, { paint: lit(scene, mix(skin.base, skin.shade, 0.55)), region: 'neck' });
  const shadow = smoothClosed([
    [-0.6, 0.55],
    [0.6, 0.55],
    [0.5, 0.98],
    [0, shape.chin + 0.16],
    [-0.5, 0.98],
  ]);
  const clip = coverageOf(canvas, neck);
  paintPath(scene, pose.rim(shadow), { paint: skin.deep, alpha: 0.5, soft: 0.3, clip });
}

/** How far a neckline opens beyond the neck, how low it dips, and whether it runs straight to its lowest point. */
interface Neckline {
  readonly beyond: number;
  readonly dip: number;
  readonly straight: boolean;
}

const NECKLINES: Readonly<Record<FaceSpec['garment'], Neckline>> = {
  crew: { beyond: 0.1, dip: 1.42, straight: false },
  'v-neck': { beyond: 0.08, dip: 1.72, straight: true },
  collar: { beyond: 0.03, dip: 1.52, straight: false },
  suit: { beyond: 0.03, dip: 1.8, straight: true },
  hoodie: { beyond: 0.14, dip: 1.56, straight: false },
};

interface Cloth {
  readonly colour: Rgb;
  readonly dark: Rgb;
  readonly light: Rgb;
  /** Half of the neckline's width, and its lowest point. */
  readonly open: number;
  readonly dip: number;
  readonly neckline: number[];
}

function clothOf(scene: Scene): Cloth {
  const { spec, shape } = scene;
  const colour = hex(spec.garmentColour);
  const { beyond, dip, straight } = NECKLINES[spec.garment];
  const open = shape.neck + beyond;
  const curve: Points = [
    [-open, 1.24],
    [-open * 0.6, dip - 0.06],
    [0, dip],
    [open * 0.6, dip - 0.06],
    [open, 1.24],
  ];
  const corner: Points = [
    [-open, 1.24],
    [0, dip],
    [open, 1.24],
  ];
  return {
    colour,
    dark: scale(colour, [0.72, 0.72, 0.76]),
    light: mix(colour, [255, 255, 255], 0.25),
    open,
    dip,
    neckline: straight ? polygon(corner) : smoothOpen(curve),
  };
}

function drawTorso(scene: Scene, cloth: Cloth): void {
  const { pose, spec } = scene;
  const male = spec.gender === 'male';
  const out = male ? 1.46 : 1.26;
  const slope = male ? 1.34 : 1.38;
  const shoulder: Points = [
    [cloth.open, 1.24],
    [out * 0.6, slope + 0.03],
    [out * 0.9, slope + 0.14],
    [out + 0.1, 2.1],
  ];
  const outline = [...cloth.neckline, ...smoothOpen(shoulder), ...smoothOpen(mirrored(shoulder))];
  paintPath(scene, pose.body(outline), { paint: lit(scene, cloth.colour), region: 'clothes' });
}

function drawShirtAndTie(scene: Scene, cloth: Cloth): void {
  const { pose, shape, spec } = scene;
  const w = shape.neck;
  const shirt = polygon([
    [-w - 0.02, 1.22],
    [0, 1.46],
    [w + 0.02, 1.22],
    [w + 0.2, 2.2],
    [-w - 0.2, 2.2],
  ]);
  paintPath(scene, pose.body(shirt), { paint: lit(scene, [238, 238, 240]), region: 'clothes' });
  if (spec.gender === 'female') return;
  const tie = polygon([
    [-0.07, 1.5],
    [0.07, 1.5],
    [0.1, 2.2],
    [-0.1, 2.2],
  ]);
  paintPath(scene, pose.body(tie), { paint: scale(mix(cloth.colour, [150, 40, 50], 0.6), [0.9, 0.9, 0.9]) });
}

function drawLapels(scene: Scene, cloth: Cloth): void {
  const { pose, spec } = scene;
  const { open, dip } = cloth;
  const suit: Points = [
    [open, 1.2],
    [open + 0.2, 1.34],
    [0.34, 1.62],
    [0.02, 1.9],
  ];
  const collar: Points = [
    [open - 0.06, 1.16],
    [open + 0.12, 1.3],
    [0.24, 1.66],
    [0.02, dip - 0.02],
  ];
  const colour = spec.garment === 'suit' ? scale(cloth.colour, [0.8, 0.8, 0.82]) : cloth.light;
  for (const side of [-1, 1]) {
    const lapel = polygon(onSide(side, spec.garment === 'suit' ? suit : collar));
    paintPath(scene, pose.body(lapel), { paint: lit(scene, colour), region: 'clothes' });
  }
}

/** The hood behind the neck. */
function drawHoodBehind(scene: Scene, cloth: Cloth): void {
  const w = scene.shape.neck;
  const half: Points = [
    [w + 0.22, 1.3],
    [w + 0.27, 1.1],
    [w + 0.06, 0.96],
    [0.2, 0.94],
  ];
  const hood = scene.pose.body(smoothClosed([...half, ...mirrored(half)]));
  paintPath(scene, hood, { paint: scale(cloth.colour, [0.6, 0.6, 0.64]), region: 'clothes' });
}

/** The rolls of the hood over the shoulders, and its strings. */
function drawHoodInFront(scene: Scene, cloth: Cloth): void {
  const { pose, shape } = scene;
  const w = shape.neck;
  for (const side of [-1, 1]) {
    const roll = onSide(side, [
      [w + 0.16, 1.1],
      [w + 0.17, 1.26],
      [0.3, 1.48],
      [0, 1.58],
    ]);
    const widths = [0.12 * pose.unit, 0.16 * pose.unit, 0.1 * pose.unit];
    const paint = mix(cloth.colour, cloth.dark, 0.6);
    paintPath(scene, brush(pose.body(smoothOpen(roll)), widths), { paint, region: 'clothes' });
    const string = onSide(side, [
      [0.16, 1.55],
      [0.18, 1.68],
      [0.17, 1.85],
    ]);
    const thin = 0.03 * pose.unit;
    paintPath(scene, brush(pose.body(smoothOpen(string)), [thin, thin]), { paint: cloth.light });
  }
}

/** Neck, shoulders and what they wear. */
export function drawBody(scene: Scene): void {
  const { pose, spec } = scene;
  const cloth = clothOf(scene);
  if (spec.garment === 'hoodie') drawHoodBehind(scene, cloth);
  drawNeck(scene);
  if (spec.garment === 'suit') drawShirtAndTie(scene, cloth);
  drawTorso(scene, cloth);
  if (spec.garment === 'crew') {
    const seam = brush(pose.body(cloth.neckline), [0.07 * pose.unit, 0.07 * pose.unit]);
    paintPath(scene, seam, { paint: cloth.dark, alpha: 0.55 });
  }
  if (spec.garment === 'collar' || spec.garment === 'suit') drawLapels(scene, cloth);
  if (spec.garment === 'hoodie') drawHoodInFront(scene, cloth);
}
