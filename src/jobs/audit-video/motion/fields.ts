import { fitCamera } from './camera.ts';
import { FLOW_SIDE, type Flow } from './flow.ts';

/** Cells each way, and directions. */
export const CELLS = 8;
export const DIRECTIONS = 8;
/** Numbers in a field: `[CELLS, CELLS, DIRECTIONS]`. */
export const FIELD_WIDTH = CELLS * CELLS * DIRECTIONS;
/** Every so many pixels one stands for its neighbours. */
const EVERY = 2;
/** Motion in pixels below which it is the error of its measurement. */
const NOISE = 0.12;
const MIDDLE = (FLOW_SIDE - 1) / 2;

/** For each pixel along a side: the first of two cells it counts for, and the share of the second. */
const PLACES = Array.from({ length: FLOW_SIDE }, (_, i) => {
  const at = Math.max(0, Math.min(CELLS - 1, ((i + 0.5) * CELLS) / FLOW_SIDE - 0.5));
  const cell = Math.min(CELLS - 2, Math.floor(at));
  return { cell, share: at - cell };
});

export interface MotionField {
  /** `[CELLS, CELLS, DIRECTIONS]`: pixels a second that move in each direction, less the camera's motion. */
  readonly field: Float32Array;
  /** Mean motion in pixels of the square of 128 a second, less the camera's. */
  readonly level: number;
}

/**
 * Where what moves how, of the flow between two frames: the camera's motion is taken off, and what is left is summed in 8 × 8 cells by 8 directions; a pixel counts
 * for the cells and directions that it lies between.
 *
 * @param seconds between the frames
 */
export function poolFlow(flow: Flow, seconds: number): MotionField {
  const { across: camera, down: cameraDown } = fitCamera(flow);
  const field = new Float32Array(FIELD_WIDTH);
  let total = 0;
  const perSecond = 1 / Math.max(seconds, 1e-3);
  for (let y = 0; y < FLOW_SIDE; y += EVERY) {
    const vertical = PLACES[y]!;
    for (let x = 0; x < FLOW_SIDE; x += EVERY) {
      const i = y * FLOW_SIDE + x;
      const [cx, cy] = [x - MIDDLE, y - MIDDLE];
      const dx = flow.across[i]! - camera[0] - camera[1] * cx - camera[2] * cy;
      const dy = flow.down[i]! - cameraDown[0] - cameraDown[1] * cx - cameraDown[2] * cy;
      const length = Math.sqrt(dx * dx + dy * dy) - NOISE;
      if (length <= 0) continue;
      total += length;
      const turn = ((Math.atan2(dy, dx) / (2 * Math.PI) + 1) * DIRECTIONS) % DIRECTIONS;
      const first = Math.floor(turn) % DIRECTIONS;
      const second = (first + 1) % DIRECTIONS;
      const share = turn - Math.floor(turn);
      const horizontal = PLACES[x]!;
      for (let k = 0; k < 4; k++) {
        const [right, below] = [k & 1, k >> 1];
        const weight =
          length *
          perSecond *
          (right === 1 ? horizontal.share : 1 - horizontal.share) *
          (below === 1 ? vertical.share : 1 - vertical.share);
        const at = ((vertical.cell + below) * CELLS + horizontal.cell + right) * DIRECTIONS;
        field[at + first]! += weight * (1 - share);
        field[at + second]! += weight * share;
      }
    }
  }
  return { field, level: (total * perSecond) / (FLOW_SIDE / EVERY) ** 2 };
}

/** Where each number of a field lies in that of the mirror image: cells from right to left, directions likewise. */
export const MIRRORED = Int32Array.from({ length: FIELD_WIDTH }, (_, i) => {
  const direction = i % DIRECTIONS;
  const x = Math.floor(i / DIRECTIONS) % CELLS;
  const y = Math.floor(i / (DIRECTIONS * CELLS));
  const turned = (DIRECTIONS / 2 - direction + DIRECTIONS) % DIRECTIONS;
  return (y * CELLS + CELLS - 1 - x) * DIRECTIONS + turned;
});
