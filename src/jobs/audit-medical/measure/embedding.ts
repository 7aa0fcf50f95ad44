import { BiolensError } from '../../../ground/errors.ts';
import { pca } from '../../../ground/math/index.ts';
import type { Embedder } from '../../../kit/faces/index.ts';
import type { Image } from '../../../kit/images/index.ts';
import { RELABELLING_LISTED } from '../../audit/replication/index.ts';
import type { Item, SlicePicture } from '../read/collect-items.ts';
import type { Nearest } from './compare.ts';
import { normaliseCells, poolBlock } from './grid.ts';
import type { Size } from './size.ts';

/** The name by which a configuration asks for components that are fitted to held-out items. */
export const WHITEN = 'whiten';

/** Cells that components are fitted to: 256 of an image, 512 of a volume. */
const WHITENED = { image: [16, 16, 1], volume: [8, 8, 8] } as const;
const MOST_COMPONENTS = 64;
/** Fewer items have no components that say much. */
const LEAST_FITTED = 8;
/** As in {@link fitWhitening} of the face sets: between PCA and whitening in full. */
const POWER = 0.5;
const BATCH = 16;

function atUnitLength(row: Float32Array): Float32Array {
  const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? row.map(value => value / length) : row;
}

/**
 * Components of held-out items, each divided by the square root of its standard deviation: what all scans of a kind share does not count as alike (after
 * Jégou and Chum, ECCV 2012).
 *
 * @returns unit rows of items; `width` numbers each
 * @throws BiolensError `input` for fewer than 8 items
 */
export function fitComponents(
  items: readonly Item[],
  size: Size,
): { readonly width: number; readonly embed: (item: Item) => Float32Array } {
  if (items.length < LEAST_FITTED)
    throw new BiolensError(
      'input',
      `"whiten" is fitted to every second held-out scan, of which there are ${items.length}; expected ${LEAST_FITTED} or more`,
    );
  const small = size[2] > 1 ? WHITENED.volume : WHITENED.image;
  const cols = small[0] * small[1] * small[2];
  const cellsOf = ({ cells }: Item): Float32Array => poolBlock({ size, values: normaliseCells(cells) }, small);
  const data = new Float32Array(items.length * cols);
  for (const [i, item] of items.entries()) data.set(cellsOf(item), i * cols);
  const width = Math.min(MOST_COMPONENTS, items.length - 1, cols);
  const { mean, components, variances } = pca({ data, rows: items.length, cols }, { components: width });
  const embed = (item: Item): Float32Array => {
    const cells = cellsOf(item);
    const row = new Float32Array(width);
    for (let c = 0; c < width; c++) {
      let along = 0;
      for (let j = 0; j < cols; j++) along += components[c * cols + j]! * (cells[j]! - mean[j]!);
      row[c] = variances[c]! > 0 ? along * variances[c]! ** (-POWER / 2) : 0;
    }
    return atUnitLength(row);
  };
  return { width, embed };
}

const imageOf = ({ width, height, light }: SlicePicture): Image => ({
  width,
  height,
  data: Uint8Array.from({ length: 3 * light.length }, (_, i) => light[Math.floor(i / 3)]!),
});

/**
 * Unit rows of items by an embedder: of an image that of its picture, of a volume those of its slices one after another, so that the cosine of two volumes is the mean
 * of their slices' cosines.
 *
 * @throws BiolensError `input` where the embedder finds nothing in an item; `interrupted`
 */
export async function* embedItems(
  items: readonly Item[],
  embedder: Embedder,
  { signal }: { readonly signal: AbortSignal | undefined },
): AsyncGenerator<number, Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let start = 0; start < items.length; start += BATCH) {
    const part = items.slice(start, start + BATCH);
    const seen = await embedder.embed(
      part.flatMap(({ pictures }) => pictures.map(imageOf)),
      { signal },
    );
    let at = 0;
    for (const { name, pictures } of part) {
      const parts = pictures.map(() => seen[at++]?.embedding);
      const row = new Float32Array(pictures.length * embedder.width);
      for (const [i, one] of parts.entries()) {
        if (one === undefined)
          throw new BiolensError(
            'input',
            `embedder ${embedder.name}: it finds nothing in ${name}; expected one that looks at whole images`,
          );
        row.set(atUnitLength(Float32Array.from(one)), i * embedder.width);
      }
      rows.push(atUnitLength(row));
    }
    yield rows.length;
  }
  return rows;
}

/** The row of a set whose cosine with one is largest. */
export function nearestRow(query: Float32Array, rows: readonly Float32Array[], except = -1): Nearest {
  const list = rows
    .map((row, index) => ({ index, similarity: row.reduce((sum, value, i) => sum + value * query[i]!, 0) }))
    .filter(({ index }) => index !== except)
    .sort((a, b) => b.similarity - a.similarity || a.index - b.index);
  return { ...list[0]!, flipped: false, list: list.slice(0, RELABELLING_LISTED) };
}
