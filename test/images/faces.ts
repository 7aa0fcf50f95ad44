import { type PlannedFace, sampleFaces } from '../../src/kit/drawing/sample.ts';
import type { FaceSpec } from '../../src/kit/drawing/spec.ts';

/** Forty varied people; built once. */
const PLAN: readonly PlannedFace[] = sampleFaces({ n: 40, seed: 1 });

/** Person `i`, frontal, calm and evenly lit, with some of it changed. */
export function portrait(i: number, changes: Partial<FaceSpec> = {}): FaceSpec {
  return {
    ...PLAN[i % PLAN.length]!.spec,
    expression: 'neutral',
    intensity: 1,
    yaw: 0,
    pitch: 0,
    roll: 0,
    gaze: [0, 0],
    glasses: 'no',
    light: [0, 0.5],
    shift: [0, 0],
    zoom: 1,
    freckles: 0,
    ...changes,
  };
}
