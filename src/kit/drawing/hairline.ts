import type { Scene } from './scene.ts';
import { type Point, symmetric } from './shapes.ts';

/**
 * Hairline over the forehead from temple to temple. `recede` (0 to 1) draws it back, most at the corners; `round` (0 to 1) fills the
 * corners.
 */
export function hairlineOf(scene: Scene, options: { readonly recede?: number; readonly round?: number } = {}): Point[] {
  const { width: w, hairline: y } = scene.shape;
  const { recede = 0, round = 0 } = options;
  return symmetric([
    [w * 0.84, -0.36],
    [w * 0.74, y + 0.12 - recede * 0.24 + round * 0.03],
    [w * 0.42, y - 0.01 - recede * 0.17],
    [w * 0.16, y - 0.005 - recede * 0.1],
  ]);
}

/** How far the hairline has drawn back with age, 0 to 1. */
export function balding(scene: Scene): number {
  const { spec, shape } = scene;
  if (spec.gender === 'female') return 0;
  return Math.min(1, 1.3 * Math.max(0, shape.aged - 0.3) + 0.25 * Math.max(0, -spec.traits.hairline));
}
