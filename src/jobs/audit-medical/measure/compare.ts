import { type NearestList, RELABELLING_LISTED } from '../../audit/index.ts';
import { normaliseCells } from './grid.ts';

type Size = readonly [number, number, number];

/** The items of a set on a coarse grid, ready to be compared, and on the fine one. */
export interface Prepared {
  readonly fine: readonly Float32Array[];
  readonly coarse: readonly Float32Array[];
}

const COARSER = 2;
/** Candidates that are moved on the coarse grid, and those of them that are moved in half steps and compared finely. */
const CANDIDATES = 8;
const FINALISTS = 2;
/** Cells of the coarse grid that an image may be shifted by, and degrees that it may be turned by. */
const SHIFTS = [-1, -0.5, 0.5, 1];
const ANGLES = [-10, -5, 5, 10];
/** Half steps about what was found. */
const NUDGES = { shift: [-0.25, 0.25], turn: [-2.5, 2.5] };

function coarsen(cells: Float32Array, size: Size): Float32Array {
  const small = size.map(n => (n > 1 ? n / COARSER : 1)) as [number, number, number];
  const pooled = new Float32Array(small[0] * small[1] * small[2]);
  for (let z = 0, i = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++)
      for (let x = 0; x < size[0]; x++, i++)
        pooled[((size[2] > 1 ? z >> 1 : 0) * small[1] + (y >> 1)) * small[0] + (x >> 1)]! += cells[i]!;
  return pooled;
}

export function prepare(items: readonly { readonly cells: Float32Array }[], size: Size): Prepared {
  const fine = items.map(({ cells }) => normaliseCells(cells));
  return { fine, coarse: items.map(({ cells }) => normaliseCells(coarsen(cells, size))) };
}

/** Cells mirrored along the axes whose bit is set. */
function flip(cells: Float32Array, size: Size, axes: number): Float32Array {
  if (axes === 0) return cells;
  const [w, h, d] = size;
  const mirrored = new Float32Array(cells.length);
  for (let z = 0, i = 0; z < d; z++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, i++)
        mirrored[((axes & 4 ? d - 1 - z : z) * h + (axes & 2 ? h - 1 - y : y)) * w + (axes & 1 ? w - 1 - x : x)] =
          cells[i]!;
  return mirrored;
}

/** Cells shifted and turned about the middle in the planes xy, xz and yz, with straight lines between cells. */
function move(
  cells: Float32Array,
  size: Size,
  { shift, turn }: { readonly shift: Size; readonly turn: Size },
): Float32Array {
  const [w, h, d] = size;
  const angles = turn.map(degrees => (degrees * Math.PI) / 180);
  const [a, b, c] = [angles[0]!, angles[1]!, angles[2]!];
  const [cx, cy, cz] = [(w - 1) / 2, (h - 1) / 2, (d - 1) / 2];
  const [ca, sa, cb, sb, cc, sc] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b), Math.cos(c), Math.sin(c)];
  const moved = new Float32Array(cells.length);
  const at = (x: number, y: number, z: number): number =>
    cells[
      (Math.max(0, Math.min(d - 1, z)) * h + Math.max(0, Math.min(h - 1, y))) * w + Math.max(0, Math.min(w - 1, x))
    ]!;
  for (let z = 0, i = 0; z < d; z++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, i++) {
        let [px, py, pz] = [x - cx, y - cy, z - cz];
        [px, py] = [ca * px - sa * py, sa * px + ca * py];
        [px, pz] = [cb * px - sb * pz, sb * px + cb * pz];
        [py, pz] = [cc * py - sc * pz, sc * py + cc * pz];
        px += cx + shift[0];
        py += cy + shift[1];
        pz += cz + shift[2];
        const [fx, fy, fz] = [Math.floor(px), Math.floor(py), Math.floor(pz)];
        const [tx, ty, tz] = [px - fx, py - fy, pz - fz];
        const plane = (k: number): number =>
          (at(fx, fy, k) * (1 - tx) + at(fx + 1, fy, k) * tx) * (1 - ty) +
          (at(fx, fy + 1, k) * (1 - tx) + at(fx + 1, fy + 1, k) * tx) * ty;
        moved[i] = d === 1 ? plane(0) : plane(fz) * (1 - tz) + plane(fz + 1) * tz;
      }
  return moved;
}

/** Pearson's correlation of two grids. */
function correlate(a: Float32Array, b: Float32Array): number {
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const n = a.length;
  const spread = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return spread > 0 ? (sab - (sa * sb) / n) / Math.sqrt(spread) : 0;
}

function inner(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

interface Motion {
  readonly shift: Size;
  readonly turn: Size;
}

interface Found extends Motion {
  readonly score: number;
}

const STILL: Motion = { shift: [0, 0, 0], turn: [0, 0, 0] };
const changed = (values: Size, axis: number, value: number) =>
  values.map((one, i) => (i === axis ? value : one)) as [number, number, number];

/** The best of a motion and those that differ from it along one axis or in one plane, taken one after the other. */
function improve(
  query: Float32Array,
  target: Float32Array,
  {
    size,
    from,
    shifts,
    turns,
  }: {
    readonly size: Size;
    readonly from: Found;
    readonly shifts: (before: number) => readonly number[];
    readonly turns: (before: number) => readonly number[];
  },
): Found {
  const volume = size[2] > 1;
  let best = from;
  const attempt = (motion: Motion): void => {
    const score = correlate(move(query, size, motion), target);
    if (score > best.score) best = { ...motion, score };
  };
  for (let axis = 0; axis < (volume ? 3 : 2); axis++)
    for (const by of shifts(best.shift[axis]!)) attempt({ ...best, shift: changed(best.shift, axis, by) });
  for (let plane = 0; plane < (volume ? 3 : 1); plane++)
    for (const angle of turns(best.turn[plane]!)) attempt({ ...best, turn: changed(best.turn, plane, angle) });
  return best;
}

export interface Nearest {
  readonly index: number;
  readonly similarity: number;
  readonly flipped: boolean;
  /** The others, most alike first, as the coarse grid sees them. */
  readonly list: NearestList;
}

const scaled = (shift: Size): Size => [shift[0] * COARSER, shift[1] * COARSER, shift[2] * COARSER];

/**
 * The item of a set that is most like one, over flips, small shifts and turns: all on a coarse grid, the first few on the fine one.
 *
 * @param except an item that does not count: the query itself
 */
export function findNearest(
  query: { readonly fine: Float32Array; readonly coarse: Float32Array },
  set: Prepared,
  { size, except = -1 }: { readonly size: Size; readonly except?: number },
): Nearest {
  const small = size.map(n => (n > 1 ? n / COARSER : 1)) as [number, number, number];
  const axes = size[2] > 1 ? 8 : 4;
  const mirrored = Array.from({ length: axes }, (_, mask) => flip(query.coarse, small, mask));
  const list = set.coarse
    .map((target, index) => {
      let [similarity, mask] = [-1, 0];
      if (index !== except)
        for (const [which, cells] of mirrored.entries()) {
          const score = inner(cells, target);
          if (score > similarity) [similarity, mask] = [score, which];
        }
      return { index, similarity, mask };
    })
    .filter(({ index }) => index !== except)
    .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
  const moved = list
    .slice(0, CANDIDATES)
    .map(({ index, mask }) => {
      const [from, to] = [mirrored[mask]!, set.coarse[index]!];
      const found = improve(from, to, {
        size: small,
        from: { ...STILL, score: correlate(from, to) },
        shifts: () => SHIFTS,
        turns: () => ANGLES,
      });
      return { index, mask, found };
    })
    .sort((a, b) => b.found.score - a.found.score || a.index - b.index);
  let best = { index: -1, similarity: -1, mask: 0 };
  for (const { index, mask, found } of moved.slice(0, FINALISTS)) {
    let motion = found;
    // A second time round, since the best shift depends on the turn.
    for (let round = 0; round < 2; round++)
      motion = improve(mirrored[mask]!, set.coarse[index]!, {
        size: small,
        from: motion,
        shifts: before => NUDGES.shift.map(by => before + by),
        turns: before => NUDGES.turn.map(by => before + by),
      });
    const fine = flip(query.fine, size, mask);
    const target = set.fine[index]!;
    const similarity = Math.max(
      correlate(fine, target),
      correlate(move(fine, size, { turn: motion.turn, shift: scaled(motion.shift) }), target),
    );
    if (similarity > best.similarity) best = { index, similarity, mask };
  }
  return {
    index: best.index,
    similarity: best.similarity,
    flipped: best.mask !== 0,
    list: list.slice(0, RELABELLING_LISTED),
  };
}
