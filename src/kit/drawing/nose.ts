import { lightness, mix } from './colours.ts';
import { paintGlow, paintPath, paintStroke, type Scene } from './scene.ts';
import { ellipse, mirrored, onSide, type Points, smoothClosed } from './shapes.ts';

export function drawNose(scene: Scene): void {
  const { shape, skin, spec, pose, head } = scene;
  const { noseY, noseWidth: w } = shape;
  const bridge = 0.062 + 0.014 * spec.traits.noseBridge;
  const lift = 0.16 + 0.04 * spec.traits.noseBridge;
  const away = spec.light[0] >= 0 ? -1 : 1;
  const flank = onSide(away, [
    [bridge * 1.5, shape.eyeY - 0.12],
    [bridge * 1.2, 0.1],
    [w * 0.8, noseY - 0.06],
  ]);
  const widths = [0.06, 0.09, 0.16];
  paintStroke(scene, flank, { paint: skin.shade, alpha: 0.75, soft: 0.09, widths, lift: lift * 0.5, clip: head });
  const under = { radiusX: w * 1.5, radiusY: 0.1, colour: skin.deep, alpha: 0.5, lift: 0.08 };
  paintGlow(scene, { ...under, x: 0, y: noseY + 0.055 });
  const half: Points = [
    [bridge, 0.12],
    [w * 0.75, noseY - 0.1],
    [w, noseY],
    [w * 0.5, noseY + 0.06],
  ];
  const body = pose.surface(smoothClosed([[0, 0], ...half, [0, noseY + 0.075], ...mirrored(half)]), lift * 0.7);
  paintPath(scene, body, { paint: mix(skin.base, skin.blush, 0.35), alpha: 0.42, soft: 0.1, clip: head });
  // The body's edge is too soft to bound a region: it is named by its sharp outline, without paint.
  paintPath(scene, body, { paint: skin.base, alpha: 0, region: 'nose', clip: head });
  for (const side of [-1, 1]) {
    const wing = onSide(side, [
      [w * 0.86, noseY - 0.085],
      [w * 1.04, noseY - 0.01],
      [w * 0.82, noseY + 0.045],
    ]);
    const thin = [0.012, 0.036, 0.02];
    paintStroke(scene, wing, {
      paint: skin.deep,
      alpha: 0.75,
      widths: thin,
      lift: lift * 0.45,
      soft: 0.02,
      clip: head,
    });
    // Nostrils open as the face looks up.
    const height = 0.026 + 0.05 * Math.max(0, pose.sinPitch);
    const nostril = ellipse(side * w * 0.47, noseY + 0.03 - 0.012 * pose.sinPitch, w * 0.27, height);
    paintPath(scene, pose.surface(nostril, lift * 0.7), { paint: skin.line, alpha: 0.85, soft: 0.03, clip: head });
  }
  const tip = { radiusX: 0.085, radiusY: 0.085, colour: skin.light, alpha: 0.75, lift };
  paintGlow(scene, { ...tip, x: 0.03 * spec.light[0], y: noseY - 0.06 });
  const ridge: Points = [
    [0.02 * spec.light[0], 0.02],
    [0.02 * spec.light[0], noseY - 0.16],
  ];
  paintStroke(scene, ridge, {
    paint: skin.light,
    alpha: 0.42 + 0.3 * (1 - lightness(skin.base)),
    soft: 0.07,
    widths: [0.035, 0.05],
    lift,
    clip: head,
  });
}
