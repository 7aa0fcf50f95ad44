import { hex } from './colours.ts';
import type { Scene } from './scene.ts';

/** Two colours that run into each other from top to bottom, or from a spot behind the head outwards. */
export function drawBackground(scene: Scene): void {
  const { spec, canvas } = scene;
  const { size, colours } = canvas;
  const first = hex(spec.background[0]);
  const second = hex(spec.background[1]);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const u = (x + 0.5) / size - 0.5;
      const v = (y + 0.5) / size;
      const fromSpot = Math.min(1, (u * u + (v - 0.42) * (v - 0.42)) * 2.6);
      const t = spec.backgroundKind === 'spot' ? fromSpot : v;
      const share = t * t * (3 - 2 * t);
      // A little lighter towards the lamp.
      const lit = 1 + 0.16 * u * spec.light[0];
      const at = (y * size + x) * 3;
      for (let k = 0; k < 3; k++) colours[at + k] = (first[k]! + (second[k]! - first[k]!) * share) * lit;
    }
  }
}
