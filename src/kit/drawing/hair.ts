import { mix } from './colours.ts';
import { drawAfro, drawAfroBehind, drawCurly } from './curls.ts';
import { drawCap, drawLock, drawSheen, hairCoverage, hairPaint } from './hair-parts.ts';
import { balding, hairlineOf } from './hairline.ts';
import { drawLongHair, drawLongHairBehind } from './long-hair.ts';
import { paintPath, paintStroke, type Scene } from './scene.ts';
import { ellipse, onSide, type Points, smoothClosed } from './shapes.ts';
import type { HairStyle } from './spec.ts';

/** A few strands over a cap of hair, fanning out from the crown. */
function drawStrands(scene: Scene, count: number): void {
  const { shape, hair, spec } = scene;
  const clip = hairCoverage(scene);
  for (let i = 0; i < count; i++) {
    const t = (i + 0.5) / count - 0.5;
    const x = t * 1.9 * shape.width;
    const points: Points = [
      [x * 0.55 + 0.05 * spec.parting, -1.06],
      [x * 0.85, -0.9],
      [x, shape.hairline + 0.05 + t * t * 1.2],
    ];
    const paint = i % 2 === 0 ? hair.dark : hair.light;
    paintStroke(scene, points, { paint, alpha: 0.4, widths: [0.02, 0.06, 0.02], soft: 0.04, clip });
  }
}

function drawBald(scene: Scene): void {
  const { skin, pose, shape, spec, hair, head } = scene;
  const shine = pose.rim(ellipse(spec.light[0] >= 0 ? 0.3 : -0.3, -0.85, 0.24, 0.1));
  paintPath(scene, shine, { paint: mix(skin.light, [255, 255, 255], 0.3), alpha: 0.45, soft: 0.25, clip: head });
  if (shape.aged < 0.25 || spec.gender === 'female') return;
  // What age has left above the ears.
  const w = shape.width;
  for (const side of [-1, 1]) {
    const wreath = onSide(side, [
      [w * 0.93, 0.06],
      [w * 0.85, -0.16],
      [w * 0.84, -0.4],
      [w * 0.93, -0.54],
      [w + 0.03, -0.42],
      [w + 0.03, -0.1],
      [w, 0.08],
    ]);
    const paint = mix(hair.base, skin.shade, 0.25);
    paintPath(scene, pose.rim(smoothClosed(wreath)), { paint, alpha: 0.85, soft: 0.1, region: 'hair', clip: head });
  }
}

function drawBuzz(scene: Scene): void {
  const { hair, skin, head } = scene;
  drawCap(scene, {
    top: 0.012,
    sides: 0.01,
    end: -0.02,
    hairline: hairlineOf(scene, { recede: balding(scene) }),
    paint: mix(hair.dark, skin.shade, 0.22),
    alpha: 0.86,
    soft: 0.05,
    clip: head,
  });
}

function drawShort(scene: Scene): void {
  const hairline = hairlineOf(scene, { recede: balding(scene) });
  drawCap(scene, { top: 0.056 + 0.048 * scene.shape.volume, sides: 0.03, end: 0.04, hairline });
  drawSheen(scene, { y: -1, alpha: 0.45 });
  drawStrands(scene, 7);
}

function drawSidePart(scene: Scene): void {
  const { shape, spec } = scene;
  const w = shape.width;
  const s = spec.parting;
  const hairline = hairlineOf(scene, { recede: balding(scene) * 0.7 });
  drawCap(scene, { top: 0.1 + 0.06 * shape.volume, sides: 0.045, end: 0.06, hairline });
  drawLock(scene, {
    outer: [
      [s * w * 0.5, -1.08],
      [s * 0.1, -1.24 - 0.06 * shape.volume],
      [-s * w * 0.6, -1.12],
      [-s * (w + 0.04), -0.55],
    ],
    inner: [
      [s * w * 0.5, shape.hairline - 0.02],
      [s * 0.1, shape.hairline + 0.03],
      [-s * w * 0.5, shape.hairline + 0.1],
      [-s * w * 0.88, -0.36],
    ],
    span: [-1.35, -0.1],
    strands: 6,
  });
  drawSheen(scene, { y: -1, alpha: 0.35 });
}

function drawQuiff(scene: Scene): void {
  const { shape, spec } = scene;
  const w = shape.width;
  const s = -spec.parting;
  const crest = -1.32 - 0.12 * shape.volume;
  const hairline = hairlineOf(scene, { recede: balding(scene) * 0.6 });
  drawCap(scene, { top: 0.08, sides: 0.015, end: 0.05, hairline });
  drawLock(scene, {
    outer: [
      [-s * w * 0.72, -0.72],
      [-s * w * 0.66, -1.1],
      [-s * 0.1, crest],
      [s * w * 0.55, crest + 0.05],
      [s * w * 0.92, -0.86],
    ],
    inner: [
      [-s * w * 0.68, shape.hairline + 0.02],
      [-s * w * 0.45, shape.hairline - 0.04],
      [0, shape.hairline - 0.03],
      [s * w * 0.45, shape.hairline - 0.02],
      [s * w * 0.8, shape.hairline + 0.14],
    ],
    span: [-1.5, -0.5],
    strands: 7,
  });
  drawSheen(scene, { y: -1.1, alpha: 0.3 });
}

function drawPixie(scene: Scene): void {
  const { shape, spec } = scene;
  const w = shape.width;
  const side = -spec.parting;
  const root = -side * w * 0.55;
  const hairline = hairlineOf(scene, { round: 1 });
  drawCap(scene, { top: 0.11 + 0.05 * shape.volume, sides: 0.06, end: 0.2, hairline });
  drawLock(scene, {
    outer: [
      [root, shape.hairline - 0.12],
      [root + side * w * 0.5, -1.02],
      [side * w * 0.62, -0.84],
      [side * w * 0.9, -0.4],
    ],
    inner: [
      [root, shape.hairline + 0.1],
      [root + side * w * 0.45, shape.hairline + 0.14],
      [side * w * 0.5, shape.hairline + 0.26],
      [side * w * 0.87, -0.24],
    ],
    innerOnFace: true,
    span: [-1.2, 0.3],
    strands: 5,
  });
  drawSheen(scene, { y: -1.02, alpha: 0.4 });
}

function drawBun(scene: Scene): void {
  drawCap(scene, { top: 0.05, sides: 0.03, end: 0.12, hairline: hairlineOf(scene, { round: 1 }) });
  drawStrands(scene, 9);
  drawSheen(scene, { y: -0.98, alpha: 0.42 });
}

function drawBunBehind(scene: Scene): void {
  const { shape, spec, pose } = scene;
  const v = shape.volume;
  const knot = ellipse(0.06 * spec.parting, -1.32 - 0.05 * v, 0.32 + 0.06 * v, 0.28 + 0.05 * v);
  paintPath(scene, pose.behind(knot, 0.2), { paint: hairPaint(scene, [-1.75, -0.9]), region: 'hair' });
}

interface Style {
  /** Hair on the head, over forehead and temples. */
  readonly front: (scene: Scene) => void;
  /** Hair behind neck and head. */
  readonly behind?: (scene: Scene) => void;
  readonly coversEars?: true;
}

const longStyle = (style: 'bob' | 'long' | 'wavy'): Style => ({
  front: scene => drawLongHair(scene, style),
  behind: scene => drawLongHairBehind(scene, style),
  coversEars: true,
});

const STYLES: Readonly<Record<HairStyle, Style>> = {
  bald: { front: drawBald },
  buzz: { front: drawBuzz },
  short: { front: drawShort },
  'side-part': { front: drawSidePart },
  quiff: { front: drawQuiff },
  curly: { front: drawCurly },
  afro: { front: drawAfro, behind: drawAfroBehind, coversEars: true },
  pixie: { front: drawPixie },
  bob: longStyle('bob'),
  long: longStyle('long'),
  wavy: longStyle('wavy'),
  bun: { front: drawBun, behind: drawBunBehind },
};

export function drawHairBehind(scene: Scene): void {
  STYLES[scene.spec.hairStyle].behind?.(scene);
}

export function drawHairInFront(scene: Scene): void {
  STYLES[scene.spec.hairStyle].front(scene);
}

export function coversEars(style: HairStyle): boolean {
  return STYLES[style].coversEars ?? false;
}
