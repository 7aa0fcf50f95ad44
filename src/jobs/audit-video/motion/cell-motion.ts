import { fitCamera } from './camera.ts';
import { CELLS } from './fields.ts';
import { FLOW_SIDE, type Flow } from './flow.ts';

const SIDE = FLOW_SIDE / CELLS;
const MIDDLE = (FLOW_SIDE - 1) / 2;
/** Of a cell, for an eighth of a second. */
const UNITS = 32;
const SHOWN_SECONDS = 1 / 8;

/**
 * Mean motion of each of 8 × 8 cells less the camera's, as a page draws it: signed bytes across and down, in 32nds of a cell in an eighth of a second.
 *
 * @param flow null for none
 */
export function cellMotion(flow: Flow | null, seconds: number): Uint8Array {
  const bytes = new Int8Array(CELLS * CELLS * 2);
  if (flow !== null) {
    const { across, down } = fitCamera(flow);
    const scale = ((UNITS / SIDE) * SHOWN_SECONDS) / Math.max(seconds, 1e-3);
    for (let cell = 0; cell < CELLS * CELLS; cell++) {
      const [left, top] = [(cell % CELLS) * SIDE, Math.floor(cell / CELLS) * SIDE];
      let [u, v] = [0, 0];
      for (let y = top; y < top + SIDE; y++)
        for (let x = left; x < left + SIDE; x++) {
          const i = y * FLOW_SIDE + x;
          u += flow.across[i]! - across[0] - across[1] * (x - MIDDLE) - across[2] * (y - MIDDLE);
          v += flow.down[i]! - down[0] - down[1] * (x - MIDDLE) - down[2] * (y - MIDDLE);
        }
      const byte = (sum: number): number => Math.max(-127, Math.min(127, Math.round((sum / SIDE ** 2) * scale)));
      bytes[2 * cell] = byte(u);
      bytes[2 * cell + 1] = byte(v);
    }
  }
  return new Uint8Array(bytes.buffer);
}
