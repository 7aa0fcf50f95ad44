import type { Rgb } from '../images/crop.ts';
import { mix } from './colours.ts';
import { type PaintOptions, paintPath, paintStroke, type Scene } from './scene.ts';
import { mirrored, type Points, smoothClosed, smoothOpen } from './shapes.ts';

interface MouthBounds {
  readonly halfWidth: number;
  readonly top: number;
  readonly bottom: number;
}

/** A beard from ear to ear, or its shadow. `below` is how far it hangs under the chin. */
function drawFullBeard(scene: Scene, mouth: MouthBounds, options: PaintOptions & { readonly below: number }): void {
  const { shape, pose } = scene;
  const { below, ...paint } = options;
  const w = shape.width;
  const side: Points = [
    [w * 0.8, 0.42],
    [mouth.halfWidth + 0.2, mouth.top + 0.05],
    [mouth.halfWidth + 0.075, mouth.bottom - 0.02],
    [mouth.halfWidth * 0.5, mouth.bottom + 0.055],
    [0, mouth.bottom + 0.03],
  ];
  const inner = pose.surface(smoothOpen([...side, ...mirrored(side).slice(1)]));
  const half: Points = [
    [-w * 1.02, 0.12],
    [-w * 0.98, 0.5],
    [-w * 0.74, 0.86 + below],
    [-0.3, shape.chin + below],
  ];
  const outer = pose.rim(smoothOpen([...half, [0, shape.chin + 0.02 + below], ...mirrored(half)]));
  paintPath(scene, [...inner, ...outer], paint);
}

function drawGoatee(scene: Scene, mouth: MouthBounds, paint: PaintOptions): void {
  const { shape, pose } = scene;
  const w = mouth.halfWidth * 0.62;
  const patch = smoothClosed([
    [-w, mouth.bottom + 0.05],
    [0, mouth.bottom + 0.03],
    [w, mouth.bottom + 0.05],
    [w, shape.chin - 0.08],
    [0, shape.chin + 0.03],
    [-w, shape.chin - 0.08],
  ]);
  paintPath(scene, pose.surface(patch), paint);
}

function drawMoustache(scene: Scene, mouth: MouthBounds, paint: PaintOptions): void {
  const { shape } = scene;
  const end = shape.mouthY + 0.03 - shape.cornerUp;
  const half: Points = [
    [-mouth.halfWidth - 0.06, end],
    [-mouth.halfWidth * 0.6, mouth.top + 0.002],
    [-0.05, mouth.top - 0.045],
  ];
  const curve: Points = [...half, [0, mouth.top - 0.03], ...mirrored(half)];
  paintStroke(scene, curve, { ...paint, widths: [0.025, 0.105, 0.09, 0.105, 0.025], lift: 0.05, clip: scene.head });
}

/** Moustache, goatee or beard, and the shadow that a shaven one leaves. */
export function drawBeard(scene: Scene): void {
  const { spec, shape, hair, skin, head, pose } = scene;
  if (spec.gender === 'female') return;
  const mouth: MouthBounds = {
    halfWidth: shape.mouthWidth + shape.mouthWide,
    top: shape.mouthY - shape.mouthOpen * 0.4 - shape.upperLipUp - shape.lipUpper * 1.2,
    bottom: shape.mouthY + shape.mouthOpen * 0.72 + shape.lipLower * 1.2,
  };
  const strength = spec.beard === 'stubble' ? 1 : 0.35;
  const shadow = { paint: mix(hair.dark, skin.deep, 0.35), alpha: 0.36 * strength, soft: 0.16, clip: head };
  drawFullBeard(scene, mouth, { ...shadow, below: 0 });
  drawMoustache(scene, mouth, { ...shadow, alpha: 0.3 * strength });
  if (spec.beard === 'none' || spec.beard === 'stubble') return;
  const colour: Rgb = mix(hair.base, hair.dark, 0.35);
  const paint = { paint: colour, alpha: 0.93, soft: 0.05, region: 'beard' } as const;
  if (spec.beard === 'full') {
    drawFullBeard(scene, mouth, { ...paint, below: 0.07 });
    const underside = smoothClosed([
      [-0.4, 0.98],
      [0.4, 0.98],
      [0.2, shape.chin + 0.06],
      [-0.2, shape.chin + 0.06],
    ]);
    paintPath(scene, pose.rim(underside), { paint: hair.dark, alpha: 0.4, soft: 0.15 });
  }
  if (spec.beard === 'goatee') drawGoatee(scene, mouth, paint);
  drawMoustache(scene, mouth, paint);
}
