import { throwIfAborted } from '../../../ground/errors.ts';
import type { Matrix } from '../../../ground/math/index.ts';
import type { Pairwise } from '../../audit/index.ts';
import { motionScore } from '../motion/motion-score.ts';
import type { ClipPlace, ClipSet } from './clip-set.ts';
import { contentScore } from './content.ts';
import type { Products } from './products.ts';

/** Scores of a clip with all clips of a set. */
export interface ScoredRow {
  readonly clip: number;
  /** `[clips]`; −1 where there is nothing to compare. */
  readonly scores: Float32Array;
}

export interface CompareOptions {
  readonly pairwise: Pairwise;
  /** Seconds of content that are compared. */
  readonly window: number;
  readonly signal?: AbortSignal | undefined;
}

/** Products that are held at a time. */
const MOST_PRODUCTS = 16_000_000;
/** What a score is where one of the clips has nothing to compare. */
export const NOTHING = -1;

/** Rows of a matrix, as a view. */
const rowsOf = ({ cols, data }: Matrix, start: number, n: number): Matrix => ({
  rows: n,
  cols,
  data: data.subarray(start * cols, (start + n) * cols),
});

/** Visits the products of each clip's rows with all rows of the other set, a few clips at a time. */
async function* eachClip(
  places: readonly (ClipPlace | null)[],
  matrices: { readonly of: Matrix; readonly among: Matrix },
  { pairwise, signal }: Pick<CompareOptions, 'pairwise' | 'signal'>,
): AsyncGenerator<{ readonly clip: number; readonly products: (other: ClipPlace) => Products }> {
  const { of, among } = matrices;
  for (let first = 0; first < places.length; ) {
    throwIfAborted(signal);
    const row = places.slice(first).find(place => place !== null)?.start ?? 0;
    let next = first;
    let rows = 0;
    while (next < places.length && (rows === 0 || (rows + (places[next]?.n ?? 0)) * among.rows <= MOST_PRODUCTS))
      rows += places[next++]?.n ?? 0;
    const data = new Float32Array(rows * among.rows);
    if (data.length > 0)
      await pairwise.products(rowsOf(of, row, rows), among, {
        visit: block => {
          for (let r = 0; r < block.rows; r++)
            data.set(
              block.data.subarray(r * block.cols, (r + 1) * block.cols),
              (block.row + r) * among.rows + block.col,
            );
        },
        signal,
      });
    for (let clip = first; clip < next; clip++) {
      const place = places[clip];
      const at = place == null ? 0 : (place.start - row) * among.rows;
      yield { clip, products: other => ({ data, start: at + other.start, stride: among.rows }) };
    }
    first = next;
  }
}

/** How alike each clip of a set looks to each clip of another. */
export async function* compareContent(of: ClipSet, among: ClipSet, options: CompareOptions): AsyncGenerator<ScoredRow> {
  const { window } = options;
  for await (const { clip, products } of eachClip(of.content, { of: of.frames, among: among.frames }, options)) {
    const first = of.content[clip]!;
    yield {
      clip,
      scores: Float32Array.from(among.content, second => contentScore(products(second), { first, second, window })),
    };
  }
}

/**
 * How alike each clip of a set moves to each clip of another, or its mirror image does.
 *
 * @param mirrored the clips of `of`, mirrored
 */
export async function* compareMotion(
  { of, mirrored, among }: { readonly of: ClipSet; readonly mirrored: ClipSet; readonly among: ClipSet },
  options: Omit<CompareOptions, 'window'>,
): AsyncGenerator<ScoredRow> {
  const flipped = eachClip(mirrored.motion, { of: mirrored.fields, among: among.fields }, options);
  for await (const { clip, products } of eachClip(of.motion, { of: of.fields, among: among.fields }, options)) {
    const first = of.motion[clip];
    const { value: other } = await flipped.next();
    yield {
      clip,
      scores: Float32Array.from(among.motion, second => {
        if (first == null || second === null) return NOTHING;
        const sides = other === undefined ? [products(second)] : [products(second), other.products(second)];
        return Math.max(...sides.map(side => motionScore(side, { first, second })?.score ?? NOTHING));
      }),
    };
  }
}
