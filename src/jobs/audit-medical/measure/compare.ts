import { type NearestList, RELABELLING_LISTED } from '../../audit/replication/index.ts';
import { normaliseCells } from './grid.ts';
import { joinMirrors, type MirrorParts, mirror, mirroredProducts, splitMirrors } from './mirrors.ts';
import { makeTemplate, register, spanOf } from './register.ts';
import type { Size } from './size.ts';

/** The items of a set on a coarse grid, ready to be compared with all mirror images, and on the fine one. */
export interface Prepared {
  readonly fine: readonly Float32Array[];
  readonly coarse: readonly MirrorParts[];
}

const COARSER = 2;
/** Candidates that are moved on the coarse grid, and those of them that are moved on the fine one; rounds of each. */
const CANDIDATES = 8;
const FINALISTS = 2;
const ROUNDS = { coarse: 6, fine: 3 };

const coarseOf = (size: Size): Size => size.map(n => (n > 1 ? n / COARSER : 1)) as unknown as Size;

function coarsen(cells: Float32Array, size: Size): Float32Array {
  const small = coarseOf(size);
  const pooled = new Float32Array(small[0] * small[1] * small[2]);
  for (let z = 0, i = 0; z < size[2]; z++)
    for (let y = 0; y < size[1]; y++)
      for (let x = 0; x < size[0]; x++, i++)
        pooled[((size[2] > 1 ? z >> 1 : 0) * small[1] + (y >> 1)) * small[0] + (x >> 1)]! += cells[i]!;
  return pooled;
}

export function prepare(items: readonly { readonly cells: Float32Array }[], size: Size): Prepared {
  return {
    fine: items.map(({ cells }) => normaliseCells(cells)),
    coarse: items.map(({ cells }) => splitMirrors(normaliseCells(coarsen(cells, size)), coarseOf(size))),
  };
}

export interface Nearest {
  readonly index: number;
  readonly similarity: number;
  readonly flipped: boolean;
  /** The others, most alike first, as the coarse grid sees them. */
  readonly list: NearestList;
}

/**
 * The item of a set that is most like one, over flips, small shifts and turns. All are ranked on a coarse grid, by the share of each that the query and its
 * first-order motions explain; the first few are moved there, and the best of those on the fine grid.
 *
 * @param except an item that does not count: the query itself
 */
export function findNearest(
  query: { readonly fine: Float32Array; readonly coarse: MirrorParts },
  set: Prepared,
  { size, except = -1 }: { readonly size: Size; readonly except?: number },
): Nearest {
  const small = coarseOf(size);
  const coarse = makeTemplate(joinMirrors(query.coarse), small);
  const span = spanOf(coarse).map(values => splitMirrors(values, small));
  const list = set.coarse
    .map((target, index) => {
      const products = span.map(one => mirroredProducts(one, target));
      let [similarity, mask] = [-1, 0];
      for (let which = 0; which < products[0]!.length; which++) {
        // What is the dark of the one where it is the light of the other is not alike.
        const sign = Math.sign(products[0]![which]!);
        const score = sign * Math.sqrt(products.reduce((sum, values) => sum + values[which]! ** 2, 0));
        if (score > similarity) [similarity, mask] = [score, which];
      }
      return { index, similarity, mask };
    })
    .filter(({ index }) => index !== except)
    .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
  const moved = list
    .slice(0, CANDIDATES)
    .map(({ index, mask }) => {
      const found = register(coarse, joinMirrors(set.coarse[index]!, mask), { rounds: ROUNDS.coarse });
      return { index, mask, found };
    })
    .sort((a, b) => b.found.similarity - a.found.similarity || a.index - b.index);
  const fine = makeTemplate(query.fine, size);
  let best = { index: -1, similarity: -1, mask: 0 };
  for (const { index, mask, found } of moved.slice(0, FINALISTS)) {
    const { turn, shift } = found.motion;
    const { similarity } = register(fine, mirror(set.fine[index]!, size, mask), {
      from: { turn, shift: shift.map(value => value * COARSER) as unknown as typeof shift },
      rounds: ROUNDS.fine,
    });
    if (similarity > best.similarity) best = { index, similarity, mask };
  }
  return {
    index: best.index,
    similarity: best.similarity,
    flipped: best.mask !== 0,
    list: list.slice(0, RELABELLING_LISTED),
  };
}
