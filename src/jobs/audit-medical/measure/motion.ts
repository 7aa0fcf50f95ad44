import { axesOf, type Size } from './size.ts';

type Row = readonly [number, number, number];

/** A turn about the middle of a grid and a shift, in cells: where each cell of one grid lies in another. */
export interface Motion {
  readonly turn: readonly [Row, Row, Row];
  readonly shift: Row;
}

export const STILL: Motion = {
  turn: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  shift: [0, 0, 0],
};

/** The planes of turns: axes that each one turns. */
const PLANES = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;

/** Directions in which a grid can be moved: shifts along its axes, then turns in its planes. */
export const directionsOf = (size: Size): number => (axesOf(size) === 3 ? 6 : 3);

const apply = (turn: Motion['turn'], [x, y, z]: Row): Row =>
  turn.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Row;

/** A motion after which a small step is undone; the step is a number for each direction, in cells and radians. */
export function stepBack({ turn, shift }: Motion, step: readonly number[], size: Size): Motion {
  const axes = axesOf(size);
  let [turned, moved]: [Motion['turn'], Row] = [turn, shift];
  for (let plane = 0; plane < directionsOf(size) - axes; plane++) {
    const [a, b] = PLANES[plane]!;
    const [cos, sin] = [Math.cos(step[axes + plane]!), Math.sin(step[axes + plane]!)];
    turned = turned.map(row => {
      const next = [...row] as [number, number, number];
      next[a] = cos * row[a] - sin * row[b];
      next[b] = sin * row[a] + cos * row[b];
      return next;
    }) as unknown as Motion['turn'];
  }
  const back = apply(turned, [step[0]!, step[1]!, axes === 3 ? step[2]! : 0]);
  moved = moved.map((value, axis) => value - back[axis]!) as unknown as Row;
  return { turn: turned, shift: moved };
}

/** The angle of a turn, in radians. */
export const angleOf = ({ turn }: Motion): number =>
  Math.acos(Math.max(-1, Math.min(1, (turn[0][0] + turn[1][1] + turn[2][2] - 1) / 2)));

/** How the cells change for a small motion in each direction. */
export function slopesOf(cells: Float32Array, size: Size): Float32Array[] {
  const axes = axesOf(size);
  const steps = [1, size[0], size[0] * size[1]];
  const along = Array.from({ length: axes }, () => new Float32Array(cells.length));
  const turns = Array.from({ length: directionsOf(size) - axes }, () => new Float32Array(cells.length));
  const middle = size.map(n => (n - 1) / 2);
  const place = [0, 0, 0];
  for (let i = 0; i < cells.length; i++) {
    place[0] = i % size[0];
    place[1] = Math.floor(i / size[0]) % size[1];
    place[2] = Math.floor(i / steps[2]!);
    for (let axis = 0; axis < axes; axis++) {
      const before = place[axis]! > 0 ? 1 : 0;
      const after = place[axis]! < size[axis]! - 1 ? 1 : 0;
      along[axis]![i] = (cells[i + after * steps[axis]!]! - cells[i - before * steps[axis]!]!) / (before + after);
    }
    for (let plane = 0; plane < turns.length; plane++) {
      const [a, b] = PLANES[plane]!;
      turns[plane]![i] = along[b]![i]! * (place[a]! - middle[a]!) - along[a]![i]! * (place[b]! - middle[b]!);
    }
  }
  return [...along, ...turns];
}

/** Cells as they lie where a motion takes each one, straight between neighbours; beyond the edge those of the edge. */
export function moveCells(cells: Float32Array, size: Size, { turn, shift }: Motion): Float32Array {
  const [w, h, d] = size;
  const [cx, cy, cz] = [(w - 1) / 2, (h - 1) / 2, (d - 1) / 2];
  const moved = new Float32Array(cells.length);
  const flat = d === 1;
  const slice = w * h;
  const [[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]] = turn;
  for (let z = 0, i = 0; z < d; z++)
    for (let y = 0; y < h; y++) {
      let px = xx * -cx + xy * (y - cy) + xz * (z - cz) + cx + shift[0];
      let py = yx * -cx + yy * (y - cy) + yz * (z - cz) + cy + shift[1];
      let pz = flat ? 0 : zx * -cx + zy * (y - cy) + zz * (z - cz) + cz + shift[2];
      for (let x = 0; x < w; x++, i++) {
        const qx = px < 0 ? 0 : px > w - 1 ? w - 1 : px;
        const qy = py < 0 ? 0 : py > h - 1 ? h - 1 : py;
        const ix = Math.min(w - 2, qx | 0);
        const iy = Math.min(h - 2, qy | 0);
        const tx = qx - ix;
        const ty = qy - iy;
        if (flat) {
          const at = iy * w + ix;
          const top = cells[at]! + tx * (cells[at + 1]! - cells[at]!);
          const bottom = cells[at + w]! + tx * (cells[at + w + 1]! - cells[at + w]!);
          moved[i] = top + ty * (bottom - top);
        } else {
          const qz = pz < 0 ? 0 : pz > d - 1 ? d - 1 : pz;
          const iz = Math.min(d - 2, qz | 0);
          const tz = qz - iz;
          const at = iz * slice + iy * w + ix;
          const low = at + slice;
          const a = cells[at]! + tx * (cells[at + 1]! - cells[at]!);
          const b = cells[at + w]! + tx * (cells[at + w + 1]! - cells[at + w]!);
          const c = cells[low]! + tx * (cells[low + 1]! - cells[low]!);
          const e = cells[low + w]! + tx * (cells[low + w + 1]! - cells[low + w]!);
          const front = a + ty * (b - a);
          moved[i] = front + tz * (c + ty * (e - c) - front);
        }
        px += xx;
        py += yx;
        pz += zx;
      }
    }
  return moved;
}
