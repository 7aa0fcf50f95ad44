import { paintGlow, paintStroke, type Scene } from './scene.ts';
import { onSide, type Points } from './shapes.ts';

interface Crease {
  readonly points: Points;
  readonly widths: readonly number[];
  /** 0 to 1, and more for lines that are fully there early. */
  readonly strength: number;
}

function drawCrease(scene: Scene, crease: Crease & { readonly lift?: number }): void {
  const { skin, shape, head } = scene;
  const { points, widths, strength, lift = 0 } = crease;
  paintStroke(scene, points, {
    paint: skin.deep,
    widths: widths.map(width => width * (1 + 0.7 * shape.aged)),
    alpha: Math.min(1, strength),
    soft: 0.025,
    lift,
    clip: head,
  });
}

/** Bags, crow's feet and jowls on one side; `depth` from 0 to 1. */
function drawYears(scene: Scene, side: number, depth: number): void {
  const { shape, skin } = scene;
  const { eyeX, eyeY, mouthY } = shape;
  const mouthX = shape.mouthWidth + shape.mouthWide;
  const bag: Points = [
    [eyeX - 0.15, eyeY + 0.15],
    [eyeX, eyeY + 0.215],
    [eyeX + 0.17, eyeY + 0.165],
  ];
  drawCrease(scene, { points: onSide(side, bag), widths: [0.012, 0.04, 0.012], strength: 0.8 * depth });
  const pouch = { radiusX: 0.2, radiusY: 0.075, colour: skin.shade, alpha: 0.75 * depth };
  paintGlow(scene, { ...pouch, x: side * eyeX, y: eyeY + 0.145 });
  for (const [y, rise] of [
    [-0.02, -0.06],
    [0.03, 0],
    [0.07, 0.06],
  ] as const) {
    const foot: Points = [
      [eyeX + 0.235, eyeY + y],
      [eyeX + 0.335, eyeY + y + rise],
    ];
    drawCrease(scene, { points: onSide(side, foot), widths: [0.024, 0.008], strength: 0.75 * depth });
  }
  const marionette: Points = [
    [mouthX + 0.05, mouthY + 0.06],
    [mouthX + 0.075, mouthY + 0.2],
  ];
  drawCrease(scene, { points: onSide(side, marionette), widths: [0.035, 0.012], strength: 0.62 * depth });
  const jowl = { radiusX: 0.2, radiusY: 0.16, colour: skin.shade, alpha: 0.5 * depth };
  paintGlow(scene, { ...jowl, x: side * 0.45, y: 0.86 });
}

function drawForehead(scene: Scene, strength: number): void {
  for (const [i, y] of [-0.62, -0.54, -0.46].entries()) {
    const half = 0.34 - 0.03 * i;
    const points: Points = [
      [-half, y + 0.03],
      [-half * 0.4, y],
      [0, y + 0.012],
      [half * 0.4, y],
      [half, y + 0.03],
    ];
    drawCrease(scene, { points, widths: [0.008, 0.028, 0.024, 0.028, 0.008], strength });
  }
}

/** Lines and bags that years leave, and those that expressions fold. */
export function drawWrinkles(scene: Scene): void {
  const { shape } = scene;
  const { aged, mouthY, noseY, noseWidth } = shape;
  const mouthX = shape.mouthWidth + shape.mouthWide;
  const fold = Math.min(1, 0.12 + 0.95 * aged + 0.5 * shape.cheeks + 0.4 * shape.noseWrinkle);
  const frown = Math.min(1, shape.frown + 0.5 * Math.max(0, aged - 0.4));
  for (const side of [-1, 1]) {
    const noseToMouth: Points = [
      [noseWidth + 0.045, noseY - 0.03],
      [mouthX * 0.98 + 0.05, mouthY - 0.13],
      [mouthX + 0.085, mouthY + 0.03],
    ];
    drawCrease(scene, { points: onSide(side, noseToMouth), widths: [0.015, 0.05, 0.015], strength: 0.85 * fold });
    if (aged > 0.35) drawYears(scene, side, Math.min(1, (aged - 0.3) * 1.6));
    if (frown > 0.1) {
      const brow: Points = [
        [0.055, -0.3],
        [0.07, -0.21],
        [0.055, -0.13],
      ];
      drawCrease(scene, { points: onSide(side, brow), widths: [0.01, 0.034, 0.012], strength: 0.75 * frown });
    }
    if (shape.noseWrinkle > 0.05) {
      for (const [i, y] of [0.02, 0.09].entries()) {
        const snarl: Points = [
          [0.03, y + 0.02],
          [0.12 - 0.02 * i, y - 0.03],
        ];
        const widths = [0.012, 0.028, 0.01];
        drawCrease(scene, { points: onSide(side, snarl), widths, strength: 0.8 * shape.noseWrinkle, lift: 0.1 });
      }
    }
  }
  const raised = 2.2 * Math.max(0, shape.browInner + shape.browOuter);
  const lines = Math.min(1, Math.max(0, aged - 0.3) * 1.3 + raised * (0.35 + aged));
  if (lines > 0.05) drawForehead(scene, 0.72 * lines);
}
