import { BiolensError, throwIfAborted } from '../errors.ts';
import type { Matrix } from '../math/matrix.ts';
import { Graph } from './graph.ts';
import { type MatrixSource, sourceOf } from './matrix-source.ts';
import { matmul } from './ops/linear.ts';
import { transpose } from './ops/structure.ts';
import type { Runtime } from './runtime.ts';
import { float32 } from './types.ts';

/** Inner products of some rows of the left matrix with some of the right one. */
export interface ProductBlock {
  /** First row of the left matrix. */
  readonly row: number;
  /** First row of the right matrix. */
  readonly col: number;
  readonly rows: number;
  readonly cols: number;
  /** `[rows, cols]` */
  readonly data: Float32Array;
}

export interface ProductOptions {
  readonly left: Matrix;
  readonly right: Matrix | MatrixSource;
  readonly signal?: AbortSignal | undefined;
}

const LEFT_ROWS = 512;
const RIGHT_ROWS = 2048;

/**
 * Yields all of `left · rightᵀ` in blocks of at most 512 × 2048 products, left rows in the outer order; the engine computes the next
 * block while the caller looks at this one.
 *
 * @throws {BiolensError} `usage` when widths differ; `interrupted`.
 */
export async function* eachProductBlock(runtime: Runtime, options: ProductOptions): AsyncGenerator<ProductBlock> {
  const { left, signal } = options;
  const right = 'data' in options.right ? sourceOf(options.right) : options.right;
  if (left.cols !== right.cols) throw new BiolensError('usage', `rows are ${left.cols} and ${right.cols} wide`);
  const graph = new Graph();
  graph.output(
    'products',
    matmul(graph.input('left', ['rows', left.cols]), transpose(graph.input('right', ['cols', left.cols]), [1, 0])),
  );
  const session = await runtime.load(graph.build());
  const compute = async (row: number, col: number): Promise<ProductBlock> => {
    const rows = Math.min(LEFT_ROWS, left.rows - row);
    const cols = Math.min(RIGHT_ROWS, right.rows - col);
    const feeds = {
      left: float32(left.data.slice(row * left.cols, (row + rows) * left.cols), [rows, left.cols]),
      right: float32((await right.read(col, cols)).slice(), [cols, left.cols]),
    };
    const { products } = await session.run(feeds, { transfer: true, signal });
    if (!(products?.data instanceof Float32Array))
      throw new BiolensError('external', 'the engine returned no products');
    return { row, col, rows, cols, data: products.data };
  };
  let ahead: Promise<ProductBlock> | undefined;
  try {
    for (let row = 0; row < left.rows; row += LEFT_ROWS) {
      for (let col = 0; col < right.rows; col += RIGHT_ROWS) {
        throwIfAborted(signal);
        const ready = ahead;
        ahead = compute(row, col);
        // Whoever awaits it sees the failure; until then it must not count as unhandled.
        ahead.catch(() => undefined);
        if (ready !== undefined) yield await ready;
      }
    }
    if (ahead !== undefined) yield await ahead;
  } finally {
    await Promise.allSettled([ahead]);
    await session.close();
  }
}
