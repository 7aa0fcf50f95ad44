import { axesOf, inner, type Size } from './size.ts';

/**
 * Cells split by how they change under mirroring: a part for each choice of axes along which it changes its sign. The inner product with each mirror image is a
 * sum of those of the parts with signs, so that all 8 (4 for images) cost as much as one.
 */
export interface MirrorParts {
  readonly size: Size;
  /** For each choice of axes the cells of one corner of the grid. */
  readonly parts: readonly Float32Array[];
}

/** Mirror images of a grid, the grid itself among them. */
export const mirrorsOf = (size: Size): number => 1 << axesOf(size);

const signOf = (mask: number): 1 | -1 => ([0, 1, 1, 0, 1, 0, 0, 1][mask] === 0 ? 1 : -1);

/** Calls back with the place in the corner and the places of its mirror images, by mask of axes. */
function eachCorner([w, h, d]: Size, visit: (corner: number, places: Int32Array) => void): void {
  const places = new Int32Array(8);
  let corner = 0;
  for (let z = 0; z < Math.ceil(d / 2); z++)
    for (let y = 0; y < h / 2; y++)
      for (let x = 0; x < w / 2; x++) {
        for (let mask = 0; mask < 8; mask++)
          places[mask] = ((mask & 4 ? d - 1 - z : z) * h + (mask & 2 ? h - 1 - y : y)) * w + (mask & 1 ? w - 1 - x : x);
        visit(corner++, places);
      }
}

/** Splits cells; sizes are even but for a single slice. */
export function splitMirrors(cells: Float32Array, size: Size): MirrorParts {
  const n = mirrorsOf(size);
  const parts = Array.from({ length: n }, () => new Float32Array(cells.length / n));
  const scale = 1 / Math.sqrt(n);
  eachCorner(size, (corner, places) => {
    for (let part = 0; part < n; part++) {
      let sum = 0;
      for (let mask = 0; mask < n; mask++) sum += signOf(part & mask) * cells[places[mask]!]!;
      parts[part]![corner] = scale * sum;
    }
  });
  return { size, parts };
}

/** The cells again, mirrored along the axes whose bit is set. */
export function joinMirrors({ size, parts }: MirrorParts, mirrored = 0): Float32Array {
  const n = parts.length;
  const cells = new Float32Array(n * parts[0]!.length);
  const scale = 1 / Math.sqrt(n);
  eachCorner(size, (corner, places) => {
    for (let mask = 0; mask < n; mask++) {
      let sum = 0;
      for (let part = 0; part < n; part++) sum += signOf(part & (mask ^ mirrored)) * parts[part]![corner]!;
      cells[places[mask]!] = scale * sum;
    }
  });
  return cells;
}

/** Inner products of one grid with all mirror images of another, by mask of axes. */
export function mirroredProducts(a: MirrorParts, b: MirrorParts): number[] {
  const products = a.parts.map((part, i) => inner(part, b.parts[i]!));
  return products.map((_, mask) => products.reduce((sum, product, part) => sum + signOf(part & mask) * product, 0));
}

/** Cells mirrored along the axes whose bit is set. */
export function mirror(cells: Float32Array, size: Size, mask: number): Float32Array {
  if (mask === 0) return cells;
  const [w, h, d] = size;
  const mirrored = new Float32Array(cells.length);
  for (let z = 0, i = 0; z < d; z++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, i++)
        mirrored[((mask & 4 ? d - 1 - z : z) * h + (mask & 2 ? h - 1 - y : y)) * w + (mask & 1 ? w - 1 - x : x)] =
          cells[i]!;
  return mirrored;
}
