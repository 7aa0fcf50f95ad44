import { mix } from './colours.ts';
import { drawLock, drawSheen, hairPaint } from './hair-parts.ts';
import { paintPath, paintStroke, type Scene } from './scene.ts';
import { mirrored, type Points, smoothClosed } from './shapes.ts';

/** How long hair falls: where it ends, how much it waves, how far it spreads at the tips, in head units. */
interface Fall {
  readonly end: number;
  readonly wave: number;
  readonly spread: number;
}

const FALLS = {
  bob: { end: 0.86, wave: 0.015, spread: 0.02 },
  long: { end: 1.6, wave: 0.02, spread: 0.03 },
  wavy: { end: 1.35, wave: 0.075, spread: 0.08 },
} as const satisfies Record<string, Fall>;

export type LongStyle = keyof typeof FALLS;

/** Right half of the mass behind neck and shoulders. */
function massBehind(scene: Scene, style: LongStyle): Points {
  const w = scene.shape.width;
  const v = scene.shape.volume;
  switch (style) {
    case 'bob':
      return [
        [0.3, -1.1],
        [w - 0.04, -0.86],
        [w + 0.12 + 0.05 * v, -0.2],
        [w + 0.2 + 0.08 * v, 0.5],
        [w + 0.06, 0.86],
        [0.3, 0.9],
      ];
    case 'long':
      return [
        [0.3, -1.1],
        [w - 0.04, -0.86],
        [w + 0.12 + 0.05 * v, -0.2],
        [w + 0.2 + 0.08 * v, 0.6],
        [w + 0.22 + 0.08 * v, 1.3],
        [w + 0.1, 1.9],
        [0.3, 1.9],
      ];
    case 'wavy':
      return [
        [0.3, -1.1],
        [w - 0.02, -0.86],
        [w + 0.16 + 0.06 * v, -0.2],
        [w + 0.22 + 0.1 * v, 0.2],
        [w + 0.36 + 0.1 * v, 0.6],
        [w + 0.24 + 0.1 * v, 0.95],
        [w + 0.3 + 0.1 * v, 1.25],
        [w + 0.04, 1.5],
        [0.3, 1.5],
      ];
  }
}

export function drawLongHairBehind(scene: Scene, style: LongStyle): void {
  const half = massBehind(scene, style);
  const path = scene.pose.behind(smoothClosed([...half, ...mirrored(half)]), 0.25);
  paintPath(scene, path, { paint: hairPaint(scene, [-1.4, 1.2]), region: 'hair' });
  paintPath(scene, path, { paint: scene.hair.dark, alpha: 0.5 });
}

/** Two curtains of hair, from the parting over the temples past the cheeks. */
export function drawLongHair(scene: Scene, style: LongStyle): void {
  const { shape, spec, hair, skin } = scene;
  const { end, wave, spread } = FALLS[style];
  const w = shape.width;
  const v = 0.05 * shape.volume;
  const root = 0.2 * spec.parting;
  const step = (end + 0.2) / 3;
  for (const side of [-spec.parting, spec.parting]) {
    // The curtains overlap a little, or the background would shine through between them.
    const seam = root - side * 0.02;
    const outer: Points = [
      [seam, -1.19 - v],
      [root * 0.5 + side * w * 0.42, -1.17 - v],
      [side * w * 0.82, -0.99 - v],
      [side * (w + 0.1 + v), -0.55],
      [side * (w + 0.17 + v + wave), -0.2 + step * 0.6],
      [side * (w + 0.16 + v - wave + spread * 0.5), -0.2 + step * 1.5],
      [side * (w + 0.17 + v + wave + spread), -0.2 + step * 2.3],
      [side * (w * 0.98 + spread), end],
    ];
    const inner: Points = [
      [seam, shape.hairline - 0.18],
      [root * 0.75 + side * w * 0.2, shape.hairline - 0.1],
      [side * w * 0.52 + root * 0.35, shape.hairline + 0.12],
      [side * w * 0.84, -0.28],
      [side * w * 0.9, -0.2 + step * 0.62],
      [side * (w * 0.89 - wave * 0.3), -0.2 + step * 1.5],
      [side * (w * 0.8 + wave * 0.4), -0.2 + step * 2.3],
      [side * (w * 0.74 + wave), end + 0.04],
    ];
    drawLock(scene, { outer, inner, span: [-1.3, end + 0.3], strands: 5 });
  }
  const parting: Points = [
    [root, shape.hairline - 0.16],
    [root * 1.05, -0.95],
  ];
  paintStroke(scene, parting, { paint: mix(hair.dark, skin.shade, 0.3), alpha: 0.6, widths: [0.03, 0.012] });
  drawSheen(scene, { y: -0.92, alpha: 0.4 });
}
